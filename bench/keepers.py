"""Somebody who keeps quotations in collections of their own and in one that all share, and knows what must be in them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

from bench.checked import Client

# Collections that one keeper has at a time, and items in each.
_MOST, _MOST_ITEMS = 4, 12
_FORMATS = ("csv", "xlsx", "docx", "md", "json", "share")


@dataclass(frozen=True, slots=True)
class Quotation:
    """A passage as it was first shown, in a generation's words."""

    passage_id: str
    report_id: str
    text: str
    generation: int


@dataclass(frozen=True, slots=True)
class Item:
    """What a collection must hold for a quotation."""

    id: str
    passage_id: str
    text: str
    note: str
    tags: tuple[str, ...]
    revision: int


@dataclass(slots=True)
class Shelf:
    """A collection of the keeper's own, in order."""

    name: str
    items: list[Item] = field(default_factory=list)


class Keeper:
    """`shelves` are the keeper's own collections by id; `given` is what it put into the shared one, by item id."""

    def __init__(self, client: Client, name: str, shared: str, chance: random.Random) -> None:
        self._client, self._name, self._shared, self._chance = client, name, shared, chance
        self._made = self._noted = 0
        self.shelves: dict[str, Shelf] = {}
        self.given: dict[str, Item] = {}

    def act(self, quotation: Quotation) -> None:
        """One change or reading of a collection, drawn among those that make sense now."""
        if not self.shelves:
            self._create()
            return
        chosen = self._chance.choice(list(self.shelves))
        act = self._chance.choices(
            (self._add, self._share, self._edit, self._move, self._export, self.check, self._create, self._delete),
            (6, 2, 2, 2, 2, 2, 1, 1),
        )[0]
        act(chosen, quotation)

    def _create(self, *_: object) -> None:
        if len(self.shelves) < _MOST:
            self._made += 1
            name = f"{self._name} {self._made}"
            made = self._client.kept("collection: create", "/api/v1/collections", {"name": name})
            if made:
                self.shelves[made["id"]] = Shelf(name)

    def _add(self, chosen: str, quotation: Quotation) -> None:
        shelf = self.shelves[chosen]
        if len(shelf.items) < _MOST_ITEMS and (item := self._put(chosen, quotation)):
            shelf.items.append(item)

    def _share(self, _: str, quotation: Quotation) -> None:
        if item := self._put(self._shared, quotation):
            self.given[item.id] = item

    def _put(self, collection: str, quotation: Quotation) -> Item | None:
        """The item, where it is new."""
        self._noted += 1
        note, tags = f"{self._name} 记 {self._noted}", [f"标签{self._noted % 5}"]
        sent = {"passage_id": quotation.passage_id, "note": note, "tags": tags}
        put = self._client.kept("collection: add", f"/api/v1/collections/{collection}/items", sent)
        if put is None:
            return None
        if put["text"] != quotation.text:
            self._client.journal.fault(f"collection: {quotation.passage_id} was kept in other words: {put['text']}")
        return _item(put) if put["new"] else None

    def _edit(self, chosen: str, _: Quotation) -> None:
        items = self.shelves[chosen].items
        if items:
            at, note = self._chance.randrange(len(items)), f"{self._name} 改 {self._chance.randrange(10**6)}"
            old = items[at]
            sent = {"note": note, "tags": list(old.tags), "revision": old.revision}
            if self._client.kept("collection: edit", f"/api/v1/collections/{chosen}/items/{old.id}", sent):
                items[at] = replace(old, note=note, revision=old.revision + 1)

    def _move(self, chosen: str, _: Quotation) -> None:
        items = self.shelves[chosen].items
        if len(items) > 1:
            at = self._chance.randrange(1, len(items))
            path = f"/api/v1/collections/{chosen}/items/{items[at].id}/move"
            if self._client.kept("collection: move", path, {"by": -1}):
                items[at - 1], items[at] = items[at], items[at - 1]

    def _export(self, chosen: str, _: Quotation) -> None:
        self._client.bare("collection: export", f"/collections/{chosen}/file.{self._chance.choice(_FORMATS)}")
        self._client.bare("collection: page", f"/collections/{chosen}")

    def _delete(self, chosen: str, _: Quotation) -> None:
        if self._client.kept("collection: delete", f"/api/v1/collections/{chosen}/delete", {}):
            del self.shelves[chosen]

    def check(self, chosen: str, _: Quotation | None = None) -> None:
        """A collection must hold exactly what was put into it, in order."""
        shelf, held = self.shelves[chosen], self._client.kept("collection: read", f"/api/v1/collections/{chosen}")
        if held and (held["name"], [_item(one) for one in held["items"]]) != (shelf.name, shelf.items):
            self._client.journal.fault(f"collection: {shelf.name} does not hold what was put into it")


def _item(held: dict[str, Any]) -> Item:
    return Item(held["item_id"], held["passage_id"], held["text"], held["note"], tuple(held["tags"]), held["revision"])


def read_back(client: Client, keepers: list[Keeper], shared: str) -> int:
    """At the end: every collection must hold what its keeper put into it, and no other be there. Returns all items."""
    for keeper in keepers:
        for chosen in keeper.shelves:
            keeper.check(chosen)
    given = {number: item for keeper in keepers for number, item in keeper.given.items()}
    held = client.kept("collection: read", f"/api/v1/collections/{shared}") or {"items": []}
    if {one["item_id"]: _item(one) for one in held["items"]} != given:
        client.journal.fault("collection: the shared one does not hold what was put into it")
    known = {shared, *(chosen for keeper in keepers for chosen in keeper.shelves)}
    every = client.kept("collection: list", "/api/v1/collections") or {"collections": []}
    if {one["id"] for one in every["collections"]} != known:
        client.journal.fault("collection: the list does not show the collections that were made")
    return len(given) + sum(len(shelf.items) for keeper in keepers for shelf in keeper.shelves.values())
