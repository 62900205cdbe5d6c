"""Paragraphs → headings with their levels, run-in headings cut off their paragraph, and each section's role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from indexer.clean import Cleaned
from retrieval.text import bare, simplify
from retrieval.types import Paragraph, Role

_NUMERAL = "[一二三四五六七八九十百]{1,4}"
# After 1.1 comes a heading's first word, and no unit.
_NO_SUM = r"[、．.\s]*(?=[\u4e00-\u9fff“《])(?!万|亿|元|倍|个|公里|米|吨|亩|平方|人|件|年|月|小时|分)"
# Numbering styles from the highest rank down; the ranks that a report uses become its levels 1, 2, 3 …
_STYLES = (
    re.compile(rf"第{_NUMERAL}(?:部分|[章编篇])[、:：\s]*"),
    re.compile(rf"{_NUMERAL}\s*[、．.]\s*|[壹贰叁肆伍陆柒捌玖拾]、"),
    re.compile(rf"[（(【]?\s*{_NUMERAL}\s*[）)】]\s*[、．.]?\s*|[㈠-㈩]\s*"),
    re.compile(rf"第{_NUMERAL}[、，,:：]\s*"),
    re.compile(r"\d{1,2}\s*(?:[、．]|\.(?!\d))\s*"),
    re.compile(rf"\d{{1,2}}[.．]\d{{1,2}}{_NO_SUM}"),
    re.compile(rf"\d{{1,2}}(?:[.．]\d{{1,2}}){{2,3}}{_NO_SUM}"),
    re.compile(r"[（(]\s*\d{1,2}\s*[）)]\s*[、．.]?\s*|\d{1,2}[）)]\s*|[⑴-⒇]\s*"),
    re.compile(r"[①-⑳]\s*"),
    re.compile(r"[●◆■★▲◇►➢➤•]\s*"),
)
_FORMAT_RANK = {1: 1, 2: 1, 3: 2, 4: 4}
# A heading is a phrase: longer ones, and ones with counted things, are statements.
_LONGEST = 55
_LONGEST_LINE = 75
_QUOTED = re.compile(r"[“\"「‘][^”\"」’]{0,20}[”\"」’]")
_FIGURE = re.compile(r"\d+(?:\.\d+)?\s*(?:余|多)?(?:万|亿)?\s*(?:件|人|次|个|项|起|份|%|场|家|条|名|期|元|宗)")
_END = re.compile(r"[。！？!?；;]")
# A heading set off from its text by a colon, a dash or a space: `（一）强化组织领导：坚持…`.
_RUN_IN = re.compile(r"(?P<phrase>[^。；;：:！？!?\s—]{4,30})(?:[：:]|——|[ \u3000\xa0\t]+)(?=\S{10})")
_FIRST_ITEM = re.compile(r"(?=一是)")
_INLINE_HEADING = re.compile(rf"(?<=[。；;])\s*(?={_NUMERAL}、|[（(]{_NUMERAL}[）)])")
# A paragraph this long that holds numbered headings has lost its line breaks.
_RUN_TOGETHER = 600
_SENTENCE_MARK = re.compile(r"[。！？!?；;，,：:]")

_PLANNED = re.compile(
    r"下一?步|下一?阶段|今后|来年|明年|努力方向|工作(?:打算|设想|思路|计划|安排|部署|要点|谋划|展望)|"
    r"主要(?:安排|打算|计划)|(?:打算|展望|安排|计划|思路)$|对策|(?:改进|整改)措施|措施打算"
)
_ACHIEVED = re.compile(r"成效|成绩|做法|亮点|工作情况|完成情况|落实情况|开展情况|进展|履职|履行|推进情况|回顾|举措")
_CARRIED_OUT = re.compile(r"(?:计划|安排|部署|要点|任务|目标|问题).{0,6}(?:完成|落实|执行|推进|开展|整改)情况")
_SHORT = re.compile(
    r"存在.{0,14}(?:问题|不足|困难|差距|短板|薄弱|弱项)|^(?:主要|当前|目前)?的?(?:问题|不足|困难|短板|差距)|"
    r"(?:问题|不足|差距|短板|薄弱环节|困难)(?:[和及与、以]|之处|原因|$)"
)
_MENDED = re.compile(r"破解|补齐|问题导向|解决|化解|攻坚|专项(?:治理|整治)")
_OTHER = re.compile(r"其他(?:需要)?(?:报告|说明)?的?(?:情况|事项)|附件|附录|需要说明")
_YEAR = re.compile(r"(20\d{2})\s*年")
_CUE_PLANNED = re.compile(r"(?:下一?步|下一?阶段|今后|来年|明年|(?P<year>20\d{2})年(?:度)?)[,，:：]?(?P<rest>.{0,40})")
_CONCEDES = re.compile(r"(?:虽然|尽管|但是?|在肯定|在看到|在取得|与此同时).{0,40}存在.{0,20}(?:问题|不足|差距|短板)")
_DONE_ALREADY = re.compile(r"已(?:经)?(?:提前|全部|如期)?(?:完成|实现)")
_CUE_SHORT = re.compile(r"(?:但|仍|也|还|依然|尚)(?:然|是|还|也)*存在.{0,20}(?:问题|不足|差距|短板|薄弱)")


@dataclass(frozen=True, slots=True)
class Section:
    """A body paragraph with the headings above it and their role; `role` is None where headings do not tell."""

    paragraph: Paragraph
    heading_path: tuple[str, ...]
    role: Role | None
    planned_for: int | None


def outline(cleaned: Cleaned) -> tuple[Paragraph, ...]:
    """The report's paragraphs with headings told apart: kind `heading` and level 1, 2, 3 …

    A run-in heading becomes a paragraph of its own that ends where its text begins.
    """
    found = list(_with_ranks(cleaned))
    ranks = sorted({rank for _, rank in found if rank is not None})
    levels = {rank: number for number, rank in enumerate(ranks, start=1)}
    return tuple(replace(p, kind="heading", level=levels[rank]) if rank is not None else p for p, rank in found)


def _with_ranks(cleaned: Cleaned) -> Iterator[tuple[Paragraph, int | None]]:
    pieces = list(_split_run_together(cleaned))
    texts = [cleaned.text[p.start : p.end] if p.kind == "body" else "" for p, _ in pieces]
    ranks = [_rank(text) if text else None for text in texts]
    ends = [
        _heading_end(text, next(iter(texts[n + 1 : n + 2]), ""), rank) if rank is not None else 0
        for n, (text, rank) in enumerate(zip(texts, ranks, strict=True))
    ]
    empty = [_is_empty(n, texts, ranks, ends) for n in range(len(pieces))]
    for n, (paragraph, formatted) in enumerate(pieces):
        text, rank, end = texts[n], ranks[n], ends[n]
        if not text:
            yield paragraph, None
        elif rank is None:
            yield from _unnumbered(paragraph, text, next(iter(texts[n + 1 : n + 2]), ""), formatted)
        elif end == 0 or (empty[n] and _is_listed(n, ranks, empty)):
            yield paragraph, None
        elif end == len(text):
            yield paragraph, rank
        else:
            yield replace(paragraph, end=paragraph.start + end), rank
            yield replace(paragraph, start=paragraph.start + end), None


def _is_empty(n: int, texts: list[str], ranks: list[int | None], ends: list[int]) -> bool:
    """A whole line that could be a heading and has no text of its own below it."""
    own = ranks[n]
    if own is None or ends[n] not in (0, len(texts[n])):
        return False
    if n + 1 == len(texts) or not texts[n + 1]:
        return True
    below = ranks[n + 1]
    return below is not None and below <= own


def _is_listed(n: int, ranks: list[int | None], empty: list[bool]) -> bool:
    """Whether an empty line is one of a list: a neighbour of the same numbering is empty too.

    A list's lines are statements, and so passages; top-level headings stay headings.
    """
    own = ranks[n]
    if own is None or own <= 1:
        return False
    neighbours = [k for k in (n - 1, n + 1) if 0 <= k < len(ranks) and ranks[k] == own]
    return any(empty[k] for k in neighbours)


def _split_run_together(cleaned: Cleaned) -> Iterator[tuple[Paragraph, bool]]:
    """Paragraphs, cut before numbered headings where the line breaks were lost; and whether the format says heading."""
    for number, paragraph in enumerate(cleaned.paragraphs):
        text = cleaned.text[paragraph.start : paragraph.end]
        start = 0
        if paragraph.kind == "body" and len(text) > _RUN_TOGETHER:
            for match in _INLINE_HEADING.finditer(text):
                if _heading_end(text[match.end() :], "。", _rank(text[match.end() :]) or 0):
                    yield replace(paragraph, start=paragraph.start + start, end=paragraph.start + match.end()), False
                    start = match.end()
        yield replace(paragraph, start=paragraph.start + start), number in cleaned.headings


def _rank(text: str) -> int | None:
    plain = simplify(text)
    return next((rank for rank, style in enumerate(_STYLES) if style.match(plain)), None)


def _heading_end(text: str, after: str, rank: int) -> int:
    """Where the heading that `text` begins with ends; 0 when it begins with none.

    `after` is the next paragraph: a numbered phrase that closes with a full stop is a heading only
    when something else than its next sibling follows it.
    """
    style = _STYLES[rank].match(simplify(text))
    begin = style.end() if style else 0
    stops = [found for pattern in (_END, _FIRST_ITEM) if (found := pattern.search(text, begin))]
    stop = min(stops, key=lambda found: found.start(), default=None)
    early = _RUN_IN.match(text, begin)
    if early and (stop is None or early.end() < stop.start()) and _is_phrase(early.group("phrase")):
        return early.end()
    if stop is None:
        return len(text) if _is_phrase(text[begin:], _LONGEST_LINE) else 0
    phrase, rest = text[begin : stop.start()], text[stop.end() :].strip()
    if not _is_phrase(phrase) or stop.group() in ("；", ";"):
        return 0
    if rest:
        return stop.end()
    return len(text) if after and _rank(after) != rank else 0


def _is_phrase(text: str, longest: int = _LONGEST) -> bool:
    return 1 < len(text.strip()) <= longest and not _FIGURE.search(_QUOTED.sub("", text))


def _unnumbered(paragraph: Paragraph, text: str, after: str, formatted: bool) -> Iterator[tuple[Paragraph, int | None]]:
    """Headings without a number: the format says so, or a short line names a section's role before its text."""
    plain = bare(text)
    is_line = len(plain) <= 40 and not _SENTENCE_MARK.search(text.rstrip("：:"))
    names_role = bool(_PLANNED.search(plain) or _SHORT.search(plain) or _ACHIEVED.search(plain))
    if is_line and after and (formatted or (names_role and len(plain) <= 25 and len(after) > 40)):
        yield paragraph, _FORMAT_RANK[1]
    elif is_line and "\t" not in text and not formatted and not _FIGURE.search(text):
        # Neither a heading nor a statement: kept in the text, never a passage.
        yield replace(paragraph, kind="line"), None
    else:
        yield paragraph, None


def sections(text: str, paragraphs: tuple[Paragraph, ...], year: int | None) -> Iterator[Section]:
    """Body paragraphs with heading path and role, in order. `year` is the year that the report covers."""
    path: list[tuple[int, str]] = []
    for paragraph in paragraphs:
        if paragraph.kind == "heading":
            while path and path[-1][0] >= paragraph.level:
                path.pop()
            path.append((paragraph.level, text[paragraph.start : paragraph.end].strip()))
        elif paragraph.kind == "body":
            names = tuple(name for _, name in path)
            role, planned_for = section_role(names, year)
            yield Section(paragraph, names, role, planned_for)


def section_role(path: tuple[str, ...], year: int | None) -> tuple[Role | None, int | None]:
    """The role that the headings give, and for plans the year they are for.

    The top heading decides; a lower one only where the top one names shortcomings and plans together,
    or when it opens a section of its own kind (`（三）下一步工作打算`).
    """
    if not path:
        return None, None
    role, planned_for = _heading_role(path[0], year)
    for name in path[1:]:
        inner, inner_year = _heading_role(name, year)
        plain = _without_number(name)
        opens = re.match(r"下一?步|存在|今后|主要问题|\d{4}年.{0,12}(?:安排|打算|计划)", plain)
        if inner in ("planned", "shortcoming") and (role is None or opens):
            role, planned_for = inner, inner_year
    return role, planned_for


def _without_number(heading: str) -> str:
    plain = bare(heading)
    for style in _STYLES:
        match = style.match(plain)
        if match:
            return plain[match.end() :].rstrip("。:")
    return plain.rstrip("。:")


def _heading_role(heading: str, year: int | None) -> tuple[Role | None, int | None]:
    plain = _without_number(heading)
    years = [int(y) for y in _YEAR.findall(plain)]
    ahead = [y for y in years if year and (y == year + 1 or (y > year and plain.startswith(str(y))))]
    short = bool(_SHORT.search(plain)) and not _MENDED.search(plain)
    if _CARRIED_OUT.search(plain) and not ahead:
        return "done", None
    reported = year in years and _ACHIEVED.search(plain)
    planned = bool(ahead) or (bool(_PLANNED.search(plain)) and not reported)
    if short and planned:
        return None, None
    if planned:
        return "planned", ahead[0] if ahead else year + 1 if year else None
    if short:
        return "shortcoming", None
    if _OTHER.search(plain):
        return "other", None
    return "done", None


def passage_role(
    text: str, section: Section, year: int | None, before: tuple[Role, int | None] | None
) -> tuple[Role, int | None]:
    """A passage's role and planned year: its section's, unless its own opening words say otherwise.

    `before` is what the passage before it in the same section has: once plans begin, plans follow.
    """
    plain = bare(text)
    for match in _CUE_PLANNED.finditer(plain):
        opens = match.start() == 0 or plain[match.start() - 1] in "。;"
        named = int(match.group("year")) if match.group("year") else None
        intends = re.match(r".{0,30}?(?:将|要|继续|进一步|计划|打算|力争)", match.group("rest"))
        if (
            opens
            and match.start() <= 40
            and not _DONE_ALREADY.search(match.group("rest"))
            and ((named is None and intends) or (named and year and named > year and intends))
        ):
            return "planned", named or (year + 1 if year else None)
    if before and before[0] == "planned" and section.role is None:
        return before
    if section.role == "done" and _CONCEDES.match(plain):
        return "shortcoming", None
    if section.role:
        return section.role, section.planned_for
    if _CUE_SHORT.search(plain[:120]) or (before and before[0] == "shortcoming"):
        return "shortcoming", None
    # An opening that tells of the year belongs to what was done; one that only announces the report is neither.
    narrates = re.match(rf"(?:{year}年|一年来|今年|近年来|过去的?一年)", plain)
    return ("done" if section.heading_path or before or narrates else "other"), None
