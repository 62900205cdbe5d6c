"""Visitors of a site, each a thread that draws what to do next: search, ask, compare, take away files, cite, keep."""

from __future__ import annotations

import json
import random
import time
from collections import deque
from collections.abc import Sequence
from threading import Event, Thread
from urllib.parse import quote

from bench.checked import Client, Journal
from bench.generations import generations_in
from bench.keepers import Keeper, Quotation, read_back

# Pages and API answers that quote the generation in force, with how often they are drawn.
_QUOTING = {
    "/search": 6,
    "/api/v1/search": 6,
    "/ask": 4,
    "/api/v1/ask": 4,
    "/compare": 1,
    "/api/v1/compare": 1,
    "/count": 2,
    "/api/v1/count": 2,
    "/wording": 1,
    "/api/v1/wording": 1,
    "/spread": 1,
    "/api/v1/spread": 1,
}
_FILES = ("search", "ask", "compare", "lines", "wording", "spread")
_FORMATS = ("csv", "xlsx", "docx", "md", "json")
# Passages that a visitor remembers: some are of former generations when they are cited or kept.
_REMEMBERED = 60
# Seconds until a new version must have been taken up, and that visitors then stay.
_PATIENCE, _AFTERWARDS = 60, 3


class Visitor:
    """Asks about `measures` until told to stop."""

    def __init__(self, client: Client, name: str, measures: Sequence[str], shared: str, seed: int) -> None:
        self._client, self._measures = client, measures
        self._chance = random.Random(f"{name} {seed}")  # noqa: S311  # drawing what to ask is no secret
        self._remembered: deque[Quotation] = deque(maxlen=_REMEMBERED)
        self.keeper = Keeper(client, name, shared, self._chance)

    def visit(self, leaving: Event) -> None:
        """One thing after another."""
        try:
            self._search()
            acts = (self._quoting, self._file, self._cited, self._reports, self._keep, self._search, self._overview)
            while not leaving.is_set():
                self._chance.choices(acts, (10, 3, 3, 2, 6, 2, 1))[0]()
        except Exception as error:  # a visitor that leaves early is a fault to be listed
            self._client.journal.fault(f"a visitor gave up: {error!r}")
            raise

    def _query(self) -> str:
        return quote(self._chance.choice(self._measures))

    def _search(self) -> None:
        """And remember what was found."""
        body = self._client.current("/api/v1/search", f"/api/v1/search?q={self._query()}&limit=20")
        shown = generations_in(body)
        if len(shown) == 1:
            for hit in json.loads(body)["hits"]:
                self._remembered.append(Quotation(hit["passage_id"], hit["report_id"], hit["text"], *shown))

    def _quoting(self) -> None:
        path = self._chance.choices(list(_QUOTING), list(_QUOTING.values()))[0]
        self._client.current(path, f"{path}?q={self._query()}")

    def _file(self) -> None:
        what, suffix = self._chance.choice(_FILES), self._chance.choice(_FORMATS)
        self._client.current(f"/download/….{suffix}", f"/download/{what}.{suffix}?q={self._query()}")

    def _cited(self) -> None:
        """A passage by its id: its words stay, whatever has been indexed since."""
        known = self._chance.choice(self._remembered)
        kind, path = self._chance.choice(
            (
                ("/reports/… at a passage", f"/reports/{known.report_id}?passage={known.passage_id}"),
                ("/cite/…", f"/cite/{known.passage_id}"),
                ("/cite/…", f"/cite/{known.passage_id}/{self._chance.choice(('bib', 'ris', 'json'))}"),
                ("/cite/…", f"/api/v1/passages/{known.passage_id}/citations"),
                ("/reuse/…", f"/reuse/{known.passage_id}"),
                ("/reuse/…", f"/api/v1/reuse/{known.passage_id}"),
            )
        )
        self._client.cited(kind, path, known.generation)

    def _reports(self) -> None:
        """A report by its id: its text in force, and the file that this was read from."""
        report = self._chance.choice(self._remembered).report_id
        path = self._chance.choice(
            (f"/reports/{report}", f"/api/v1/reports/{report}", f"/api/v1/reports/{report}/original")
        )
        self._client.current("/reports/…", path)

    def _overview(self) -> None:
        self._client.bare(
            "overviews", self._chance.choice(("/", "/corpus", "/reports", "/healthz", "/readyz", "/metrics"))
        )

    def _keep(self) -> None:
        self.keeper.act(self._chance.choice(self._remembered))


class Crowd:
    """Visitors who come at once."""

    def __init__(self, address: str, count: int, measures: Sequence[str], seed: int) -> None:
        self.journal = Journal()
        self._client = Client(address, self.journal)
        self._shared = self._client.kept("collection: create", "/api/v1/collections", {"name": "共用"})["id"]
        self._visitors = [
            Visitor(self._client, f"访客{number}", measures, self._shared, seed) for number in range(count)
        ]
        self._leaving = Event()
        self._threads = [Thread(target=visitor.visit, args=(self._leaving,)) for visitor in self._visitors]

    def come(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_until_shown(self, generation: int) -> None:
        """Until somebody has seen it, and everybody may have asked again since. Raises TimeoutError."""
        end = time.monotonic() + _PATIENCE
        while self.journal.newest < generation:
            if time.monotonic() > end:
                raise TimeoutError(f"nobody was shown generation {generation}")
            time.sleep(0.1)
        time.sleep(_AFTERWARDS)

    def leave(self) -> int:
        """Let all finish what they began; then their collections are read back. Returns how many items these hold."""
        self._leaving.set()
        for thread in self._threads:
            thread.join()
        return read_back(self._client, [visitor.keeper for visitor in self._visitors], self._shared)
