"""Calls that come while others are made are made together: queries of several requests in one pass of the model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gathered(Generic[Item, Result]):
    """A function of many items, called with those that threads wait for at the time.

    Whoever gets a turn calls for the oldest that wait, its own among them or not, and then waits for its own: as each
    takes a turn after its item has joined the queue, all are called for (flat combining, Hendler et al. 2010).
    """

    def __init__(self, call: Callable[[Sequence[Item]], Sequence[Result]], turns: int, most: int) -> None:
        """`turns` calls are made at the same time, each with at most `most` items."""
        self._call, self._most = call, most
        self._turns = threading.Semaphore(turns)
        self._joining = threading.Lock()
        self._waiting: list[tuple[Item, Future[Result]]] = []

    def __call__(self, item: Item) -> Result:
        future: Future[Result] = Future()
        with self._joining:
            self._waiting.append((item, future))
        with self._turns:
            self._answer()
        return future.result()

    def _answer(self) -> None:
        with self._joining:
            taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        if not taken:
            return
        try:
            results = self._call([item for item, _ in taken])
        except BaseException as error:  # those that wait in other threads must hear of it too
            for _, future in taken:
                future.set_exception(error)
            return
        for (_, future), result in zip(taken, results, strict=True):
            future.set_result(result)
