"""Revocations in a Redis: a stream of them, and how long one takes until it is enforced."""
import hashlib
import pathlib
import sys
import time
import uuid

import wire

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "e2e"))
from support.jose import Key  # noqa: E402
from support.redis import RedisConnection  # noqa: E402

ISSUER, AUDIENCE = "https://login.bank.example", "https://api.bank.example/fdx/v6"
PATH = "/fdx/v6/accounts"


class Issuer:
    """Makes tokens; `jwks` is what the gateway knows of it."""

    def __init__(self):
        self.key = Key()
        self.jwks = {"keys": [{**self.key.jwk, "kid": "k1", "use": "sig", "alg": "ES256"}]}

    def token(self, jti):
        now = int(time.time())
        return self.key.sign({"alg": "ES256", "kid": "k1", "typ": "at+jwt"}, {
            "iss": ISSUER, "aud": AUDIENCE, "sub": "customer", "client_id": "plaid", "jti": jti,
            "iat": now, "exp": now + 600})


def key_of(jti):
    return f"sallyport:revoked:jti:{hashlib.sha256(ISSUER.encode()).hexdigest()[:16]}:{jti}"


def stream(redis_path, tally):
    """10,000 a second, a hundred at a time; the keys of two seconds, again and again."""
    rounds = [[("SET", key_of(f"stream-{round_}-{i}"), "", "EX", 600) for i in range(100)]
              for round_ in range(200)]
    redis, began, sent = RedisConnection(redis_path), time.monotonic(), 0
    while True:
        time.sleep(max(0, began + sent * 0.01 - time.monotonic()))
        redis.pipeline(rounds[sent % 200])
        sent += 1
        tally.sent(100)


class Probe:
    """Asks with a token, revokes it, and asks on the same connection until it is refused."""

    def __init__(self, port, source, redis_path, issuer, count):
        self.port, self.source, self.redis_path = port, source, redis_path
        names = [str(uuid.uuid4()) for _ in range(count)]
        self.tokens = [(name, issuer.token(name)) for name in names]
        self.sock = self.redis = None

    def ask(self, request):
        """The status; a connection that the server ended is made anew."""
        for is_last in (False, True):
            try:
                self.sock = self.sock or wire.tls(self.port, self.source)
                self.sock.sendall(request)
                return wire.answer(self.sock)
            except OSError:
                self.sock = None
                if is_last:
                    raise

    def once(self):
        """Seconds from before SET to the first 401."""
        name, token = self.tokens.pop()
        self.redis = self.redis or RedisConnection(self.redis_path)
        request = wire.get(PATH, f"Authorization: Bearer {token}\r\n")
        if (status := self.ask(request)) != 200:
            raise RuntimeError(f"a good token was answered with {status}")
        began = time.monotonic()
        self.redis.call("SET", key_of(name), "", "EX", 600)
        while self.ask(request) != 401:
            time.sleep(0.001)
        return time.monotonic() - began
