"""Cuts a process off at a chosen moment: loaded by Python itself where bench/torture.py puts this folder on its path.

WENZHENG_TORTURE=KIND:CALL:N does this at the N-th call of os.CALL: kill ends the process; fail lets the call meet a full
disk, refuse a permission that is gone; starve lets the process have no more memory from then on; vanish takes away the
first report of the folder that the command names last. full:BYTES lets no file grow beyond that.
"""

from __future__ import annotations

import errno
import os
import signal
import sys

_kind, _, _rest = os.environ.get("WENZHENG_TORTURE", "").partition(":")


def _starve() -> None:
    import resource

    with open("/proc/self/statm") as held:  # noqa: PTH123  # nothing is imported here that the program might not import
        now = int(held.read().split()[0]) * os.sysconf("SC_PAGESIZE")
    resource.setrlimit(resource.RLIMIT_AS, (now, now))


def _vanish() -> None:
    folder = sys.argv[-1]
    os.unlink(os.path.join(folder, min(os.listdir(folder))))  # noqa: PTH108, PTH118, PTH208  # as above


def _meet() -> None:
    """What happens at the chosen call."""
    if _kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif _kind == "starve":
        _starve()
    elif _kind == "vanish":
        _vanish()
    else:
        wrong = {"fail": errno.ENOSPC, "refuse": errno.EACCES}[_kind]
        raise OSError(wrong, os.strerror(wrong))


def _armed(name: str, number: int) -> None:
    real, calls = getattr(os, name), 0

    def call(*values, **options):  # type: ignore[no-untyped-def]  # whatever the function takes
        nonlocal calls
        calls += 1
        if calls == number:
            _meet()
        return real(*values, **options)

    setattr(os, name, call)


# Processes that read files are this one's children and inherit its environment: the parent alone is cut off.
if _kind and "indexer.isolation" not in " ".join(sys.orig_argv):
    if _kind == "full":
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(_rest), int(_rest)))
    else:
        _name, _, _number = _rest.partition(":")
        _armed(_name, int(_number))
