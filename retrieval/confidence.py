"""How sure each field of a report's metadata is, by where it was found."""

from __future__ import annotations

from dataclasses import dataclass

from retrieval.types import Metadata

# Below this a person should look.
UNSURE = 0.75
FIELDS = ("title", "region", "year", "publication_date", "issuing_body")
# The first words that stand in a `found` note decide; notes are written by indexer.metadata and indexer.place.
_BY_NOTE = (
    ("manifest", 1.0),
    ("同名地方多", 0.3),
    ("自拟", 0.4),
    ("推断", 0.5),
    ("未收录）", 0.6),
    ("文件名", 0.6),
    ("发布机构", 0.7),
    ("正文自称", 0.75),
    ("网页上下文", 0.85),
    ("正文提到的上级", 0.85),
    ("元数据", 0.85),
    ("文件属性", 0.85),
    ("落款", 0.9),
    ("首段", 0.9),
    ("开头", 0.9),
)
_PLAIN = 0.95


@dataclass(frozen=True, slots=True)
class Doubt:
    """A field that a person should look at: `value` as found, or empty, and where it was found."""

    field: str
    value: str
    confidence: float
    note: str


def has_made_title(metadata: Metadata) -> bool:
    """Whether the title is none of the document's own."""
    return metadata.found.get("title", "").startswith("自拟")


def confidences(metadata: Metadata) -> dict[str, float]:
    """From 0 (not found) to 1 (said by a manifest) for each of FIELDS."""
    return {field: _confidence(metadata, field) for field in FIELDS}


def _confidence(metadata: Metadata, field: str) -> float:
    if not _value(metadata, field):
        return 0.0
    note = metadata.found.get(field, "")
    return next((sure for words, sure in _BY_NOTE if words in note), _PLAIN)


def _value(metadata: Metadata, field: str) -> str:
    if field == "region":
        return "/".join(metadata.region.chain)
    return str(getattr(metadata, field) or "")


def doubts(metadata: Metadata) -> list[Doubt]:
    """Place, year and title as far as they are unsure; without them a report is not found where it should be."""
    found = []
    for field in ("region", "year", "title"):
        confidence = _confidence(metadata, field)
        whole = field != "region" or bool(metadata.region.province)
        if confidence < UNSURE or not whole:
            note = metadata.found.get(field, "") or "没有找到 / not found"
            found.append(Doubt(field, _value(metadata, field), min(confidence, UNSURE if whole else 0.5), note))
    return found
