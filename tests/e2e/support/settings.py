"""Configurations, as dictionaries that a test may change before the gateway gets them."""
from .issuer import AUDIENCE
from .places import API, LOGIN

ACCOUNTS = "/fdx/v6/accounts"

ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def base(pki, **servers):
    """A listener with two names, of which API asks for client certificates, and no routes yet.

    `servers` are the upstreams: name=server. Gateway adds addresses and the admin section.
    """
    server = {"certificate": str(pki.certificate("server")), "key": str(pki.key("server"))}
    return {
        "environment": "sandbox",
        "workers": 2,
        "listeners": [{"name": "public", "tls": {"certificates": [
            {"names": [API], **server, "client_certificates": "plaid"},
            {"names": [LOGIN], **server},
        ]}}],
        "trust_stores": {"plaid": {"file": str(pki.certificate("client-ca"))}},
        "upstreams": {name: {"servers": [server]} for name, server in servers.items()},
        "timeouts": {"min_drain": "0ms", "max_drain": "10s"},
        "routes": [],
    }


def route(name, paths, upstream, methods=("GET",), hosts=(API,), **more):
    return {"id": name, "hosts": list(hosts), "paths": list(paths), "methods": list(methods),
            "upstream": upstream, **more}


def open_to_all(pki, server, **more):
    """Everything goes to one upstream; nothing is judged but HTTP itself."""
    config = base(pki, raw=server)
    config["workers"] = 1  # one pool of upstream connections
    config["routes"] = [route("all", ["/**"], "raw", ANY_METHOD, policies={"headers": None})]
    return config | more


def bearer(provider):
    """The issuer of the demo. Its keys come by URL."""
    return {"issuers": {"bank": {"issuer": provider.issuer, "jwks": {"url": provider.jwks_url},
                                 "algorithms": ["ES256", "RS256", "PS256", "EdDSA"]}}}


def plaid(pki, provider, server):
    """The demo's profile: address, certificate, token, revocation, scope; see conf/plaid.yaml."""
    config = base(pki, fdx=server)
    config["modules"] = {"bearer": bearer(provider),
                         "revocation": {"store": {"path": "revocations"}}}
    config["chains"] = {"plaid": {
        "address": {"allow": ["127.0.0.1", "plaid-current", "plaid-legacy"]},
        "client_cert": {"trust_store": "plaid", "identity": "plaid",
                        "common_name": ["plaid-mtls-<shortname>.plaid.com"]},
        "bearer": {"audience": [provider.audience], "max_age": "900s"},
        "revocation": None,
        "headers": None,
    }}
    for name, scope, paths in (
            ("accounts", "Account", ["/accounts", "/accounts/{accountId}"]),
            ("transactions", "Transactions", ["/accounts/{accountId}/transactions"]),
            ("statements", "Statements", ["/accounts/{accountId}/statements",
                                          "/accounts/{accountId}/statements/{statementId}"]),
            ("customer", "Customer", ["/customers/current"])):
        config["routes"].append(route(name, [f"/fdx/v6{path}" for path in paths], "fdx",
                                      chain="plaid", policies={"scope": {"require": [scope]}}))
    return config


def of_issuer(pki, issuer, server, **more):
    """One route whose tokens are by a scripted issuer; `more` are options of that issuer."""
    config = base(pki, fdx=server)
    config["modules"] = {"bearer": {"key_ledger": "keys", "issuers": {"bank": {
        "issuer": issuer.issuer, "jwks": {"url": f"{issuer.issuer}/jwks"},
        "algorithms": ["ES256"], **more}}}}
    config["routes"] = [route("accounts", [ACCOUNTS], "fdx",
                              policies={"bearer": {"audience": [AUDIENCE]}})]
    return config
