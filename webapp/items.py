"""What a collection holds: quotations with notes and tags. No Flask.

An item is complete in itself: words, place and the whole source are kept with it, so that it can be read, cited and
exported when the report has been changed or purged.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from pydantic import TypeAdapter

from retrieval.errors import QueryError
from retrieval.quotation import Quoted, digest
from retrieval.types import Passage, ReportSummary, Role
from webapp.shelf import Value, clean

MOST_NOTE = 20_000
_MOST_TAGS, _MOST_TAG = 20, 40


@dataclass(frozen=True, slots=True)
class Item:
    """A quotation that is kept: `passage` is the span quoted (its id is that of the passage it lies in), `report` its
    source as it was. `digest` is the hash of the words, `revision` counts changes of note and tags."""

    id: str
    collection_id: str
    passage: Passage
    report: ReportSummary
    digest: str
    note: str
    tags: tuple[str, ...]
    position: int
    revision: int
    added: str

    @property
    def place(self) -> Quoted:
        """Where the words stood, with their hash."""
        return Quoted(self.passage.start, self.passage.end, self.digest)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to become an item; `added` is now unless it was kept elsewhere before."""

    passage: Passage
    report: ReportSummary
    note: str = ""
    tags: tuple[str, ...] = ()
    added: str = ""


@dataclass(frozen=True, slots=True)
class _Source:
    """What is stored of the source in one column."""

    report: ReportSummary
    heading_path: tuple[str, ...]
    role: Role
    planned_for: int | None
    page: int | None


_SOURCE = TypeAdapter(_Source)


def part_of(passage: Passage, span: tuple[int, int]) -> Passage:
    """The span of the report's text inside a passage that is quoted. Raises QueryError for one outside it."""
    start, end = span
    if not passage.start <= start < end <= passage.end:
        raise QueryError("引文范围不在这个段落里", "the quotation is not inside this passage")
    return replace(passage, start=start, end=end, text=passage.text[start - passage.start : end - passage.start])


def clean_note(text: str) -> str:
    """Raises QueryError when it is too long."""
    return clean(text, MOST_NOTE, "笔记", "note")


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order. Raises QueryError when there are too many or one is too long."""
    kept = tuple(dict.fromkeys(filter(None, (clean(" ".join(tag.split()), _MOST_TAG, "标签", "tag") for tag in tags))))
    if len(kept) > _MOST_TAGS:
        raise QueryError(f"标签最多 {_MOST_TAGS} 个", f"at most {_MOST_TAGS} tags")
    return kept


def split_tags(text: str) -> list[str]:
    """Tags as people type them in one line."""
    return re.split(r"[,，、;；\n]+", text)


def tag_counts(items: Iterable[Item]) -> list[tuple[str, int]]:
    """Every tag with its number of items, the commonest first."""
    return Counter(tag for item in items for tag in item.tags).most_common()


def stored(draft: Draft) -> tuple[Value, ...]:
    """A draft as the columns passage_id to tags of the table of items. Raises QueryError for an unusable note or tag."""
    passage, report = draft.passage, draft.report
    source = _Source(report, passage.heading_path, passage.role, passage.planned_for, passage.page)
    return (
        *(passage.id, report.id, report.version_id, passage.start, passage.end, passage.text, digest(passage.text)),
        *(_json(asdict(source)), clean_note(draft.note), tags_stored(clean_tags(draft.tags))),
    )


def item_of(row: sqlite3.Row) -> Item:
    """An item from its row."""
    source = _SOURCE.validate_json(row["source"])
    passage = Passage(
        *(row["passage_id"], row["report_id"], row["start"], row["end"], row["quotation"], source.heading_path),
        *(source.role, source.planned_for, source.page),
    )
    tags = tuple(json.loads(row["tags"]))
    kept = (row["position"], row["revision"], row["added"])
    return Item(row["id"], row["collection_id"], passage, source.report, row["sha256"], row["note"], tags, *kept)


def tags_stored(tags: tuple[str, ...]) -> str:
    """Tags as their column has them."""
    return _json(tags)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
