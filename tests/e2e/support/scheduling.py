"""Who goes first on a machine that a measurement shares with other work."""
import contextlib
import os
import pathlib
import re

CORES = sorted(os.sched_getaffinity(0))


def prefer(cores=None, niceness=0, realtime=False):
    """Makes this process and its children stay on `cores`, before or behind others. Realtime is for
    those who would have machines of their own: they get a core when they want it. A user who may not
    say so measures the rest of the machine as well."""
    os.sched_setaffinity(0, cores or CORES)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
        if realtime:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


@contextlib.contextmanager
def before_other_sessions():
    """Where the kernel shares a core among sessions first (autogroups, sched(7)), the niceness of a
    process counts within its session only; so this session goes first meanwhile."""
    group = pathlib.Path("/proc/self/autogroup")
    try:
        before = re.search(r"nice (-?\d+)", group.read_text())[1]
        group.write_text("-20")
    except (OSError, TypeError):  # no autogroups, or no right to it
        yield
        return
    try:
        yield
    finally:
        group.write_text(before)
