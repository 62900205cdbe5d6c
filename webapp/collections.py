"""Named collections of quotations: made, renamed, filled, ordered. No Flask."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

from retrieval.errors import NotFoundError, QueryError
from retrieval.writing import now
from webapp.items import Draft, Item, clean_note, clean_tags, item_of, stored, tags_stored
from webapp.shelf import Shelf, StaleError, clean_name, taken

MOST_ITEMS = 5000


@dataclass(frozen=True, slots=True)
class Collection:
    """A name and how many items it holds. `revision` counts changes of the name."""

    id: str
    name: str
    created: str
    revision: int
    items: int


class Collections:
    """The collections of one index. Every change is safe beside changes from other threads and processes."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def all(self) -> list[Collection]:
        """The newest first."""
        return [_collection(row) for row in self.shelf.rows(f"{_COLLECTIONS} ORDER BY c.created DESC, c.rowid DESC")]

    def get(self, collection_id: str) -> Collection:
        """By id. Raises NotFoundError."""
        for row in self.shelf.rows(f"{_COLLECTIONS} WHERE c.id = ?", (collection_id,)):
            return _collection(row)
        raise _no_collection(collection_id)

    def named(self, name: str) -> Collection | None:
        """By name."""
        rows = self.shelf.rows(f"{_COLLECTIONS} WHERE c.name = ?", (name,))
        return _collection(rows[0]) if rows else None

    def create(self, name: str) -> Collection:
        """A new, empty collection. Raises QueryError when the name is taken."""
        name = clean_name(name)
        with self.shelf.writing() as database:
            if database.execute("SELECT 1 FROM collections WHERE name = ?", (name,)).fetchone():
                raise taken(name)
            made = collection_named(database, name)
        return self.get(made)

    def rename(self, collection_id: str, name: str, revision: int) -> Collection:
        """Raises StaleError when it was renamed since `revision` was read, QueryError when the name is taken."""
        name, present = clean_name(name), self.get(collection_id)
        if (present.revision, present.name) == (revision, name):
            return present
        query = "UPDATE collections SET name = ?, revision = revision + 1 WHERE id = ? AND revision = ?"
        with self.shelf.writing() as database:
            if database.execute(
                "SELECT 1 FROM collections WHERE name = ? AND id <> ?", (name, collection_id)
            ).fetchone():
                raise taken(name)
            changed = database.execute(query, (name, collection_id, revision)).rowcount
        if not changed:
            raise StaleError(self.get(collection_id))
        return self.get(collection_id)

    def delete(self, collection_id: str) -> None:
        """With everything in it. Raises NotFoundError."""
        self.get(collection_id)
        with self.shelf.writing() as database:
            database.execute("DELETE FROM collections WHERE id = ?", (collection_id,))

    def items(self, collection_id: str, tag: str = "") -> list[Item]:
        """In order; of one tag where that is given."""
        rows = self.shelf.rows("SELECT * FROM items WHERE collection_id = ? ORDER BY position", (collection_id,))
        return [item for item in map(item_of, rows) if not tag or tag in item.tags]

    def item(self, item_id: str) -> Item:
        """Raises NotFoundError."""
        for row in self.shelf.rows("SELECT * FROM items WHERE id = ?", (item_id,)):
            return item_of(row)
        raise NotFoundError(f"没有编号为 {item_id} 的条目", f"there is no item {item_id}")

    def add(self, collection_id: str, draft: Draft) -> tuple[Item, bool]:
        """The item of this span, and whether it is new. Raises NotFoundError, QueryError when the collection is full."""
        with self.shelf.writing() as database:
            if not database.execute("SELECT 1 FROM collections WHERE id = ?", (collection_id,)).fetchone():
                raise _no_collection(collection_id)
            item_id, new = insert(database, collection_id, draft)
        return self.item(item_id), new

    def edit(self, item_id: str, note: str, tags: Sequence[str], revision: int) -> Item:
        """Raises StaleError when note or tags were changed, or the item removed, since `revision` was read."""
        note, kept = clean_note(note), clean_tags(tags)
        query = "UPDATE items SET note = ?, tags = ?, revision = revision + 1 WHERE id = ? AND revision = ?"
        with self.shelf.writing() as database:
            done = database.execute(query, (note, tags_stored(kept), item_id, revision)).rowcount
        try:
            present = self.item(item_id)
        except NotFoundError:
            raise StaleError(None) from None
        if not done and (present.note, present.tags) != (note, kept):
            raise StaleError(present)
        return present

    def move(self, item_id: str, by: Literal[-1, 1]) -> None:
        """One place up (-1) or down among its collection's items; at the end it stays. Raises NotFoundError."""
        query = (
            "SELECT id, position FROM items WHERE collection_id = ? AND position < ? ORDER BY position DESC LIMIT 1"
            if by < 0
            else "SELECT id, position FROM items WHERE collection_id = ? AND position > ? ORDER BY position LIMIT 1"
        )
        with self.shelf.writing() as database:
            place = "SELECT collection_id, position FROM items WHERE id = ?"
            own = database.execute(place, (item_id,)).fetchone()
            if own is None:
                raise NotFoundError(f"没有编号为 {item_id} 的条目", f"there is no item {item_id}")
            other = database.execute(query, tuple(own)).fetchone()
            if other:
                swap = [(other["position"], item_id), (own["position"], other["id"])]
                database.executemany("UPDATE items SET position = ? WHERE id = ?", swap)

    def remove(self, item_id: str) -> None:
        """Raises NotFoundError."""
        self.item(item_id)
        with self.shelf.writing() as database:
            database.execute("DELETE FROM items WHERE id = ?", (item_id,))


def collection_named(database: sqlite3.Connection, name: str) -> str:
    """Within a change: the id of the collection of this name, made where there is none."""
    row = database.execute("SELECT id FROM collections WHERE name = ?", (name,)).fetchone()
    if row:
        return str(row["id"])
    made = uuid4().hex[:12]
    database.execute("INSERT INTO collections VALUES (?,?,?,1)", (made, name, now()))
    return made


def insert(database: sqlite3.Connection, collection_id: str, draft: Draft) -> tuple[str, bool]:
    """Within a change: the id of the item of this span, added at the end where there is none. Raises QueryError."""
    passage, report = draft.passage, draft.report
    span = (collection_id, report.id, report.version_id, passage.start, passage.end)
    query = "SELECT id FROM items WHERE (collection_id, report_id, version_id, start, end) = (?,?,?,?,?)"
    if row := database.execute(query, span).fetchone():
        return str(row["id"]), False
    counted = "SELECT count(*), coalesce(max(position), 0) FROM items WHERE collection_id = ?"
    count, last = database.execute(counted, (collection_id,)).fetchone()
    if count >= MOST_ITEMS:
        raise QueryError(f"一个合集最多 {MOST_ITEMS} 条", f"a collection holds at most {MOST_ITEMS} items")
    item_id = uuid4().hex[:12]
    values = (item_id, collection_id, *stored(draft), last + 1, 1, draft.added or now())
    database.execute(f"INSERT INTO items VALUES ({','.join('?' * len(values))})", values)  # noqa: S608  # question marks
    return item_id, True


_COLLECTIONS = (
    "SELECT c.id, c.name, c.created, c.revision, (SELECT count(*) FROM items i WHERE i.collection_id = c.id) AS items"
    " FROM collections c"
)


def _collection(row: sqlite3.Row) -> Collection:
    return Collection(**dict(row))


def _no_collection(collection_id: str) -> NotFoundError:
    return NotFoundError(f"没有编号为 {collection_id} 的合集", f"there is no collection {collection_id}")
