"""The servers under test, each with one worker, and what is behind them."""
import json
import multiprocessing
import pathlib
import subprocess

import heavy_upstream
import places
import revoking
import servers
from support.redis import Redis

ROOT = pathlib.Path(__file__).resolve().parents[2]


def serve_heavy(listener):
    places.share(places.OTHER_CORE)
    heavy_upstream.run(listener)


def nginx(folder, pki, polite, heavy):
    port, home = servers.free_port(), folder / "nginx"
    home.mkdir()
    config = home / "nginx.conf"
    config.write_text(f"""
user root; daemon off; worker_processes 1; pid {home}/pid; error_log stderr crit;
events {{ worker_connections 8000; }}
http {{
  access_log off; client_max_body_size 0;
  client_body_temp_path {home}/1; proxy_temp_path {home}/2; fastcgi_temp_path {home}/3;
  uwsgi_temp_path {home}/4; scgi_temp_path {home}/5;
  ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {pki}/server.pem;
  ssl_certificate_key {pki}/server.key; ssl_session_cache shared:s:1m;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
  proxy_max_temp_file_size 0; proxy_request_buffering off;
  upstream polite {{ server 127.0.0.1:{polite}; keepalive 256; }}
  upstream heavy {{ server 127.0.0.1:{heavy}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port} ssl http2 backlog=4096;
    location / {{ proxy_pass http://polite; }}
    location /heavy/ {{ proxy_pass http://heavy; }}
  }}
}}""")
    return servers.Server("nginx", ["nginx", "-c", config, "-p", home], folder,
                          places.SERVER_CORE, port)


def haproxy(folder, pki, polite, heavy):
    port, home = servers.free_port(), folder / "haproxy"
    home.mkdir()
    (home / "server.pem").write_text((pki / "server.pem").read_text() +
                                     (pki / "server.key").read_text())
    config = home / "haproxy.cfg"
    config.write_text(f"""
global
  nbthread 1
  maxconn 4000
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend f
  bind 127.0.0.1:{port} ssl crt {home}/server.pem alpn h2,http/1.1
  use_backend heavy if {{ path_beg /heavy/ }}
  default_backend polite
backend polite
  server s 127.0.0.1:{polite}
backend heavy
  server s 127.0.0.1:{heavy}
""")
    return servers.Server("haproxy", ["haproxy", "-db", "-f", config], folder, places.SERVER_CORE,
                          port)


def sallyport(folder, pki, polite, heavy, build, redis, issuer):
    """Limits are those by default, as the rivals' are, but for the one of handshakes a second: they have none."""
    port, home = servers.free_port(), folder / "sallyport"
    home.mkdir()
    (home / "jwks.json").write_text(json.dumps(issuer.jwks))

    def route(name, path, upstream, policies):
        return {"id": name, "hosts": [servers.API], "paths": [path], "methods": ["GET", "POST"],
                "upstream": upstream, "policies": policies}
    config = home / "sallyport.yaml"
    config.write_text(json.dumps({  # which is YAML
        "environment": "sandbox", "workers": 1,
        "listeners": [{"name": "api", "address": f"127.0.0.1:{port}", "tls": {"certificates": [
            {"names": [servers.API], "certificate": str(pki / "server.pem"),
             "key": str(pki / "server.key")}]}}],
        "upstreams": {"polite": {"servers": [f"127.0.0.1:{polite}"], "max_idle": 256},
                      "heavy": {"servers": [f"127.0.0.1:{heavy}"], "max_idle": 16}},
        "modules": {
            "bearer": {"issuers": {"bank": {"issuer": revoking.ISSUER, "algorithms": ["ES256"],
                                            "jwks": {"file": str(home / "jwks.json")}}}},
            "revocation": {"store": {"path": str(home / "revocations")},
                           "redis": {"servers": [redis.server]}}},
        "timeouts": {"min_drain": "0ms", "max_drain": "1s"},
        "limits": {"handshakes_per_second": 100_000},
        "admin": {"socket": str(home / "admin.sock")},
        "routes": [route("polite", "/polite", "polite", "none"),
                   route("heavy", "/heavy/**", "heavy", "none"),
                   route("accounts", revoking.PATH, "polite",
                         {"bearer": {"audience": [revoking.AUDIENCE]}, "revocation": None})]}))
    return servers.Server("sallyport", [build / "sallyport", "run", "-c", config], folder,
                          places.SERVER_CORE, port)


class Rig:
    def __init__(self, folder, build):
        self.started = []
        pki = folder / "pki"
        subprocess.run([ROOT / "certs" / "make-demo-pki", pki], check=True,
                       stdout=subprocess.DEVNULL)
        self.issuer = revoking.Issuer()
        polite = self._keep(servers.upstream(folder, places.OTHER_CORE, 1))
        for pid in polite.processes():
            places.share(places.OTHER_CORE, -20, places.HELPERS, pid)
        listener = heavy_upstream.listen()
        self.heavy = multiprocessing.Process(target=serve_heavy, args=(listener,), daemon=True)
        self.heavy.start()
        behind = (folder, pki, polite.port, listener.getsockname()[1])
        listener.close()
        self.redis = Redis(folder)
        places.share(places.OTHER_CORE, -20, places.HELPERS, self.redis.process.pid)
        self.servers = {
            "sallyport": self._keep(sallyport(*behind, build, self.redis, self.issuer)),
            "nginx": self._keep(nginx(*behind)), "haproxy": self._keep(haproxy(*behind))}
        for server in self.servers.values():  # before other work of the machine
            for pid in server.processes():
                places.share(places.SERVER_CORE, -20, 0, pid)

    def _keep(self, server):
        self.started.append(server)
        return server

    def stop(self):
        for server in reversed(self.started):
            server.stop()
        self.redis.kill()
        self.heavy.kill()
