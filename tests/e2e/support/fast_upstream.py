"""An upstream whose own times vary little: an nginx that answers 200 to everything."""
import contextlib
import socket
import subprocess

from .processes import free_port
from .scheduling import prefer
from .waiting import wait_until

CONFIG = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; keepalive_requests 1000000; return 200 good; }}
}}
"""


def connects(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@contextlib.contextmanager
def fast_upstream(folder, cores=None):
    """Its address. It gets one of `cores` when it wants it."""
    port = free_port()
    config = folder / "fast-upstream.conf"
    config.write_text(CONFIG.format(folder=folder, port=port))
    process = subprocess.Popen(["nginx", "-c", config, "-p", folder],
                               preexec_fn=lambda: prefer(cores, realtime=True))
    try:
        wait_until(lambda: connects(port), "nginx listens")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
