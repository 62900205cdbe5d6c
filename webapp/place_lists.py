"""Saved lists of places: the rows of a comparison under a name. No Flask."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

from retrieval.errors import NotFoundError, QueryError
from retrieval.writing import now
from webapp.shelf import Shelf, StaleError, clean, clean_name, taken

MOST_PLACES = 2000


@dataclass(frozen=True, slots=True)
class PlaceList:
    """Places by name or chain (`云岫省/松鹤县`), in order. `revision` counts changes."""

    id: str
    name: str
    places: tuple[str, ...]
    created: str
    revision: int


class PlaceLists:
    """The lists of one index, as safe as its collections."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def all(self) -> list[PlaceList]:
        """By name."""
        return [_list(row) for row in self.shelf.rows("SELECT * FROM place_lists ORDER BY name")]

    def get(self, list_id: str) -> PlaceList:
        """By id, or by name as people write it in a command. Raises NotFoundError."""
        for row in self.shelf.rows("SELECT * FROM place_lists WHERE id = ? OR name = ?", (list_id, list_id)):
            return _list(row)
        raise NotFoundError(f"没有名单 {list_id}", f"there is no list of places {list_id}")

    def create(self, name: str, places: Iterable[str]) -> PlaceList:
        """Raises QueryError when the name is taken or there are no places, or too many."""
        name, kept, made = clean_name(name), _clean(places), uuid4().hex[:12]
        with self.shelf.writing() as database:
            _check_free(database, name, made)
            database.execute("INSERT INTO place_lists VALUES (?,?,?,?,1)", (made, name, _json(kept), now()))
        return self.get(made)

    def edit(self, list_id: str, name: str, places: Iterable[str], revision: int) -> PlaceList:
        """Raises StaleError when it was changed, or deleted, since `revision` was read; QueryError as `create`."""
        name, kept = clean_name(name), _clean(places)
        query = "UPDATE place_lists SET name = ?, places = ?, revision = revision + 1 WHERE id = ? AND revision = ?"
        with self.shelf.writing() as database:
            _check_free(database, name, list_id)
            done = database.execute(query, (name, _json(kept), list_id, revision)).rowcount
        try:
            present = self.get(list_id)
        except NotFoundError:
            raise StaleError(None) from None
        if not done and (present.name, present.places) != (name, kept):
            raise StaleError(present)
        return present

    def delete(self, list_id: str) -> None:
        """Raises NotFoundError."""
        found = self.get(list_id)
        with self.shelf.writing() as database:
            database.execute("DELETE FROM place_lists WHERE id = ?", (found.id,))


def _check_free(database: sqlite3.Connection, name: str, own: str) -> None:
    if database.execute("SELECT 1 FROM place_lists WHERE name = ? AND id <> ?", (name, own)).fetchone():
        raise taken(name)


def _clean(places: Iterable[str]) -> tuple[str, ...]:
    kept = tuple(dict.fromkeys(filter(None, (clean(place, 80, "地名", "place") for place in places))))
    if not kept:
        raise QueryError("名单里还没有地方", "the list has no places")
    if len(kept) > MOST_PLACES:
        raise QueryError(f"一份名单最多 {MOST_PLACES} 个地方", f"a list holds at most {MOST_PLACES} places")
    return kept


def _list(row: sqlite3.Row) -> PlaceList:
    return PlaceList(row["id"], row["name"], tuple(json.loads(row["places"])), row["created"], row["revision"])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
