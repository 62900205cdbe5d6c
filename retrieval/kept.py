"""The quotations that people keep in collections beside the index, for those who only check them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from retrieval import layout
from retrieval.errors import IndexUnusableError
from retrieval.quotation import Quoted, standing, texts_of
from retrieval.store import Index

_QUERY = (
    "SELECT c.name, i.report_id, i.version_id, i.start, i.end, i.sha256, i.quotation"
    " FROM items i JOIN collections c ON c.id = i.collection_id ORDER BY c.name, i.position"
)


@dataclass(frozen=True, slots=True)
class KeptQuotation:
    """A quotation of a collection with the place that it was taken from."""

    collection: str
    report_id: str
    version_id: str
    place: Quoted
    words: str


def kept_quotations(root: Path) -> tuple[KeptQuotation, ...]:
    """All of them, read without changing anything. Raises IndexUnusableError when the file cannot be read."""
    path = root / layout.COLLECTIONS
    if not path.is_file():
        return ()
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as database:
            rows = database.execute(_QUERY).fetchall()
    except sqlite3.Error as error:
        raise IndexUnusableError(
            f"合集文件 {path} 读不出来（{error}）", f"cannot read the collections in {path} ({error})"
        ) from error
    return tuple(
        KeptQuotation(name, report, version, Quoted(start, end, digest), words)
        for name, report, version, start, end, digest, words in rows
    )


def no_longer_held(index: Index, quotations: tuple[KeptQuotation, ...]) -> Iterator[str]:
    """A line for each quotation that no stored text of its report has any more."""
    for one in quotations:
        now = standing(texts_of(index, one.report_id, one.version_id), one.place, one.words)
        where = f"《{one.collection}》“{one.words[:30]}…” {one.report_id} [{one.place.start}:{one.place.end}]"
        if now.state == "gone":
            yield f"{where}：报告已不在索引里 / its report is not in the index any more"
        elif now.state == "lost":
            yield f"{where}：存下的正文里找不到了 / not found in the stored text any more"
