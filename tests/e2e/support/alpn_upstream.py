"""An upstream under TLS that speaks HTTP/2 or HTTP/1.1, whichever the handshake settled."""
import contextlib
import socket
import threading

from .h2_upstream import H2Connection
from .http1 import Closed
from .upstreams import Connection, Exchange, server_tls


class AlpnUpstream:
    """`offers` are what it knows, the best first; none: it does not answer to ALPN.

    `settled` has the protocol of each connection after its handshake. A test that clears `greets`
    holds handshakes up. A connection of HTTP/2 finds here what it finds in H2Upstream.
    """

    tls, max_streams = None, 100  # the handshake is over when H2Connection gets the socket

    def __init__(self, pki, offers, port=0):
        self.context = server_tls(pki)
        self.context.set_alpn_protocols(offers)
        self.greets = threading.Event()
        self.greets.set()
        self.requests, self.sockets, self.settled, self.resets, self.sent = [], [], [], [], 0
        self.handler = lambda request: request.answer(body=b"ok")
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.server = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.sockets.append(sock)
            threading.Thread(target=self.serve, args=[sock], daemon=True).start()

    def serve(self, sock):
        self.greets.wait(20)
        try:
            secure = self.context.wrap_socket(sock, server_side=True)
        except OSError:
            return  # the gateway or the test had enough
        self.sockets.append(secure)
        self.settled.append(secure.selected_alpn_protocol())
        if self.settled[-1] == "h2":
            H2Connection(self, secure).serve()
        else:
            self.serve_http1(Connection(secure))

    def serve_http1(self, connection):
        with contextlib.suppress(Closed, OSError):
            while True:
                exchange = Exchange(connection, connection.reader.head())
                self.requests.append(exchange)
                self.handler(exchange)
        connection.close()

    def stop(self):
        self.greets.set()
        with contextlib.suppress(OSError):  # wakes accept, so that the port is free at once
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in self.sockets:
            with contextlib.suppress(OSError):  # wakes who reads, so that the gateway is told
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
