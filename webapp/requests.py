"""Request parameters → filters and numbers, for pages and API alike."""

from __future__ import annotations

from flask import current_app, request

from retrieval.errors import QueryError
from retrieval.filters import parse_filters
from retrieval.search import Searcher
from retrieval.types import Filters
from webapp.service import Service

FILTERS = ("region", "year", "level", "role", "department", "report")


def service() -> Service:
    found: Service = current_app.extensions["wenzheng"]
    return found


def searcher() -> Searcher:
    return service().searcher


def filters() -> Filters:
    """Raises QueryError naming the parameter at fault."""
    return parse_filters({name: request.args.get(name) for name in FILTERS})


def number(name: str, default: int) -> int:
    """A whole number from the query string. Raises QueryError."""
    text = request.args.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise QueryError(f"{name} 应为不小于 0 的整数", f"{name} must be a whole number, 0 or more")
    return int(text)
