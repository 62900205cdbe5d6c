"""Cuts a process off at a chosen moment: loaded by Python itself where bench/torture.py puts this folder on its path.

WENZHENG_TORTURE=kill:CALL:N kills it at the N-th call of os.CALL; fail:CALL:N lets that call meet a full disk;
full:BYTES lets no file grow beyond that.
"""

from __future__ import annotations

import errno
import os
import signal
import sys

_kind, _, _rest = os.environ.get("WENZHENG_TORTURE", "").partition(":")


def _armed(name: str, number: int) -> None:
    real, calls = getattr(os, name), 0

    def call(*values, **options):  # type: ignore[no-untyped-def]  # whatever the function takes
        nonlocal calls
        calls += 1
        if calls == number and _kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if calls == number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
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
