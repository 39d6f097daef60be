"""Posts a body and prints the status of each answer: post_httpx.py PORT HOST CA VERSION SIZE TIMES"""
import socket
import sys

import httpx

port, host, ca, version, size, times = sys.argv[1:]
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda name, *more, **named: resolve(
    "127.0.0.1" if name in (host, host.encode()) else name, *more, **named)
with httpx.Client(verify=ca, http1=version == "1.1", http2=version == "2", timeout=10) as client:
    for _ in range(int(times)):
        try:
            answer = client.post(f"https://{host}:{port}/early", content=b"x" * int(size))
            print(answer.status_code)
        except httpx.HTTPError as error:
            print(repr(error))
