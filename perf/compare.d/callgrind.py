"""A gateway under valgrind's callgrind, and what its profiles say."""
import collections
import dataclasses
import re
import subprocess

import servers

# Neither AVX nor what came later: CPUID leaf 1 ECX bit 28, and leaf 7 as a whole (BoringSSL); the
# C library's string functions likewise.
SAME_EVERYWHERE = {
    "OPENSSL_ia32cap": "~0x1000000000000000:0x0",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX,-AVX_Fast_Unaligned_Load,-ERMS,-BMI2",
}
ALLOCATING = re.compile(r"^(malloc|calloc|realloc|aligned_alloc|posix_memalign|memalign)$")


@dataclasses.dataclass
class Profile:
    by_function: dict
    allocations: float
    total: int = 0


class Gateway(servers.Server):
    """`command` under callgrind, with profiles in `home`."""

    def __init__(self, command, home, port):
        self.home = home
        super().__init__("callgrind", [
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={home}/out",
            "--separate-threads=yes", "--compress-strings=no", "--compress-pos=no", *command],
            home, 0, port, SAME_EVERYWHERE, patience=120)
        self.dumps = 0

    def said(self):
        self.log.flush()
        return open(self.log.name, errors="replace").read()

    def control(self, *options):
        subprocess.run(["callgrind_control", *options, str(self.child.pid)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60)

    def zero(self):
        self.control("-z")

    def take(self, name):
        """Returns what was counted since zero or the last take, and begins anew. The first thread
        is control, whose work goes by the clock: it is left out."""
        self.control(f"--dump={name}")
        self.dumps += 1
        costs, calls = collections.Counter(), collections.Counter()
        for path in self.home.glob(f"out.{self.dumps}-*"):
            if not path.name.endswith("-01"):
                add_profile(path, costs, calls)
        return costs, calls


def add_profile(path, costs, calls):
    """Self cost and calls by function, from the format that the valgrind manual describes: `fn=`
    begins a function; a line of numbers is a position and its cost; `calls=` is followed by one
    such line that is the callee's and not the function's own."""
    function, callee, skip = "", "", False
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("fn="):
                function = line[3:].rstrip()
            elif line.startswith("cfn="):
                callee = line[4:].rstrip()
            elif line.startswith("calls="):
                calls[callee] += int(line[6:].split()[0])
                skip = True
            elif line[:1].isdigit() or line[:1] in "+-*":
                if not skip:
                    costs[function] += int(line.split()[1])
                skip = False


def difference(few, many, requests):
    """What one of the `requests` costs by which the second profile has more."""
    costs = {name: (cost - few[0][name]) / requests for name, cost in many[0].items()}
    allocations = sum(count - few[1][name] for name, count in many[1].items()
                      if ALLOCATING.match(name.split("'")[0]))
    return Profile(costs, allocations / requests, round(sum(costs.values())))
