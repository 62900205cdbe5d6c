"""Files are read in a process of their own: one that hangs, crashes or eats memory is given up, and the run goes on."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import signal
from collections.abc import Mapping
from concurrent.futures import TimeoutError as NotInTime
from types import MappingProxyType

from pebble import ProcessExpired, ProcessPool

from indexer.extraction import make_report
from retrieval.config import Config
from retrieval.errors import ReadError, WenzhengError
from retrieval.types import Report

# Files after which the process is replaced: what libraries leak goes with it.
_FILES = 500
_pools: dict[int, ProcessPool] = {}


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
    pool = _pool(config.index.read_mb)
    call = (data, source_name, corrections, config, report_id, dict(learned))
    future = pool.schedule(make_report, args=call, timeout=config.index.read_seconds)
    try:
        report: Report = future.result()
    except WenzhengError:
        raise
    except NotInTime:
        seconds = config.index.read_seconds
        raise ReadError(
            f"{source_name}：读了 {seconds:g} 秒还没读完，已放弃；可拆小文件，或调大 config.toml 的 [index] read_seconds",
            f"{source_name}: not read within {seconds:g} s and given up; split it, or raise [index] read_seconds",
        ) from None
    except (ProcessExpired, MemoryError) as error:
        raise ReadError(
            f"{source_name}：读取时内存不够或读取程序崩溃（上限 {config.index.read_mb} MB），已放弃；"
            "可拆小文件，或调大 config.toml 的 [index] read_mb",
            f"{source_name}: reading it ran out of memory or crashed (limit {config.index.read_mb} MB) and was given up; "
            "split it, or raise [index] read_mb",
        ) from error
    except Exception as error:
        # Whatever a library raises on a hostile file concerns this file alone.
        logging.getLogger("wenzheng").warning("%s", source_name, exc_info=error)
        raise ReadError(
            f"{source_name}：读不了，文件内容出乎意料（{type(error).__name__}）；请另存一次或转成 .docx、.txt 再试",
            f"{source_name}: cannot be read, its contents are not as expected ({type(error).__name__}); save it anew, or "
            "as .docx or .txt",
        ) from error
    return report


def _pool(megabytes: int) -> ProcessPool:
    """One process that reads; it starts with the first file, for what it imports takes a second."""
    if megabytes not in _pools:
        # A fork would take the model's threads along in whatever state they are.
        context = multiprocessing.get_context("spawn")
        _pools[megabytes] = ProcessPool(
            max_workers=1, max_tasks=_FILES, initializer=_confine, initargs=(megabytes,), context=context
        )
    return _pools[megabytes]


def _confine(megabytes: int) -> None:
    # Ctrl+C ends the run, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        import resource
    except ImportError:
        # Windows has no such limit; the time limit holds there too.
        return
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


@atexit.register
def _end() -> None:
    for pool in _pools.values():
        pool.stop()  # type: ignore[no-untyped-call]  # pebble says no types here
        pool.join()
