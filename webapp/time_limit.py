"""A request that has used up its time is stopped at its next look into the index, also while its answer is being sent."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wsgi import ClosingIterator

from retrieval import deadline


class TimeLimit:
    """WSGI middleware. Files that are made as they are sent do their work while the server asks for the next piece."""

    def __init__(self, app: WSGIApplication, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        moment = time.monotonic() + self._seconds
        with deadline.until(moment):
            body = self._app(environ, start_response)
        return ClosingIterator(_pieces(body, moment), getattr(body, "close", None))


def _pieces(body: Iterable[bytes], moment: float) -> Iterator[bytes]:
    pieces = iter(body)
    while True:
        with deadline.until(moment):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
