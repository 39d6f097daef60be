"""What perf/scale says: a table, a plot, and the figures in docs/performance.md."""
import dataclasses
import math
import statistics
import subprocess

BEGIN, END = "<!-- figures of perf/scale: begin -->\n", "<!-- figures of perf/scale: end -->\n"

# What each doubling of a size may add to a request, as a share of what it costs at the smallest
# size, and how far a median may be off on a busy machine. What grows faster is a defect.
PER_DOUBLING, NOISE = 0.03, 0.06

TITLES = {
    "connections": "idle connections", "routes": "routes", "allowlist": "allowlist entries",
    "revocations": "revocations", "tokens": "distinct tokens", "workers": "workers",
}


@dataclasses.dataclass
class Row:
    series: str
    size: int
    cost: float      # CPU µs a request, median
    spread: float    # (highest - lowest) / median
    ratio: float     # to the smallest size
    allowed: float
    memory: float    # bytes an idle connection, or None

    @property
    def is_defect(self):
        return self.ratio > self.allowed


def rows(samples):
    found = []
    for series, by_size in samples.cost.items():
        first = min(by_size)
        for size in sorted(by_size):
            values, cost = by_size[size], samples.median(series, size)
            # Interleaved neighbours share the machine's mood: the ratio is of each round.
            ratio = statistics.median(a / b for a, b in zip(values, by_size[first]))
            allowed = 1 + NOISE + PER_DOUBLING * math.log2(size / first)
            found.append(Row(series, size, cost, (max(values) - min(values)) / cost, ratio,
                             allowed if size > first else math.inf,
                             samples.memory.get(size) if series == "connections" else None))
    return found


def table(found):
    lines = ["| what grows | size | CPU a request | spread | against the smallest | allowed | memory |",
             "|---|---:|---:|---:|---:|---:|---:|"]
    for row in found:
        allowed = "–" if math.isinf(row.allowed) else f"{row.allowed:.2f}"
        memory = "" if row.memory is None else f"{row.memory / 1024:.1f} KiB a connection"
        mark = " **defect**" if row.is_defect else ""
        lines.append(f"| {TITLES[row.series]} | {row.size:,} | {row.cost:.1f} µs | {row.spread:.0%} | "
                     f"{row.ratio:.2f}{mark} | {allowed} | {memory} |")
    return "\n".join(lines)


def plot(found, path):
    names = list(dict.fromkeys(row.series for row in found))
    lines = ", ".join(f"'-' using 1:2 with linespoints lw 2 pt 7 ps 0.6 title '{TITLES[name]}'"
                      for name in names)
    data = "".join("".join(f"{row.size} {row.ratio:.4f}\n" for row in found if row.series == name)
                   + "e\n" for name in names)
    top = max(2.0, *(row.ratio * 1.1 for row in found))
    script = f"""set terminal svg size 760,420 font 'sans-serif,12' background rgb 'white'
set output '{path}'
set logscale x 10
set format x '10^{{%T}}'
set xlabel 'size'
set ylabel 'CPU a request, against the smallest size'
set yrange [0:{top:.2f}]
set grid
set key outside right
plot {lines}
{data}"""
    subprocess.run(["gnuplot"], input=script, text=True, check=True, timeout=30)


def write(found, notes, rounds, path):
    """Replaces the figures in the document, and leaves what was written around them."""
    before, rest = path.read_text().split(BEGIN)
    after = rest.split(END)[1]
    said = "".join(f"{note}\n\n" for note in notes)
    path.write_text(f"{before}{BEGIN}\n{table(found)}\n\nMedians of {rounds} interleaved rounds.\n\n"
                    f"{said}{END}{after}")
