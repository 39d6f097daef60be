"""An upstream that speaks HTTP/2, frame by frame where a test wants it (python3-h2)."""
import socket
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from .waiting import wait_until


class Request:
    """One stream. `answer` sends a whole answer; `connection` is there for anything else."""

    def __init__(self, connection, stream, fields):
        self.connection, self.stream = connection, stream
        self.fields = [(name.decode(), value.decode()) for name, value in fields]
        self.body, self.is_complete, self.trailers = b"", False, []

    def one(self, name):
        return dict(self.fields).get(name)

    def wait(self):
        wait_until(lambda: self.is_complete, "the whole request")

    def answer(self, status=200, body=b"", fields=(), trailers=()):
        with self.connection.lock:
            self.connection.h2.send_headers(self.stream, [(":status", str(status)), *fields],
                                            end_stream=not body and not trailers)
            self.connection.flush()
        self.connection.send(self.stream, body, end=not trailers)
        if trailers:
            with self.connection.lock:
                self.connection.h2.send_headers(self.stream, list(trailers), end_stream=True)
                self.connection.flush()

    def reset(self, code):
        with self.connection.lock:
            self.connection.h2.reset_stream(self.stream, code)
            self.connection.flush()


class H2Connection:
    def __init__(self, upstream, sock):
        self.upstream, self.sock, self.lock = upstream, sock, threading.RLock()
        # What is wrong on purpose must reach the gateway.
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, validate_outbound_headers=False, normalize_outbound_headers=False))
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values={
            h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: upstream.max_streams})
        self.requests, self.is_open = {}, True

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.sock.sendall(data)

    def send(self, stream, body, end=True):
        """Sends as the gateway's windows allow."""
        while body:
            with self.lock:
                size = min(len(body), self.h2.local_flow_control_window(stream),
                           self.h2.max_outbound_frame_size)
                if size:
                    piece, body = body[:size], body[size:]
                    self.h2.send_data(stream, piece, end_stream=end and not body)
                    self.upstream.sent += size
                    self.flush()
            if not size:
                threading.Event().wait(0.005)

    def serve(self):
        try:
            if self.upstream.tls:
                self.sock = self.upstream.tls.wrap_socket(self.sock, server_side=True)
            with self.lock:
                self.h2.initiate_connection()
                self.flush()
            while data := self.sock.recv(65536):
                with self.lock:
                    events = self.h2.receive_data(data)
                    for event in events:
                        self.handle(event)
                    self.flush()
        except OSError:
            pass
        finally:
            self.is_open = False
            self.sock.close()

    def handle(self, event):
        if isinstance(event, h2.events.RequestReceived):
            request = Request(self, event.stream_id, event.headers)
            self.requests[event.stream_id] = request
            self.upstream.requests.append(request)
            threading.Thread(target=self.run, args=[request], daemon=True).start()
        elif isinstance(event, h2.events.DataReceived):
            self.requests[event.stream_id].body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            self.requests[event.stream_id].trailers = event.headers
        elif isinstance(event, h2.events.StreamEnded):
            self.requests[event.stream_id].is_complete = True
        elif isinstance(event, h2.events.StreamReset):
            self.upstream.resets.append((event.stream_id, event.error_code))

    def run(self, request):
        try:
            self.upstream.handler(request)
        except (OSError, h2.exceptions.ProtocolError):
            pass  # the gateway had enough


class H2Upstream:
    def __init__(self, tls=None, max_streams=100):
        self.tls, self.max_streams = tls, max_streams
        self.requests, self.connections, self.resets, self.sent = [], [], [], 0
        self.handler = lambda request: request.answer(body=b"ok")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.server = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            connection = H2Connection(self, sock)
            self.connections.append(connection)
            threading.Thread(target=connection.serve, daemon=True).start()

    def stop(self):
        self.listener.close()
        for connection in self.connections:
            connection.sock.close()
