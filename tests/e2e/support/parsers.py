"""Real HTTP servers, each with a parser of its own, that write down every request they understand:
one JSON line each with method, target and the length of the body."""
import json
import subprocess
import sys

from .processes import Process, free_port
from .waiting import settled, wait_until

NODE = """
const fs = require('fs');
const [, , port, log] = process.argv;
require('http').createServer((request, response) => {
  let size = 0;
  request.on('data', piece => { size += piece.length; });
  request.on('end', () => {
    fs.appendFileSync(log, JSON.stringify([request.method, request.url, size]) + '\\n');
    response.end('ok');
  });
}).listen(Number(port), '127.0.0.1');
"""

PYTHON = """
import http.server, json, sys
log = open(sys.argv[2], 'a', buffering=1)
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def chunked(self):
        size = 0
        while piece := int(self.rfile.readline().split(b';')[0], 16):
            size += len(self.rfile.read(piece)); self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return size
    def answer(self):
        if self.headers.get('Transfer-Encoding', '').lower() == 'chunked':
            size = self.chunked()
        else:
            size = len(self.rfile.read(int(self.headers.get('Content-Length', 0))))
        log.write(json.dumps([self.command, self.path, size]) + '\\n')
        self.send_response(200); self.send_header('Content-Length', '2'); self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(b'ok')
    def __getattr__(self, name):
        if name.startswith('do_'):
            return self.answer
        raise AttributeError(name)
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
"""

# The usual handler: it looks at method and path, and never at what else came.
DEAF = PYTHON.replace("self.chunked()", "0").replace("len(self.rfile.read(", "len(bytes(")

# The body's length is known to nginx only when it reads it: a proxy to itself does.
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  log_format lines escape=json '["$request_method","$request_uri",$request_length]';
  merge_slashes off; ignore_invalid_headers off; underscores_in_headers on;
  server {{
    listen 127.0.0.1:{port}; keepalive_requests 100000; client_max_body_size 0;
    access_log {log} lines;
    location / {{ proxy_pass http://127.0.0.1:{inner}; proxy_http_version 1.1; }}
  }}
  server {{ listen 127.0.0.1:{inner}; return 200 ok; }}
}}
"""


class Parser:
    """A running server of one kind: "node", "python", "nginx", or "deaf", which is Python's with a
    handler that reads no content."""

    def __init__(self, kind, folder):
        self.kind, self.log_file = kind, folder / "requests.jsonl"
        self.log_file.touch()
        port = free_port()
        self.server = f"127.0.0.1:{port}"
        if kind == "nginx":
            config = folder / "nginx.conf"
            config.write_text(NGINX.format(folder=folder, port=port, log=self.log_file,
                                           inner=free_port()))
            command = ["nginx", "-c", config, "-p", folder]
        else:
            program = folder / ("server.js" if kind == "node" else "server.py")
            program.write_text({"node": NODE, "python": PYTHON, "deaf": DEAF}[kind])
            command = [kind if kind == "node" else sys.executable, program, port, self.log_file]
        self.process = Process(kind, command, folder)
        self.process.wait_until(lambda: subprocess.run(
            ["curl", "-s", f"http://{self.server}/ready"], capture_output=True,
            check=False).returncode == 0, f"{kind} listens")
        wait_until(self.requests, "the first request's line")
        self.seen = len(self.requests())

    def requests(self):
        text = self.log_file.read_text()
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def new_requests(self):
        """What it understood since the last call, once no more comes."""
        count = settled(lambda: len(self.requests()), quiet=0.05)
        new, self.seen = self.requests()[self.seen:count], count
        return new

    def stop(self):
        """Asked, not killed: nginx has a process of its own to end."""
        self.process.stop()
