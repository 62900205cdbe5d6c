"""Counts the cases of one target, holds each to its time and keeps one example of every fault."""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parent.parent.parent
# An example that is longer than this is told by its beginning.
_LONGEST = 300
One = TypeVar("One")


class TooLongError(BaseException):
    """A case took longer than it may; no handler of the program is to catch it."""


@dataclass
class Trial:
    """One target's tally: `faults` maps where a fault lies to the shortest input that shows it."""

    target: str
    tool: str
    seconds_a_case: float = 20
    cases: int = 0
    seconds: float = 0
    slowest: float = 0
    faults: dict[str, str] = field(default_factory=dict)
    skipped: str = ""

    def case(self, check: Callable[..., object], *values: object) -> None:
        """Try one input; whatever comes out of it is a fault."""
        self.cases += 1
        begin = time.perf_counter()
        try:
            with _limit(self.seconds_a_case):
                check(*values)
        except (Exception, TooLongError) as error:
            self.fault(where(error), f"{error!r:.150} ← {', '.join(map(repr, values))}")
        finally:
            taken = time.perf_counter() - begin
            self.slowest, self.seconds = max(self.slowest, taken), self.seconds + taken

    def fault(self, place: str, example: str) -> None:
        """Note a fault; of one place the shortest example is kept."""
        known = self.faults.get(place)
        if known is None or len(example) < len(known):
            self.faults[place] = example[:_LONGEST]


def draw(strategy: st.SearchStrategy[One], use: Callable[[One], None], cases: int, chosen: int) -> None:
    """Give so many examples, the same for the same seed, to `use`, which does not raise."""

    @seed(chosen)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(value: One) -> None:
        use(value)

    each()


def where(error: BaseException) -> str:
    """The error and the last line of this project that it passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if ROOT in Path(frame.filename).parents and ".venv" not in frame.filename]
    frame = (own or frames)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
