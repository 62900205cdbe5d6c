"""How long a request may look into the index: whoever does the work asks here between two steps whether time is up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from retrieval.errors import WenzhengError

_moment: ContextVar[float | None] = ContextVar("deadline", default=None)


class TooSlowError(WenzhengError):
    """A request took longer than it may."""

    code = "too_slow"


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Within the block, `check` fails after a moment of time.monotonic."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def check() -> None:
    """Raises TooSlowError when time is up; without a deadline there is always time."""
    moment = _moment.get()
    if moment is not None and time.monotonic() > moment:
        raise TooSlowError(
            "这个请求太费时，已中止；请缩小范围再试（config.toml 的 [server] timeout）",
            "this request took too long and was stopped; narrow it down ([server] timeout in config.toml)",
        )
