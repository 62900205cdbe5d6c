"""A collection as one file to hand on, and such a file taken in. No Flask.

The file is self-contained: quotations with their hashes and sources. Taken in, its quotations are looked for in this
index's own reports; what is not there is kept as it came.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from retrieval.errors import QueryError
from retrieval.quotation import Quoted, digest, find
from retrieval.store import Index
from retrieval.text import bare
from retrieval.types import Passage, Report, ReportSummary
from webapp.collections import MOST_ITEMS, Collection, Collections, collection_named, insert
from webapp.items import Draft, Item, clean_note, clean_tags, item_of, tags_stored
from webapp.links import web_address
from webapp.shelf import clean, clean_name

FORMAT, VERSION = "wenzheng-collection", 1
MOST_BYTES = 5_000_000
_MOST_QUOTATION, _FARTHEST = 20_000, 10**9


@dataclass(frozen=True, slots=True)
class SharedItem:
    """An item as the file has it; `sha256` is the hash of the quotation, `passage.text`."""

    passage: Passage
    report: ReportSummary
    sha256: str
    note: str = ""
    tags: tuple[str, ...] = ()
    added: str = ""


@dataclass(frozen=True, slots=True)
class Shared:
    """The whole file."""

    name: str
    items: tuple[SharedItem, ...]
    format: str = FORMAT
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Imported:
    """What taking a file in did. `missing` are quotations that no report of this index has; `notes` those that came for
    items which have another note already: that one was kept."""

    collection: Collection
    added: int
    merged: int
    missing: tuple[str, ...]
    notes: tuple[str, ...]


_FILE = TypeAdapter(Shared)


def share(collection: Collection, items: Iterable[Item]) -> bytes:
    """The file of a collection, or of a part of its items."""
    kept = tuple(SharedItem(i.passage, i.report, i.digest, i.note, i.tags, i.added) for i in items)
    return json.dumps(asdict(Shared(collection.name, kept)), ensure_ascii=False, indent=1).encode()


def read_share(data: bytes) -> Shared:
    """Raises QueryError saying what is wrong with the file."""
    if len(data) > MOST_BYTES:
        raise _bad(f"超过 {MOST_BYTES // 1_000_000} MB", f"larger than {MOST_BYTES // 1_000_000} MB")
    try:
        values = json.loads(data)
        # Half of a character could not be stored.
        json.dumps(values, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _bad("不是 JSON", "it is not JSON") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise _bad(f"不是 {FORMAT} 格式", f"its format is not {FORMAT}")
    if values.get("version") != VERSION:
        raise _bad(f"版本不是 {VERSION}，请升级本程序", f"its version is not {VERSION}; upgrade this program")
    try:
        found = _FILE.validate_python(values)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise _bad(f"{where} 缺少或不对", f"{where} is missing or wrong") from error
    if len(found.items) > MOST_ITEMS:
        raise _bad(f"超过 {MOST_ITEMS} 条", f"more than {MOST_ITEMS} items")
    return replace(found, name=clean_name(found.name), items=tuple(map(_checked, found.items)))


def import_share(collections: Collections, index: Index, shared: Shared) -> Imported:
    """Merge the file into the collection of its name, all of it or nothing. Notes that are there are never changed."""
    local = _Local(index)
    drafts = [local.draft(item) for item in shared.items]
    missing = tuple(item.passage.text for item, (_, here) in zip(shared.items, drafts, strict=True) if not here)
    with collections.shelf.writing() as database:
        collection_id = collection_named(database, shared.name)
        rows = database.execute("SELECT * FROM items WHERE collection_id = ?", (collection_id,)).fetchall()
        known: dict[object, list[Item]] = defaultdict(list)
        for item in map(item_of, rows):
            known[_content(item.passage, item.report)].append(item)
        added, notes = 0, []
        for draft, _ in drafts:
            same = known[_content(draft.passage, draft.report)]
            if same:
                # Each is met once: a sentence that a report has twice stays two items.
                notes += _merge(database, same.pop(0), draft)
                continue
            item_id, new = insert(database, collection_id, draft)
            added += new
            if not new:
                row = database.execute("SELECT * FROM items WHERE id = ?", (item_id,)).fetchone()
                notes += _merge(database, item_of(row), draft)
    return Imported(collections.get(collection_id), added, len(drafts) - added, missing, tuple(notes))


def _merge(database: sqlite3.Connection, item: Item, draft: Draft) -> list[str]:
    """Tags are united, an empty note is filled; a note that is another one is given back."""
    tags = clean_tags([*item.tags, *draft.tags][:20])
    note = item.note or draft.note
    if (note, tags) != (item.note, item.tags):
        query = "UPDATE items SET note = ?, tags = ?, revision = revision + 1 WHERE id = ?"
        database.execute(query, (note, tags_stored(tags), item.id))
    return [draft.note] if draft.note not in ("", note) else []


def _content(passage: Passage, report: ReportSummary) -> tuple[object, ...]:
    """What makes two items of different indexes the same: words and source."""
    metadata = report.metadata
    return digest(passage.text), metadata.title, metadata.region.chain, metadata.year


class _Local:
    """This index's own reports, to look for quotations of others in."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._by: dict[object, list[ReportSummary]] = defaultdict(list)
        self._texts: dict[str, Report] = {}
        for summary in (*index.current, *(version.summary for version in index.retired.values())):
            for key in _keys(summary):
                self._by[key].append(summary)

    def draft(self, item: SharedItem) -> tuple[Draft, bool]:
        """The item as it stands here, and whether it does."""
        kept = Draft(item.passage, item.report, item.note, item.tags, item.added)
        wanted = Quoted(item.passage.start, item.passage.end, item.sha256)
        for summary in dict.fromkeys(one.version_id for key in _keys(item.report) for one in self._by.get(key, ())):
            report = self._text(summary)
            span = find(report.text, wanted, item.passage.text)
            if span:
                return replace(kept, passage=_passage_at(report, span, item.passage), report=report.summary), True
        return kept, False

    def _text(self, version_id: str) -> Report:
        if version_id not in self._texts:
            self._texts[version_id] = self._index.lookup(version_id)
        return self._texts[version_id]


def _keys(summary: ReportSummary) -> Sequence[object]:
    """By what a report is known again, the surest first: its version, its file, its place or title with the year."""
    metadata = summary.metadata
    keys: list[object] = [summary.version_id, summary.sha256]
    if metadata.region.chain and metadata.year:
        keys.append((metadata.region.chain, metadata.department, metadata.year))
    if not metadata.title_made:
        keys.append((bare(metadata.title), metadata.year))
    return keys


def _passage_at(report: Report, span: tuple[int, int], shared: Passage) -> Passage:
    """The quotation as this text has it: in the passage that holds it, or under the headings that it came with."""
    start, end = span
    home = next((p for p in report.passages if p.start <= start and end <= p.end), shared)
    return replace(home, report_id=report.summary.id, start=start, end=end, text=report.text[start:end])


def _checked(item: SharedItem) -> SharedItem:
    """An item with nothing in it that could not have come from an index. Raises QueryError."""
    words, metadata = item.passage.text, item.report.metadata
    clean(words, _MOST_QUOTATION, "引文", "quotation", required=True)
    if digest(words) != item.sha256:
        raise _bad(
            f"“{words[:30]}”的校验码不符，引文被改动过", f"“{words[:30]}” does not have its hash: it was altered"
        )
    if item.passage.end - item.passage.start != len(words) or not 0 <= item.passage.start < _FARTHEST:
        raise _bad(f"“{words[:30]}”的位置不符", f"the offsets of “{words[:30]}” do not fit it")
    url = web_address(metadata.url)
    report = replace(item.report, metadata=replace(metadata, url=url))
    return replace(item, report=report, note=clean_note(item.note), tags=clean_tags(item.tags), added=_time(item.added))


def _time(text: str) -> str:
    """A moment in ISO 8601, or nothing."""
    try:
        return datetime.fromisoformat(text).isoformat(timespec="seconds")
    except ValueError:
        return ""


def _bad(zh: str, en: str) -> QueryError:
    return QueryError(f"这个文件不能导入：{zh}", f"this file cannot be imported: {en}")
