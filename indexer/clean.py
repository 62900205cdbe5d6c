"""Blocks → the report's text: furniture out with its reason, broken lines joined, the rest kept to the letter.

The text made here is the one that "verbatim" and every offset refer to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from indexer import furniture
from indexer.readers.document import Block, Document, Piece
from retrieval.text import bare
from retrieval.types import Origin, Paragraph, ParagraphKind, Removal

_MARKER = re.compile(
    r"[(]?[一二三四五六七八九十]{1,3}[)、.]|第[一二三四五六七八九十]+[章节条部]|[(]?\d{1,2}[)、.](?!\d)"
)
_TOPIC = re.compile(r"法治|依法行政|依法治[省市州县区镇乡街]|法制")
_TITLE_END = re.compile(r"(?:报告|总结|汇报|情况|自查|自评|综述|述职|述法|通报|公告)(?:[((].{1,12}[))])?$")
_BODY_NAME = re.compile(r"(?:人民政府|政府|委员会|委|局|厅|办公室|办|镇|乡|街道|办事处|县|市|区|省|中心|院|厅)$")
_DATE_LINE = re.compile(
    r"(?:[\u4e00-\u9fff]{2,30})?(?:\d{4}|[二〇零○一二三四五六七八九]{4})年[\d一二三四五六七八九十]{1,3}月[\d一二三四五六七八九十]{1,3}日"
)
_ADDRESSEE = re.compile(
    r"[^。;!?]{2,80}(?:委|政府|人大|常委会|局|厅|办|部|司|代表|领导|同志|单位|办公室|委员会|委员)[^。;!?,]{0,6}:"
)
_CREDIT_REASON = "供稿署名 credit"
_SENTENCE_END = "。！？!?；;：:”》）)…"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A report's text with its paragraphs (title, salutation, body, signature, line), and what was taken out.

    Headings are still `body` here; `indexer.outline` tells them apart.
    """

    text: str
    paragraphs: tuple[Paragraph, ...]
    headings: frozenset[int]
    origins: tuple[Origin, ...]
    removals: tuple[Removal, ...]
    document: Document

    def of_kind(self, kind: ParagraphKind) -> list[str]:
        """The texts of all paragraphs of a kind."""
        return [self.text[p.start : p.end] for p in self.paragraphs if p.kind == kind]


@dataclass(slots=True)
class _Line:
    """A block on its way: `reason` once it is to go, `kind` once it is known."""

    block: Block
    bare: str
    reason: str | None = None
    kind: ParagraphKind = "body"
    credit: str = ""


def clean(document: Document) -> Cleaned:
    """Take the furniture out and tell title, salutation and signature from the body."""
    blocks = _join_wrapped(document.blocks) if document.wrapped else list(document.blocks)
    lines = [_Line(b, bare(b.text), b.furniture) for b in (block.stripped() for block in blocks)]
    lines = [line for line in lines if line.bare]
    for line in lines:
        _cut_credit(line)
    first, last = _prose_range(lines)
    for number, line in enumerate(lines):
        line.reason = line.reason or furniture.reason(line.bare, head=number < first, tail=number > last)
    _mark_title(lines, first)
    _mark_salutation(lines)
    _mark_signature(lines, last)
    return _assemble(lines, document)


def _prose_range(lines: list[_Line]) -> tuple[int, int]:
    """The first and last line that is the report's own prose; all lines when none is."""
    prose = [n for n, line in enumerate(lines) if not line.reason and furniture.is_prose(line.bare)]
    return (prose[0], prose[-1]) if prose else (len(lines), -1)


def _join_wrapped(blocks: tuple[Block, ...]) -> list[Block]:
    """Undo line breaks that a program put in at a fixed width."""
    longest = max(len(block.text) for block in blocks)
    joined: list[Block] = []
    open_line = False
    for block in blocks:
        starts = _MARKER.match(bare(block.text)) or block.heading or block.furniture
        if joined and open_line and not starts:
            joined[-1] = replace(joined[-1], pieces=(*joined[-1].pieces, *_spaced(joined[-1], block)))
        else:
            joined.append(block)
        open_line = len(block.text) >= longest - 3 and block.text[-1] not in _SENTENCE_END
        open_line = open_line or (len(block.text) >= longest - 1 and not block.heading)
    return joined


def _spaced(before: Block, block: Block) -> tuple[Piece, ...]:
    """Latin words need the space that the line break was."""
    if before.text[-1].isascii() and before.text[-1].isalpha() and block.text[0].isascii():
        return (Piece(" ", block.pieces[0].locator, block.pieces[0].page), *block.pieces)
    return block.pieces


def _cut_credit(line: _Line) -> None:
    """Take `(…供稿)` off the end of a paragraph whose sentences stay."""
    match = furniture.CREDIT.search(line.block.text)
    if not match:
        return
    if match.start() == 0:
        line.reason = line.reason or _CREDIT_REASON
        return
    line.credit = match.group().strip()
    line.block = line.block.cut(0, match.start()).stripped()
    line.bare = bare(line.block.text)


def _mark_title(lines: list[_Line], first: int) -> None:
    """Find the title before the first sentence; short lines above it belong to the site."""
    head = [n for n in range(min(first + 1, len(lines))) if not lines[n].reason and _is_short(lines[n])]
    at = next((n for n in head if _TOPIC.search(lines[n].bare) and _TITLE_END.search(lines[n].bare)), None)
    start = end = at
    if at is None:
        # A title broken over lines: its first line has the topic, a later one the end.
        at = next((n for n in head if _TOPIC.search(lines[n].bare) and not _MARKER.match(lines[n].bare)), None)
        follow = [n for n in head if at is not None and at < n <= at + 2 and _TITLE_END.search(lines[n].bare)]
        if at is None or not follow:
            return
        start, end = at, follow[0]
    if start is None or end is None:
        return
    while start - 1 in head and _continues(lines[start - 1], lines[start]):
        start -= 1
    for number in range(start, end + 1):
        lines[number].kind = "title"
    title = "".join(lines[n].bare for n in range(start, end + 1))
    for number in head:
        if number < start:
            lines[number].reason = "标题上方的站点行 site line above the title"
        elif number > end and lines[number].bare == title:
            lines[number].reason = "重复的标题 repeated title"


def _is_short(line: _Line) -> bool:
    return len(line.bare) <= 80 and not re.search(r"[。;!?]", line.bare)


def _continues(before: _Line, line: _Line) -> bool:
    """A line with the issuing body alone above `关于…` is the title's first half."""
    starts_within = re.match(r"关于|\d{4}年|法治|推进|开展|二[〇零○]", line.bare)
    return bool(starts_within and len(before.bare) <= 40 and _BODY_NAME.search(before.bare))


def _mark_salutation(lines: list[_Line]) -> None:
    """`中共武定县委、县人民政府:` between the title and the first sentence."""
    kept = [line for line in lines if not line.reason and line.kind != "title"][:3]
    for line in kept:
        if _ADDRESSEE.fullmatch(line.bare) and not _MARKER.match(line.bare):
            line.kind = "salutation"
            return
        if furniture.is_prose(line.bare):
            return


def _mark_signature(lines: list[_Line], last: int) -> None:
    """The issuing body and the date after the last sentence; what follows them is not the report."""
    signed = False
    for line in lines[last + 1 :]:
        if line.reason and not _DATE_LINE.fullmatch(line.bare):
            continue
        if _DATE_LINE.fullmatch(line.bare):
            line.kind, line.reason, signed = "signature", None, True
        elif _BODY_NAME.search(line.bare) and len(line.bare) <= 40 and not _MARKER.match(line.bare) and not signed:
            line.kind = "signature"
        elif signed and _is_short(line) and not line.bare.startswith("附"):
            line.reason = "落款之后 after the signature"


def _assemble(lines: list[_Line], document: Document) -> Cleaned:
    parts: list[str] = []
    paragraphs: list[Paragraph] = []
    origins: list[Origin] = []
    headings: set[int] = set()
    removals: list[Removal] = []
    at = 0
    for line in lines:
        text, pieces = line.block.text, line.block.pieces
        if line.reason:
            removals.append(Removal(text, line.reason, pieces[0].locator, at))
            continue
        if line.block.heading:
            headings.add(len(paragraphs))
        paragraphs.append(Paragraph(at, at + len(text), line.kind, 0, pieces[0].page))
        parts.append(text)
        for piece in pieces:
            origins.append(Origin(at, at + len(piece.text), piece.locator, piece.page))
            at += len(piece.text)
        at += 1
        if line.credit:
            removals.append(Removal(line.credit, _CREDIT_REASON, pieces[-1].locator, at))
    return Cleaned("\n".join(parts), tuple(paragraphs), frozenset(headings), tuple(origins), tuple(removals), document)
