"""Keys and signatures of JSON web tokens, made by hand so that tests can lie in them."""
import base64
import hashlib
import json
import time
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Key:
    """A P-256 key that signs with ES256."""

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())
        numbers = self.private.public_key().public_numbers()
        self.jwk = {"kty": "EC", "crv": "P-256", "x": base64url(numbers.x.to_bytes(32, "big")),
                    "y": base64url(numbers.y.to_bytes(32, "big"))}

    def thumbprint(self):
        """RFC 7638."""
        members = json.dumps(self.jwk, sort_keys=True, separators=(",", ":"))
        return base64url(hashlib.sha256(members.encode()).digest())

    def sign(self, header, claims):
        """Header and claims are written as JSON; a text stands as it is."""
        parts = [base64url((part if isinstance(part, str) else json.dumps(part)).encode())
                 for part in (header, claims)]
        text = ".".join(parts)
        r, s = decode_dss_signature(self.private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def proof(self, method, url, token=None, **changes):
        """A DPoP proof (RFC 9449 section 4.2)."""
        claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
        if token:
            claims["ath"] = base64url(hashlib.sha256(token.encode()).digest())
        return self.sign({"alg": "ES256", "typ": "dpop+jwt", "jwk": self.jwk}, claims | changes)
