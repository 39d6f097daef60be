"""Who runs where: the server under test has a core for itself, all others share the next one."""
import contextlib
import os

SERVER_CORE, OTHER_CORE = 0, 1
POLITE, HELPERS = 20, 10  # real-time priorities


def share(core, niceness=0, realtime=0, pid=0):
    """Moves a process to `core`; the children that it starts later follow. Who may not raise its
    priority goes on without, and the lag of the polite client's timer tells."""
    os.sched_setaffinity(pid, {core})
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, pid, niceness)
        if realtime:
            os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(realtime))
