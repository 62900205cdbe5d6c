"""Markdown (.md): plain text whose # lines are headings and whose marks are no words."""

from __future__ import annotations

import re
from dataclasses import replace

from indexer.readers import txt
from indexer.readers.document import Block, Document, Piece

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_RULE = re.compile(r"(?:[-*_]\s*){3,}|`{3}.*")
_MARKS = re.compile(r"^(?:>\s*|[-*+]\s+)")
_EMPHASIS = re.compile(r"\*{1,3}|(?<![\w*])_{1,2}|_{1,2}(?![\w*])|`")


def read(data: bytes, name: str) -> Document:
    """As plain text; a first-level heading is the title, the next levels are headings 1 to 4. Raises ReadError."""
    document = txt.read(data, name)
    blocks = []
    for block in document.blocks:
        if _RULE.fullmatch(block.text):
            continue
        heading = _HEADING.fullmatch(block.text)
        if heading:
            block = replace(block.cut(*heading.span(2)), heading=min(max(0, len(heading.group(1)) - 1), 4))
        blocks.append(_without_marks(block))
    return replace(document, blocks=tuple(block for block in blocks if block.text.strip()))


def _without_marks(block: Block) -> Block:
    """The block without quote, list and emphasis marks; every piece keeps its place."""
    text = block.text
    gone = [match.span() for pattern in (_MARKS, _EMPHASIS) for match in pattern.finditer(text)]
    pieces: list[Piece] = []
    at = 0
    for start, end in [*sorted(gone), (len(text), len(text))]:
        if start > at:
            pieces.extend(block.cut(at, start).pieces)
        at = max(at, end)
    return replace(block, pieces=tuple(pieces))
