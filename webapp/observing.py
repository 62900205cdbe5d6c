"""What the site tells those who run it: a number for each request, and what became of it as one line of JSON."""

from __future__ import annotations

import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, request
from werkzeug.wrappers import Request
from werkzeug.wsgi import ClosingIterator

HEADER = "X-Request-ID"
_ID, _ROUTE = "wenzheng.request_id", "wenzheng.route"
_log = logging.getLogger("wenzheng.requests")


@dataclass(frozen=True, slots=True)
class Seen:
    """A request from its beginning to the last byte of its answer. `route` is empty where it led nowhere."""

    request_id: str
    method: str
    route: str
    status: int
    ms: float
    bytes: int


class Observer:
    """WSGI middleware, outside all other: sees what any part of the site answers, and when it has been sent."""

    def __init__(self, app: WSGIApplication, note: Callable[[Seen], None], *, log_queries: bool) -> None:
        self._app = app
        self._note = note
        self._log_queries = log_queries
        self._change = threading.Condition()
        self._busy = 0
        # Set when the site is about to stop.
        self.stopping = False

    @property
    def busy(self) -> int:
        """Requests that are being answered."""
        return self._busy

    def wait_until_idle(self, seconds: float) -> bool:
        """Whether every request was answered in time."""
        with self._change:
            return self._change.wait_for(lambda: self._busy == 0, seconds)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # Our own, whatever the client sends: it goes into logs and pages.
        environ[_ID] = request_id = uuid4().hex[:16]
        begin, sent, status = time.perf_counter(), [0], [500]

        def start(line: str, headers: list[tuple[str, str]], *failed: Any) -> Callable[[bytes], object]:
            status[0] = int(line.split(" ", 1)[0])
            return start_response(line, [*headers, (HEADER, request_id)], *failed)

        def done() -> None:
            self._change_busy(-1)
            ms = round(1000 * (time.perf_counter() - begin), 1)
            method, route = environ["REQUEST_METHOD"], environ.get(_ROUTE, "")
            self._tell(Seen(request_id, method, route, status[0], ms, sent[0]), environ)

        self._change_busy(1)
        try:
            body = self._app(environ, start)
        except BaseException:
            done()
            raise
        return ClosingIterator(_counted(body, sent), [*_closing(body), done])

    def _change_busy(self, by: int) -> None:
        with self._change:
            self._busy += by
            self._change.notify_all()

    def _tell(self, seen: Seen, environ: WSGIEnvironment) -> None:
        self._note(seen)
        fields: dict[str, object] = asdict(seen)
        if self._log_queries:
            fields["q"] = Request(environ).args.getlist("q")
        _log.info("request", extra={"fields": fields})


class JsonLines(logging.Formatter):
    """One JSON object a line. What an exception says may quote a query: only its type and places are told, unless asked."""

    def __init__(self, *, log_queries: bool) -> None:
        super().__init__()
        self._log_queries = log_queries

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        kind, error, trace = record.exc_info or (None, None, None)
        if kind is not None:
            line["error"] = f"{kind.__name__}: {error}" if self._log_queries else kind.__name__
            line["trace"] = [frame.strip() for frame in traceback.format_tb(trace)]
        return json.dumps(line, ensure_ascii=False)


def init(app: Flask) -> None:
    """Let the observer know which route a request took."""

    @app.before_request
    def name_route() -> None:
        request.environ[_ROUTE] = request.url_rule.rule if request.url_rule else ""


def request_id() -> str:
    """The number of this request."""
    return str(request.environ.get(_ID, ""))


def _counted(body: Iterable[bytes], sent: list[int]) -> Iterator[bytes]:
    for piece in body:
        sent[0] += len(piece)
        yield piece


def _closing(body: Iterable[bytes]) -> list[Callable[[], None]]:
    close = getattr(body, "close", None)
    return [close] if close else []
