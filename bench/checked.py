"""Requests to a site whose corpus changes, each answer checked: its status, and of which generation its words are."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from bench.generations import generations_in

# Longer than the site gives any request.
_PATIENCE = 120


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: what kind, and how long until the last byte."""

    kind: str
    seconds: float


class Journal:
    """What all clients were answered, and what was wrong; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.answered: list[Answered] = []
        self.faults: list[str] = []
        # The newest generation that a complete answer has shown.
        self.newest = 0

    def note(self, answered: Answered, shown: Collection[int]) -> None:
        """An answer that is complete, with the generations that it showed."""
        with self._lock:
            self.answered.append(answered)
            self.newest = max(self.newest, *shown, 0)

    def fault(self, what: str) -> None:
        with self._lock:
            self.faults.append(what)


@dataclass(frozen=True, slots=True)
class Client:
    """Asks as a browser or script does, a connection for each request."""

    address: str
    journal: Journal

    def current(self, kind: str, path: str) -> bytes:
        """What must be of the generation in force: one alone, and none older than was shown before."""
        before = self.journal.newest
        body, shown = self._answer(kind, path)
        if body is not None and (len(shown) != 1 or min(shown) < before):
            self.journal.fault(f"{kind}: {path} shows generations {sorted(shown)}, where {before} had been shown")
        return body or b""

    def cited(self, kind: str, path: str, generation: int) -> bytes:
        """What must stay as it was when it was first shown, whatever has been indexed since."""
        body, shown = self._answer(kind, path)
        if not shown <= {generation}:
            self.journal.fault(f"{kind}: {path} shows generations {sorted(shown)}, not {generation}")
        return body or b""

    def kept(self, kind: str, path: str, sent: dict[str, Any] | None = None) -> Any:
        """The object that the collections answer, whose quotations may be of any generation; None where it failed."""
        body, _ = self._answer(kind, path, sent)
        return None if body is None else json.loads(body)

    def bare(self, kind: str, path: str) -> None:
        """What need only be answered."""
        self._answer(kind, path)

    def _answer(self, kind: str, path: str, sent: dict[str, Any] | None = None) -> tuple[bytes | None, set[int]]:
        """The body with the generations in it; None where the request failed, which the journal then says."""
        data = None if sent is None else json.dumps(sent).encode()
        request = urllib.request.Request(  # noqa: S310  # this machine
            self.address + path, data, {"Content-Type": "application/json"} if data else {}
        )
        begin = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310  # as above
                body = answer.read()
        except urllib.error.HTTPError as error:
            self.journal.fault(f"{kind}: {path} answered {error.code}: {error.read(300).decode(errors='replace')}")
            return None, set()
        except OSError as error:
            self.journal.fault(f"{kind}: {path} failed: {error!r}")
            return None, set()
        taken = time.perf_counter() - begin
        shown = generations_in(body)
        self.journal.note(Answered(kind, taken), shown)
        return body, shown
