"""Latency at rates that the whole rig carries: shares of the highest rate at which nginx answers half of
the requests within a millisecond. Beyond that rate only the queue before a full core is measured."""

SHARES = (25, 50, 75)  # percent
PERCENTILES = ("p50", "p99", "p999")
P50_US, REPEATS, STEPS = 1000, 3, 6
LAG_US = {"p99": 500, "max": 10_000}  # of the generator
# No real-time priority: where that fills a core, the kernel gives it to others for 50 ms a second.


def key(percentile, share):
    return f"latency_{percentile}_at_{share}"


def keeps_up(result):
    return all(result["lag_us"][name] <= most for name, most in LAG_US.items())


class Latency:
    def __init__(self, bench, seconds):
        self.bench, self.seconds = bench, seconds
        self.highest, self.lags, self.thrown_away = None, [], []

    def _ask(self, who, rate, seconds, **options):
        result, _ = self.bench.load(self.bench.running[who], "-c", 64, "--rate", rate,
                                    seconds=seconds, warm_up=0.4, **options)
        return result

    def _carries(self, rate):
        """Whether the rig does; what fails once may be other work of the machine."""
        for _ in range(2):
            result = self._ask("nginx", rate, 0.4)
            if (result["latency_us"]["p50"] < P50_US and keeps_up(result)
                    and result["per_second"] > 0.97 * rate):
                return True
        return False

    def find_highest(self):
        low, high = 0, self.bench.median("throughput", "nginx")
        for _ in range(STEPS):
            rate = (low + high) / 2
            low, high = (rate, high) if self._carries(rate) else (low, rate)
        if low == 0:
            raise RuntimeError("this machine is too busy to measure latency: nginx does not keep half "
                               f"of {high:.0f} requests a second under {P50_US} us")
        return low

    def _measure(self, who, share, **options):
        """One run, or none where the generator lagged every time."""
        for _ in range(REPEATS + 1):
            result = self._ask(who, self.highest * share / 100, self.seconds, **options)
            lag = result["lag_us"]
            if keeps_up(result):
                self.lags.append(lag)
                for name in PERCENTILES:
                    self.bench.add(key(name, share), who, result["latency_us"][name])
                return
            self.thrown_away.append(f"{who} at {share} %: the generator lagged by {lag['p99']} us "
                                    f"(p99), {lag['max']} us at most")

    def round(self):
        if self.highest is None:
            self.highest = self.find_highest()
        for share in SHARES:
            for who, options in (("nginx", {}), ("full", {"tokens": "ES256"})):
                self._measure(who, share, **options)

    def said(self):
        """Lines for the report."""
        if self.highest is None:
            return []
        lines = [f"latency: shares of {self.highest:.0f} requests a second"]
        if self.lags:
            lines[0] += (f"; the generator's lag was {max(lag['p99'] for lag in self.lags)} us (p99) "
                         f"and {max(lag['max'] for lag in self.lags)} us at most")
        return lines + [f"latency: a run was thrown away: {why}" for why in self.thrown_away]

    def facts(self):
        return {"highest_rate": self.highest, "lags_us": self.lags, "thrown_away": self.thrown_away}
