#!/usr/bin/env python3
"""A bank's old FDX API for the demo and the tests: plain HTTP/1.1 on loopback, Python's stdlib only.

It stands for what a gateway protects: it answers anybody, knows nothing of TLS, tokens or scopes,
and speaks FDX 6 JSON. Its answers are the same on every run.

usage: legacy_api.py [--port N] [--port-file FILE] [--log FILE]

--port 0 (the default) takes a free port; it is printed on the first line and written to FILE.
--log appends one JSON line {"method", "path", "headers"} for each request that reached the API,
so that a test can see what was forwarded and what was not. Headers keep their order and repeats.
"""
import argparse
import http.server
import json
import os
import pathlib
import re
import sys
import threading
import urllib.parse

PREFIX = "/fdx/v6"
BODY_LIMIT = 1 << 20

ACCOUNTS = [
    {"accountCategory": "DEPOSIT_ACCOUNT", "accountId": "dep-checking-01", "accountType": "CHECKING",
     "productName": "Everyday Checking", "nickname": "Household", "status": "OPEN",
     "currency": {"currencyCode": "USD"}, "accountNumberDisplay": "4321",
     "balanceAsOf": "2026-01-31T12:00:00Z", "currentBalance": 2543.17, "availableBalance": 2443.17},
    {"accountCategory": "LOC_ACCOUNT", "accountId": "loc-card-01", "accountType": "CREDITCARD",
     "productName": "Rewards Card", "status": "OPEN", "currency": {"currencyCode": "USD"},
     "accountNumberDisplay": "8765", "balanceAsOf": "2026-01-31T12:00:00Z",
     "currentBalance": 312.4, "creditLine": 5000.0, "availableCredit": 4687.6},
]
TRANSACTIONS = {
    "dep-checking-01": [
        {"accountCategory": "DEPOSIT_ACCOUNT", "transactionId": f"txn-{n:03}", "amount": amount,
         "postedTimestamp": f"2026-01-{n:02}T09:30:00Z", "description": description,
         "debitCreditMemo": memo, "status": "POSTED"}
        for n, amount, description, memo in [(3, 1850.0, "Salary", "CREDIT"),
                                             (9, 64.2, "Groceries", "DEBIT"),
                                             (17, 120.0, "Electricity", "DEBIT")]],
    "loc-card-01": [
        {"accountCategory": "LOC_ACCOUNT", "transactionId": "txn-101", "amount": 18.5,
         "postedTimestamp": "2026-01-11T19:05:00Z", "description": "Book shop",
         "debitCreditMemo": "DEBIT", "status": "POSTED"}],
}
STATEMENTS = {"dep-checking-01": [{"accountId": "dep-checking-01", "statementId": "stmt-2026-01",
                                   "statementDate": "2026-01-31", "description": "January 2026",
                                   "status": "AVAILABLE"}]}
CUSTOMER = {"customerId": "cust-00000042",
            "accounts": [{"accountId": a["accountId"]} for a in ACCOUNTS]}


def statement_pdf(title):
    """The smallest PDF that readers open: one page with one line of text."""
    content = f"BT /F1 18 Tf 72 720 Td ({title}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    pdf, offsets = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(pdf))
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (pdf + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
            + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
            % (len(objects) + 1, len(pdf)))


class Answer(Exception):
    """What a request gets: raised by the finders below for an FDX error, returned for success."""

    def __init__(self, status, body, content_type="application/json"):
        super().__init__(status)
        self.status, self.content_type = status, content_type
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


def not_found(code, message):
    return Answer(404, {"code": code, "message": message})


def page(name, items):
    return Answer(200, {"page": {"totalElements": len(items)}, name: items})


def find_account(account_id):
    for account in ACCOUNTS:
        if account["accountId"] == account_id:
            return account
    raise not_found(701, "Account not found")


def get_customer():
    return Answer(200, CUSTOMER)


def get_accounts():
    return page("accounts", ACCOUNTS)


def get_account(account_id):
    return Answer(200, find_account(account_id))


def get_transactions(account_id):
    find_account(account_id)
    return page("transactions", TRANSACTIONS.get(account_id, []))


def get_statements(account_id):
    find_account(account_id)
    return page("statements", STATEMENTS.get(account_id, []))


def get_statement(account_id, statement_id):
    find_account(account_id)
    for statement in STATEMENTS.get(account_id, []):
        if statement["statementId"] == statement_id:
            pdf = statement_pdf(f"Statement {statement['description']}")
            return Answer(200, pdf, "application/pdf")
    raise not_found(1104, "Statement not found")


ROUTES = [(re.compile(PREFIX + pattern), handler) for pattern, handler in [
    (r"/customers/current", get_customer),
    (r"/accounts", get_accounts),
    (r"/accounts/([^/]+)", get_account),
    (r"/accounts/([^/]+)/transactions", get_transactions),
    (r"/accounts/([^/]+)/statements", get_statements),
    (r"/accounts/([^/]+)/statements/([^/]+)", get_statement),
]]


def answer(method, path):
    for pattern, handler in ROUTES:
        match = pattern.fullmatch(path)
        if match and method not in ("GET", "HEAD"):
            return Answer(405, {"code": 1206, "message": "Method not allowed"})
        if match:
            try:
                return handler(*map(urllib.parse.unquote, match.groups()))
            except Answer as error:
                return error
    return not_found(1107, "Data not found")


class Journal:
    """Appends one line for each request; a line is whole or absent, so readers may follow it."""

    def __init__(self, path):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.file = os.open(path, flags, 0o600) if path else None
        self.lock = threading.Lock()

    def add(self, request):
        if self.file is not None:
            record = {"method": request.command, "path": request.path,
                      "headers": list(request.headers.items())}
            with self.lock:
                os.write(self.file, (json.dumps(record) + "\n").encode())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive
    timeout = 75
    wbufsize = 1 << 16  # header and body leave together
    disable_nagle_algorithm = True
    journal = Journal(None)

    def respond(self):
        self.journal.add(self)
        self.discard_body()
        result = answer(self.command, urllib.parse.urlsplit(self.path).path)
        self.send_response(result.status)
        self.send_header("Content-Type", result.content_type)
        self.send_header("Content-Length", str(len(result.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(result.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = respond

    def version_string(self):
        return "LegacyBank/4.2"

    def discard_body(self):
        """Leaves the connection at the next request; one whose end is unknown is closed instead."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > BODY_LIMIT:
            self.close_connection = True
        else:
            self.rfile.read(int(length))

    def log_message(self, *args):
        """The journal says it all."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", type=pathlib.Path)
    parser.add_argument("--log", type=pathlib.Path)
    options = parser.parse_args()
    Handler.journal = Journal(options.log)
    server = Server(("127.0.0.1", options.port), Handler)
    port = server.server_address[1]
    print(f"listening on http://127.0.0.1:{port}{PREFIX}", flush=True)
    if options.port_file:
        options.port_file.write_text(f"{port}\n")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
