"""Calls that come while others are made are made together: queries of several requests in one pass of the model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[Item, Result]):
    item: Item
    kind: Hashable
    answer: Future[Result] = field(default_factory=Future)


class Gathered(Generic[Item, Result]):
    """A function of many items, called for those that threads wait for at the time (flat combining, Hendler et al. 2010).

    Whoever waits when a turn is free calls for the one that has waited longest and those of its kind, its own among
    them or not.
    """

    def __init__(
        self,
        call: Callable[[Sequence[Item]], Sequence[Result]],
        kind: Callable[[Item], Hashable],
        turns: int,
        most: int,
    ) -> None:
        """`turns` calls are made at the same time, each for at most `most` items of one `kind`."""
        self._call, self._kind, self._most = call, kind, most
        self._free = turns
        self._changed = threading.Condition()
        self._waiting: list[_Waiting[Item, Result]] = []

    def __call__(self, item: Item) -> Result:
        own: _Waiting[Item, Result] = _Waiting(item, self._kind(item))
        with self._changed:
            self._waiting.append(own)
        while not own.answer.done():
            taken = self._turn(own.answer)
            if taken:
                self._make(taken)
        return own.answer.result()

    def _turn(self, answer: Future[Result]) -> list[_Waiting[Item, Result]]:
        """What to call for once a turn is free; nothing when the answer comes before."""
        with self._changed:
            self._changed.wait_for(lambda: answer.done() or (self._free and self._waiting))
            if answer.done():
                return []
            self._free -= 1
            alike = [one for one in self._waiting if one.kind == self._waiting[0].kind][: self._most]
            self._waiting = [one for one in self._waiting if one not in alike]
            return alike

    def _make(self, taken: Sequence[_Waiting[Item, Result]]) -> None:
        try:
            results = self._call([one.item for one in taken])
            for one, result in zip(taken, results, strict=True):
                one.answer.set_result(result)
        except BaseException as error:  # those that wait in other threads must hear of it
            for one in taken:
                if not one.answer.done():
                    one.answer.set_exception(error)
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()
