"""`wenzheng index` and `wenzheng serve` as processes of their own, and what the system says of one."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
_PATIENCE = 120


def index(folder: Path, into: Path) -> float:
    """Index a folder; how many seconds it took. Raises CalledProcessError."""
    begin = time.perf_counter()
    subprocess.run(_command(into, "index", str(folder)), cwd=ROOT, check=True, capture_output=True)  # noqa: S603  # our own command
    return time.perf_counter() - begin


@contextmanager
def serving(into: Path, log: Path) -> Iterator[tuple[str, int]]:
    """A site that is ready: its address and process. Its log, one JSON object a line, goes into a file.

    Raises RuntimeError when it does not start, or does not stop well.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("wb") as lines:
        process = subprocess.Popen(_command(into, "serve", "--port", str(port)), cwd=ROOT, stderr=lines)  # noqa: S603  # as above
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/readyz", process)
        yield address, process.pid
        process.terminate()
        if process.wait(_PATIENCE):
            raise RuntimeError(f"the site ended with {process.returncode}; its log: {log.read_text()[-600:]}")
    finally:
        process.kill()
        process.wait()


def _command(into: Path, *rest: str) -> list[str]:
    return [sys.executable, "-m", "wenzheng", "--index", str(into), *rest]


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  # this machine
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the site did not start")


@dataclass(frozen=True, slots=True)
class Sample:
    """What the system says of a process (Linux) at a moment: megabytes of its own, open files, threads."""

    seconds: float
    megabytes: float
    files: int
    threads: int


def status(pid: int | str = "self") -> dict[str, int]:
    """Numbers of /proc/PID/status; memory in kB: RssAnon is a process's own, RssFile mapped, VmHWM the most of both."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return {name: int(number) for name, number in re.findall(r"^(\w+):\s+(\d+)(?: kB)?$", text, re.M)}


def sample(pid: int, seconds: float) -> Sample:
    held = status(pid)
    files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Sample(seconds, held["RssAnon"] / 1024, files, held["Threads"])
