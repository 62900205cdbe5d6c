"""Blocks → the report's text: furniture out with its reason, broken lines joined, the rest kept to the letter.

The text made here is the one that "verbatim" and every offset refer to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from indexer import furniture
from indexer.readers.document import Block, Document, Piece
from retrieval.text import bare
from retrieval.types import Origin, Paragraph, ParagraphKind, Removal

_MARKER = furniture.NUMBERED
_TOPIC = re.compile(r"法治|依法行政|依法治[省市州县区镇乡街]|法制")
_TITLE_END = re.compile(
    r"(?:报告|总结|汇报|情况|自查|自评|综述|述职|述法|通报|公告|公示|年报|打算|安排|计划|通知|函)(?:[((].{1,12}[))])?$"
)
_BODY_NAME = re.compile(
    r"(?:政府|委员会|委|局|厅|办公室|办|镇|乡|街道|办事处|县|市|区|省|州|中心|院|公署|管委会|党组|小组)(?:\((?:盖章|公章|代章|章|印)\))?$"
)
_DAY = r"(?:\d{4}|[二〇零○o0一三四五六七八九]{4})(?:年(?:\d{1,2}|[一二三四五六七八九十元]{1,3})月(?:(?:\d{1,2}|[一二三四五六七八九十]{1,3})日)?|\.\d{1,2}\.\d{1,2})"
_DATE_LINE = re.compile(rf"(?P<body>[\u4e00-\u9fff]{{2,30}}(?:\((?:盖章|公章|代章|章|印)\))?)?\(?{_DAY}\)?")
_ADDRESSEE = re.compile(
    r"[^。;!?]{2,80}(?:委|政府|人大|常委会|局|厅|办|部|司|代表|领导|同志|单位|办公室|委员会|委员|公署|领导小组)[^。;!?,]{0,6}:"
)
_SIGNED_END = re.compile(
    r"(?<=[。！!])\s*[\u4e00-\u9fff]{2,25}(?:政府|委员会|局|厅|办公室)\s*(?:\d{4}|[二〇零○一三四五六七八九]{4})年.{1,3}月.{1,3}日\s*$"
)
_CLOSING = re.compile(
    r"(?:特此|专此|以上)?(?:报告|汇报|情况)?[,。]?(?:特此报告|此报告|请予?审议|请审阅|不妥之处.{0,20}|妥否.{0,10})[。.]?"
)
_COUNTS = re.compile(r"\d+(?:\.\d+)?(?:余|多)?(?:万|亿)?(?:件|人|次|个|项|起|份|%|场|家|条|名|期|元)")
# The signature stands in the last part of a report: a date before this share of its prose is something else.
_SIGNED_AFTER = 0.6
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


def clean(document: Document, learned: Mapping[str, str] = MappingProxyType({})) -> Cleaned:
    """Take the furniture out and tell title, salutation and signature from the body.

    `learned` are lines in bare form that the page's site repeats, with the reason (`indexer.sites`).
    """
    blocks = _join_wrapped(document.blocks) if document.wrapped else list(document.blocks)
    blocks = [part for block in blocks for part in _cut_signature(block.stripped())]
    lines = [_Line(block, bare(block.text), block.furniture) for block in blocks]
    lines = [line for line in lines if line.bare]
    for line in lines:
        _cut_credit(line)
    signed = _find_signature(lines)
    first, last = _prose_range(lines[: signed + 1] if signed is not None else lines)
    for number, line in enumerate(lines):
        line.reason = line.reason or furniture.reason(line.bare, head=number < first, tail=number > last)
        if not line.reason and not first <= number <= last and furniture.is_strip(line.block.text):
            line.reason = "信息公开条 index strip"
    _mark_title(lines, first)
    _mark_salutation(lines)
    _mark_signature(lines, last, signed)
    _mark_loose_lines(lines, first, last)
    for line in lines:
        if line.kind in ("line", "body") and not line.reason:
            line.reason = learned.get(line.bare)
    return _assemble(lines, document)


def _prose_range(lines: list[_Line]) -> tuple[int, int]:
    """The first and last line that is the report's own prose; all lines when none is."""
    prose = [n for n, line in enumerate(lines) if not line.reason and furniture.is_prose(line.bare)]
    if not prose:
        return len(lines), -1
    last = prose[-1]
    # Short numbered statements and headings belong to the report as well.
    while last + 1 < len(lines) and _MARKER.match(lines[last + 1].bare):
        last += 1
    return prose[0], last


def _find_signature(lines: list[_Line]) -> int | None:
    """The line with the date that closes the report, if it has one."""
    sizes = [len(line.bare) if furniture.is_prose(line.bare) else 0 for line in lines]
    total, seen = sum(sizes), 0
    last_marked = max((n for n, line in enumerate(lines) if _MARKER.match(line.bare) and not line.reason), default=-1)
    found = None
    for number, line in enumerate(lines):
        seen += sizes[number]
        match = _DATE_LINE.fullmatch(line.bare)
        if match and seen >= total * _SIGNED_AFTER:
            around = [other.bare for other in lines[max(0, number - 2) : number + 2] if other is not line]
            own = match.group("body") or ""
            if _BODY_NAME.search(own) or any(_BODY_NAME.search(o) and len(o) <= 40 for o in around):
                return number
            if own:
                continue
            # A date alone may be a heading of its own: the last one, with no numbered heading after it, signs.
            if number > last_marked:
                found = number
    return found


def _cut_signature(block: Block) -> list[Block]:
    """A signature glued to the last sentence becomes a line of its own."""
    match = _SIGNED_END.search(block.text)
    if not match:
        return [block]
    return [block.cut(0, match.start()).stripped(), block.cut(match.start(), len(block.text)).stripped()]


def _columns(text: str) -> int:
    """Width on a screen: Han characters take two columns."""
    return sum(1 if char.isascii() else 2 for char in text)


def _join_wrapped(blocks: tuple[Block, ...]) -> list[Block]:
    """Undo line breaks that a program put in at a fixed width; page numbers between the lines do not matter."""
    longest = max(_columns(block.text) for block in blocks)
    joined: list[tuple[Block, list[Piece]]] = []
    numbers: list[Block] = []
    open_line = False
    for block in blocks:
        if furniture.PAGE_NUMBER.fullmatch(bare(block.text)):
            numbers.append(replace(block, furniture="页码 page number"))
            continue
        starts = _MARKER.match(bare(block.text)) or block.heading or block.furniture
        if joined and open_line and not starts:
            before = joined[-1][1]
            before += _spaced(before[-1].text, block)
        else:
            joined.append((block, list(block.pieces)))
        # A first line is indented by two characters, and a mark may have been kept from the line's start.
        width = _columns(block.text)
        full = width >= longest - 7 and block.text[-1] not in _SENTENCE_END
        open_line = full or width >= longest - 1
    return [*(replace(block, pieces=tuple(pieces)) for block, pieces in joined), *numbers]


def _spaced(before: str, block: Block) -> tuple[Piece, ...]:
    """Latin words need the space that the line break was."""
    if before[-1].isascii() and before[-1].isalpha() and block.text[0].isascii():
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
    topical = [n for n in head if _TOPIC.search(lines[n].bare)]
    whole = [n for n in topical if _TITLE_END.search(lines[n].bare)]
    if whole:
        start = end = max(whole, key=lambda n: (_title_evidence(lines[n].bare), -n))
    else:
        # A title broken over lines: its first line has the topic, a later one the end.
        at = topical[0] if topical else None
        follow = [n for n in head if at is not None and at < n <= at + 2 and _TITLE_END.search(lines[n].bare)]
        if at is None or not follow:
            return
        start, end = at, follow[0]
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


def _title_evidence(line: str) -> int:
    """A title names the year and the body; a menu's entry does not."""
    return bool(re.search(r"20\d\d|二[〇○零o0]", line)) + bool(re.search(r"[省市州县区镇乡旗盟局厅委办]", line))


def _is_short(line: _Line) -> bool:
    return len(line.bare) <= 80 and not re.search(r"[。;!?]", line.bare) and not _MARKER.match(line.bare)


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


def _mark_signature(lines: list[_Line], last: int, signed: int | None) -> None:
    """The issuing body and the date after the last sentence; what follows them is not the report, but for annexes."""
    for number in range(last + 1, len(lines)):
        line = lines[number]
        near = signed is None or abs(number - signed) <= 2
        names_body = _BODY_NAME.search(line.bare) and len(line.bare) <= 40 and "。" not in line.bare
        if number == signed or (signed is None and _DATE_LINE.fullmatch(line.bare)):
            line.kind, line.reason = "signature", None
        elif near and names_body and not line.reason and not _MARKER.match(line.bare) and ":" not in line.bare:
            line.kind = "signature"
    if signed is None:
        return
    annex = False
    for line in lines[signed + 1 :]:
        annex = annex or line.bare.startswith("附")
        if line.kind != "signature" and not line.reason:
            if _MARKER.match(line.bare) or (furniture.is_prose(line.bare) and _COUNTS.search(line.bare)):
                # Figures and numbered statements below a signature are the report's, whoever signed before them.
                line.kind = "body"
            elif annex:
                line.kind = "line"
            else:
                line.reason = "落款之后 after the signature"


def _mark_loose_lines(lines: list[_Line], first: int, last: int) -> None:
    """Outside the report's sentences short phrases are nobody's passages, nor are closing formulas anywhere."""
    for number, line in enumerate(lines):
        if line.reason or line.kind != "body":
            continue
        outside = not first <= number <= last and first <= last
        loose = (
            outside and not re.search(r"[。;!?]", line.bare) and not _MARKER.match(line.bare) and not line.block.heading
        )
        if loose or _CLOSING.fullmatch(line.bare):
            line.kind = "line"


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
