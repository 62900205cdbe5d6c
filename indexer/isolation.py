"""Files are read in a process of their own: one that hangs, crashes or eats memory is given up, and the run goes on."""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import Client, Connection, Listener
from types import MappingProxyType

from indexer.extraction import make_report
from retrieval.config import Config
from retrieval.errors import ReadError, WenzhengError
from retrieval.types import Report

# Files after which the process is replaced: what libraries leak goes with it.
_FILES = 500
# A process that starts has to import the readers first.
_START_SECONDS = 60


def read_apart(
    data: bytes,
    source_name: str,
    corrections: dict[str, str],
    config: Config,
    report_id: str,
    learned: Mapping[str, str] = MappingProxyType({}),
) -> Report:
    """As `make_report`, within [index] read_seconds and read_mb.

    Raises ReadError for unreadable files, for those that need more, and for faults that nobody foresaw.
    """
    settings = config.index
    call = (make_report, (data, source_name, corrections, config, report_id, dict(learned)))
    try:
        answer = _reader.ask(call, settings.read_seconds, settings.read_mb)
    except TimeoutError:
        raise ReadError(
            f"{source_name}：读了 {settings.read_seconds:g} 秒还没读完，已放弃；"
            "可拆小文件，或调大 config.toml 的 [index] read_seconds",
            f"{source_name}: not read within {settings.read_seconds:g} s and given up; split it, or raise [index] "
            "read_seconds",
        ) from None
    except (EOFError, OSError) as error:
        raise _too_large(source_name, settings.read_mb) from error
    if isinstance(answer, Report):
        return answer
    if isinstance(answer, WenzhengError):
        raise answer
    if isinstance(answer, MemoryError):
        raise _too_large(source_name, settings.read_mb)
    # Whatever a library raises on a hostile file concerns this file alone.
    logging.getLogger("wenzheng").warning("%s: %s", source_name, answer)
    kind = str(answer).partition(":")[0]
    raise ReadError(
        f"{source_name}：读不了，文件内容出乎意料（{kind}）；请另存一次或转成 .docx、.txt 再试",
        f"{source_name}: cannot be read, its contents are not as expected ({kind}); save it anew, or as .docx or .txt",
    )


def _too_large(source_name: str, megabytes: int) -> ReadError:
    return ReadError(
        f"{source_name}：读取时内存不够或读取程序崩溃（上限 {megabytes} MB），已放弃；"
        "可拆小文件，或调大 config.toml 的 [index] read_mb",
        f"{source_name}: reading it ran out of memory or crashed (limit {megabytes} MB) and was given up; split it, or "
        "raise [index] read_mb",
    )


class _Reader:
    """One process that calls functions, started with the first file; a plain program, so that no script that uses this
    is run a second time in it, as `multiprocessing` would.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._limits = (0, 0)
        self._lock = threading.Lock()

    def ask(self, call: object, seconds: float, megabytes: int) -> object:
        """What the call returns or raises, the latter as an exception of ours or in words.

        Raises TimeoutError, and EOFError or OSError when the process dies; either way the next call gets a new one.
        """
        with self._lock:
            if self._limits != (megabytes, os.getpid()) or self._connection is None:
                self.end()
                self._start(megabytes)
            connection = self._connection
            if connection is None:
                raise EOFError
            try:
                connection.send(call)
                if not connection.poll(seconds):
                    raise TimeoutError
                answer, last = connection.recv()
            except BaseException:
                self.end()
                raise
            if last:
                self.end()
            return answer

    def _start(self, megabytes: int) -> None:
        key = secrets.token_bytes(32)
        with Listener(authkey=key) as listener:
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
            self._process = subprocess.Popen(  # noqa: S603  # this program
                [sys.executable, "-m", "indexer.isolation", str(listener.address), str(megabytes)],
                stdin=subprocess.PIPE,
                env=environment,
            )
            # Not on the command line, which other users see.
            if self._process.stdin:
                self._process.stdin.write(key)
                self._process.stdin.close()
            self._connection = _accepted(listener, self._process)
        self._limits = (megabytes, os.getpid())

    def end(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _accepted(listener: Listener, process: subprocess.Popen[bytes]) -> Connection:
    """The started process's connection. Raises EOFError when it does not come."""
    found: list[Connection] = []
    waiting = threading.Thread(target=lambda: found.append(listener.accept()), daemon=True)
    waiting.start()
    for _ in range(_START_SECONDS * 10):
        waiting.join(0.1)
        if found or process.poll() is not None:
            break
    if not found:
        raise EOFError
    return found[0]


def _serve(address: str, megabytes: int) -> None:
    """What the reading process does: calls until its parent is gone."""
    # Ctrl+C ends the run, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _confine(megabytes)
    connection = Client(address, authkey=sys.stdin.buffer.read())
    for number in range(1, _FILES + 1):
        try:
            function, values = connection.recv()
        except EOFError:
            return
        try:
            answer: object = function(*values)
        except (WenzhengError, MemoryError) as error:
            answer = error
        except Exception as error:  # the parent says it of the file
            answer = f"{type(error).__name__}: {error}"
        connection.send((answer, number == _FILES))


def _confine(megabytes: int) -> None:
    try:
        import resource
    except ImportError:
        # Windows has no such limit; the time limit holds there too.
        return
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


_reader = _Reader()
atexit.register(_reader.end)

if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
