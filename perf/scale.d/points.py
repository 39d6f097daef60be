"""The gateways that perf/scale measures: one for each size of a series."""
import json
import pathlib
import resource
import subprocess
import time

import servers

ROOT = pathlib.Path(__file__).resolve().parents[2]
GATEWAY_CORE, OTHER_CORE = 0, 1
ACCOUNTS = "/fdx/v6/accounts"
BUSY_CONNECTIONS = 32
PER_SOURCE = 15_000        # idle connections from one loopback address, which has 28,000 ports
OWN_DESCRIPTORS = 64       # what the gateway keeps for itself; see gateway/control/descriptors.cc
SPARE_CONNECTIONS = 100    # busy ones and the like, beside the idle ones
CONNECT_PATIENCE = 120     # seconds for all idle connections of a gateway to be there
FILL_PATIENCE = 180        # seconds to fill a store, or to make the tokens
ASK_PATIENCE = 60          # seconds for the requests of one measurement


def within_descriptors(sizes, notes):
    """Raises the limit of descriptors, which the servers inherit, as far as `sizes` need and the
    machine allows. What goes beyond is replaced by the most that is possible, and noted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # A quarter of what is left is the upstreams'.
    need = (max(sizes) + SPARE_CONNECTIONS) * 4 // 3 + OWN_DESCRIPTORS + 1
    for soft_wanted, hard_wanted in ((need, max(need, hard)), (min(need, hard), hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, soft_wanted), hard_wanted))
            break
        except (ValueError, PermissionError):
            continue
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    most = ((limit - OWN_DESCRIPTORS) * 3 // 4 - SPARE_CONNECTIONS) // 100 * 100
    if max(sizes) > most:
        notes.append(f"{max(sizes):,} connections could not be held where this was measured: a process "
                     f"may open {limit:,} files there (`ulimit -Hn`; {need:,} are needed), and the "
                     f"gateway keeps a quarter of them for upstreams. The series ends at {most:,}.")
    return sorted({min(size, most) for size in sizes})


class Place:
    """Keys, tokens and the upstream that all points share."""

    def __init__(self, folder, build):
        self.folder, self.build = folder, build
        self.pki, self.tokens = folder / "pki", folder / "tokens"
        self.tokens.mkdir()
        subprocess.run([ROOT / "certs" / "make-demo-pki", self.pki], check=True,
                       stdout=subprocess.DEVNULL)
        self.make_tokens(50_000)
        self.upstream = servers.upstream(folder, OTHER_CORE, 1)

    def make_tokens(self, count):
        subprocess.run(["node", ROOT / "perf" / "compare.d" / "tokens.mjs", self.tokens, str(count),
                        "ES256"], check=True, timeout=FILL_PATIENCE)

    def token_file(self, count):
        some = self.tokens / f"{count}.tokens"
        if not some.exists():
            lines = (self.tokens / "ES256.tokens").read_text().splitlines()[:count]
            some.write_text("\n".join(lines) + "\n")
        return some

    def stop(self):
        self.upstream.stop()


class Point:
    """A gateway in a series at one size, with the idle connections that it is to have."""

    def __init__(self, place, series, size):
        self.place, self.size, self.holders, self.memory_each = place, size, [], None
        self.tokens = place.token_file(size if series == "tokens" else 64)
        self.home, self.port = place.folder / f"{series}-{size}", servers.free_port()
        self.home.mkdir()
        workers = size if series == "workers" else 1
        core = f"{GATEWAY_CORE},{OTHER_CORE}" if workers > 1 else GATEWAY_CORE
        self.gateway = servers.Server(
            f"sallyport-{series}-{size}",
            [place.build / "sallyport", "run", "-c", self.config(series, size, workers)],
            place.folder, core, self.port, patience=60)
        try:
            if series == "connections":
                self.hold(size)
        except BaseException:
            self.stop()
            raise

    def config(self, series, size, workers):
        place, routes = self.place, []
        if series == "routes":
            routes = [servers.route(f"other-{n}", [f"/fdx/v6/other-{n}/accounts"], True)
                      for n in range(size - 1)]
        routes.append(servers.route("accounts", [ACCOUNTS], True))
        if series == "allowlist":
            (self.home / "many.txt").write_text("".join(
                f"10.{n >> 15 & 255}.{n >> 7 & 255}.{(n & 127) << 1}\n" for n in range(size)))
            routes = [text.replace("allow: [127.0.0.1,", 'allow: ["@many.txt", 127.0.0.1,')
                      for text in routes]
        return servers.sallyport_config(
            self.home, self.port, place.folder, place.pki, place.upstream.port, routes, True,
            workers, limits=", connections: 100000, handshakes: 100000",
            bearer="\n    cache_limit: 256m", revocation=", max_entries: 6000000",
            revocations=self.store(size if series == "revocations" else 1000),
            timeouts=", request_head: 1h, keep_alive: 1h")

    def store(self, count):
        """A store with `count` revocations, for this gateway alone."""
        folder = self.home / "revocations"
        subprocess.run([self.place.build / "perf" / "sallyport_fill_revocations", folder, str(count)],
                       check=True, timeout=FILL_PATIENCE)
        return folder

    def command(self, *options):
        pki = self.place.pki
        return list(map(str, [
            "taskset", "-c", OTHER_CORE, self.place.build / "perf" / "sallyport_load", "--host",
            servers.API, "--port", self.port, "--ca", pki / "server-ca.pem", "--cert",
            pki / "client.pem", "--key", pki / "client.key", "--path", ACCOUNTS, *options]))

    def descriptors(self):
        pid = self.gateway.child.pid
        return sum(1 for _ in pathlib.Path(f"/proc/{pid}/fd").iterdir())

    def hold(self, count):
        """Opens `count` idle connections and waits for them; notes what memory each takes."""
        before, had = self.gateway.memory(), self.descriptors()
        for number, first in enumerate(range(0, count, PER_SOURCE)):
            self.holders.append(subprocess.Popen(
                self.command("--idle", "-c", min(PER_SOURCE, count - first), "--source",
                             f"127.0.0.{number + 2}", "--seconds", 3600),
                stdout=subprocess.DEVNULL))
        patience = time.monotonic() + CONNECT_PATIENCE
        while self.descriptors() < had + count or not self.is_quiet():
            if time.monotonic() > patience or any(h.poll() is not None for h in self.holders):
                raise RuntimeError(f"only {self.descriptors() - had} of {count} connections are there")
            time.sleep(0.2)
        if count >= 1000:
            self.memory_each = (self.gateway.memory() - before) / count

    def is_quiet(self):
        """Whether the gateway has no handshakes to do any more."""
        before = self.gateway.cpu_ns()
        time.sleep(0.3)
        return self.gateway.cpu_ns() - before < 10e6

    def ask(self, count):
        """Sends `count` requests; returns CPU µs of each."""
        command = self.command("--tokens", self.tokens, "-c", BUSY_CONNECTIONS, "--requests", count)
        child = subprocess.Popen(["timeout", str(ASK_PATIENCE), *command], stdout=subprocess.PIPE,
                                 text=True)
        marks, result = {}, {}
        for line in child.stdout:
            if line.startswith("{"):
                result = json.loads(line)
            else:
                marks[line.strip()] = self.gateway.cpu_ns()
        if child.wait() != 0 or not result or result["not_ok"] or result["errors"]:
            raise RuntimeError(f"the load on {self.gateway.name} failed: {result}")
        return (marks["done"] - marks["measuring"]) / result["requests"] / 1000

    def stop(self):
        for holder in self.holders:
            holder.terminate()
            holder.wait()
        self.gateway.stop()
