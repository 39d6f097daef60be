"""The servers that perf/compare measures, with configurations that ask the same of each."""
import os
import pathlib
import signal
import socket
import subprocess
import time

API = "api.bank.example"
BODY = '{"accounts":[' + ",".join(
    f'{{"accountCategory":"DEPOSIT_ACCOUNT","accountId":"{n:08d}","status":"OPEN",'
    f'"productName":"Checking","currency":{{"currencyCode":"USD"}}}}' for n in range(4)) + "]}"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


class Server:
    """A process on one core, and what it has used."""

    def __init__(self, name, command, folder, core, port, environment=None, patience=20):
        self.name, self.port = name, port
        self.log = open(folder / f"{name}.log", "wb")
        self.child = subprocess.Popen(["taskset", "-c", str(core), *map(str, command)],
                                      stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
                                      env={**os.environ, **(environment or {})})
        for _ in range(patience * 20):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if self.child.poll() is not None:
                    break
                time.sleep(0.05)
        self.stop()
        said = pathlib.Path(self.log.name).read_text(errors="replace")
        raise RuntimeError(f"{name} does not listen:\n{said}")

    def processes(self):
        """The process and all that it started."""
        found, todo = [], [self.child.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                todo += map(int, task.read_text().split())
        return found

    def cpu_ns(self):
        """CPU time of every thread, in user and kernel mode."""
        return sum(int(stat.read_text().split()[0]) for pid in self.processes()
                   for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"))

    def memory(self):
        """Proportional set size in bytes."""
        total = 0
        for pid in self.processes():
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        return total

    def stop(self):
        for pid in reversed(self.processes()):
            try:
                subprocess.run(["kill", f"-{signal.SIGTERM.value}", str(pid)], check=False,
                               stderr=subprocess.DEVNULL)
            except OSError:
                pass
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
        self.log.close()


def upstream(folder, core, large_mib):
    port, home = free_port(), folder / "upstream"
    (home / "html").mkdir(parents=True)
    with open(home / "html" / "large", "wb") as file:
        file.truncate(large_mib << 20)
    (home / "html" / "accounts").write_text(BODY)
    config = home / "nginx.conf"
    config.write_text(f"""
user root; daemon off; worker_processes 1; pid {home}/pid; error_log stderr crit;
events {{ worker_connections 8000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; sendfile on;
  client_body_temp_path {home}/1; proxy_temp_path {home}/2; fastcgi_temp_path {home}/3;
  uwsgi_temp_path {home}/4; scgi_temp_path {home}/5;
  server {{ listen 127.0.0.1:{port} backlog=4096 reuseport;
    location / {{ default_type application/json; return 200 '{BODY}'; }}
    location = /fdx/v6/large {{ default_type application/octet-stream; alias {home}/html/large; }}
  }}
}}""")
    return Server("upstream", ["nginx", "-c", config, "-p", home], folder, core, port)


def nginx(folder, core, pki, upstream_port):
    port, home = free_port(), folder / "nginx"
    home.mkdir()
    config = home / "nginx.conf"
    config.write_text(f"""
user root; daemon off; worker_processes 1; pid {home}/pid; error_log stderr crit;
events {{ worker_connections 8000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path {home}/1; proxy_temp_path {home}/2; fastcgi_temp_path {home}/3;
  uwsgi_temp_path {home}/4; scgi_temp_path {home}/5;
  ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {pki}/server.pem;
  ssl_certificate_key {pki}/server.key; ssl_client_certificate {pki}/client-ca.pem;
  ssl_session_cache shared:s:1m; http2_max_requests 100000000;
  upstream u {{ server 127.0.0.1:{upstream_port}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} ssl http2 backlog=4096; ssl_verify_client optional;
    location / {{ proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection "";
                  proxy_max_temp_file_size 0;
                  proxy_set_header Host $host; }}
  }}
}}""")
    return Server("nginx", ["nginx", "-c", config, "-p", home], folder, core, port)


def haproxy(folder, core, pki, upstream_port, alg=None):
    name = f"haproxy_{alg.lower()}" if alg else "haproxy"
    port, home = free_port(), folder / name
    home.mkdir()
    (home / "server.pem").write_text((pki / "server.pem").read_text() +
                                     (pki / "server.key").read_text())
    rules = "" if alg is None else f"""
  http-request set-var(txn.token) http_auth_bearer
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_header_query('$.alg') -m str {alg} }}
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_payload_query('$.iss') -m str https://login.bank.example }}
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_verify("{alg}","{folder}/tokens/{alg}.pub.pem") -m int 1 }}"""
    config = home / "haproxy.cfg"
    config.write_text(f"""
global
  nbthread 1
  maxconn 4000
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  http-reuse always
frontend f
  bind 127.0.0.1:{port} ssl crt {home}/server.pem ca-file {pki}/client-ca.pem verify optional alpn h2,http/1.1{rules}
  default_backend b
backend b
  server s 127.0.0.1:{upstream_port}
""")
    return Server(name, ["haproxy", "-db", "-f", config], folder, core, port)


PLAID_POLICIES = """
    policies:
      address: { allow: [127.0.0.1, plaid-current, plaid-legacy] }
      client_cert: { trust_store: plaid, identity: plaid,
                     common_name: ["plaid-mtls-<shortname>.plaid.com"] }
      bearer: { audience: ["https://api.bank.example/fdx/v6"], max_age: 900s }
      revocation:
      scope: { require: [Account] }
      headers:"""


def route(name, paths, full):
    policies = PLAID_POLICIES if full else "\n    policies: none"
    return f"""
  - id: {name}
    hosts: [{API}]
    paths: [{", ".join(f'"{path}"' for path in paths)}]
    methods: [GET]
    upstream: fdx{policies}"""


def sallyport_config(home, port, folder, pki, upstream_port, routes, full, workers=1,
                     limits="", bearer="", revocation="", revocations=None, timeouts=""):
    """A configuration whose listener is 127.0.0.1:port; `full` adds what the policies need.
    The texts that may follow are added to the sections of their names."""
    modules = f"""
modules:
  bearer:
    issuers:
      bank: {{ issuer: "https://login.bank.example", jwks: {{ file: {folder}/tokens/jwks.json }},
              algorithms: [ES256, RS256] }}{bearer}
  revocation: {{ store: {{ path: {revocations or folder / "revocations"}, max_size: 4g }}{revocation} }}""" if full else ""
    config = home / "sallyport.yaml"
    config.write_text(f"""
environment: sandbox
workers: {workers}
listeners:
  - name: api
    address: 127.0.0.1:{port}
    tls:
      certificates:
        - names: [{API}]
          certificate: {pki}/server.pem
          key: {pki}/server.key
          client_certificates: plaid
trust_stores: {{ plaid: {{ file: {pki}/client-ca.pem }} }}
upstreams: {{ fdx: {{ servers: ["127.0.0.1:{upstream_port}"], max_idle: 256 }} }}{modules}
limits: {{ requests_per_connection: 100000000, handshakes_per_second: 100000{limits} }}
timeouts: {{ min_drain: 0ms, max_drain: 1s{timeouts} }}
admin: {{ socket: {home}/admin.sock }}
routes:{"".join(routes)}
""")
    return config


def sallyport(folder, core, pki, upstream_port, build, full):
    name = "sallyport_full" if full else "sallyport_plain"
    port, home = free_port(), folder / name
    home.mkdir()
    config = sallyport_config(home, port, folder, pki, upstream_port,
                              [route("accounts", ["/fdx/v6/accounts", "/fdx/v6/large"], full)], full)
    return Server(name, [build / "sallyport", "run", "-c", config], folder, core, port)
