"""The figures of a passage: value, unit and scope, each with its offsets. No Flask."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from retrieval.text import Normalised, normalise_with_offsets, sentences

_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
COUNTERS = (
    "个百分点|个月|人次|件次|场次|户次|家次|台次|辆次|架次|批次|车次|艘次|个次|条次|个工作日|平方公里|平方米|立方米|公里|"
    "学时|课时|小时|分钟|人|名|位|件|项|条|个|次|家|户|场|份|部|起|宗|处|支|台|套|本|册|期|篇|批|亩|公顷|所|座|辆|天|日|吨|"
    "类|卷|例|张|轮|届|架|艘|头|块|间|栋|幢|米|米|对|枚|副|幅|种|门|款|站|村|组|队|元|篇次|单|案|月"
)
_FIGURE = re.compile(
    r"(?P<before>(?:大约|约|近|超过|超|逾|不少于|至少|最多|不超过|不到|不足|低于|高于)?)"
    # Longer runs of digits are numbers of something, and no float could hold them.
    r"(?P<number>(?<!\d)(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?!\d)(?:\.\d+)?)"
    r"(?P<more1>[多余来几]?)(?P<scale>[十百千]?[万亿]|[百千]|)(?P<more2>[多余]?)\s*"
    rf"(?P<unit>%|‰|{COUNTERS}|年(?!度|\d|[初末底来内以前后]))(?P<after>(?:以上|以下|左右)?)"
)
_YEAR = re.compile(r"(?<!\d)(20[0-3]\d)\s*年")
_SINCE = (
    re.compile(r"[自从][^,;。自从]{1,24}?以来"),
    re.compile(r"(?<!可)(?<=[,;。(])[^,;。]{2,24}?以来"),
    re.compile(r"截[至止](?:目前|今|年底|20\d\d年(?:\d{1,2}月)?(?:\d{1,2}日|底)?|\d{1,2}月(?:\d{1,2}日|底)?)"),
    re.compile(r"20\d\d\s*(?:年度?)?\s*[-–—至到]\s*20\d\d\s*年"),
    re.compile(r"近[两二三四五六七八九十]年|累计"),
)
# A clause that counts one year, whatever the clause before it counted.
_THIS_YEAR = re.compile(r"全年|今年|本年|年内|当年|一年来")
# A sentence that goes on counting what the one before it counted.
_GOES_ON = re.compile(r"\s*(?:其中|分别|共|上述|以上)")
# After a semicolon: no further part, but something else that was counted.
_COUNTS_ANEW = re.compile(r"数(?:达到?|为)?\d|共|总计|累计|存在")
# What follows are parts of what was counted before.
_PARTS = re.compile(r"其中|共[\d一二三四五六七八九十]+类")
_CLAUSE = re.compile(r"(?:[^,;。!?]|,(?=\d{3}(?!\d)))+[,;。!?]?")


# As far as a figure's neighbours may stand from it.
_NEAR = 60


@dataclass(frozen=True, slots=True)
class Figure:
    """`text` stands at [start:end] of its passage's text. `value` is in `unit`; `base_value` without 万 and 亿.

    `about` holds the words that make it inexact (余, 约 …); `since` is the verbatim scope of a cumulative figure;
    `part` says that it is a part of another (其中); `year` is the year that its own clause names; `own` are the words of
    the clause that belong to it rather than to the figures beside it, `whole` those of the figure that it is a part of;
    `sentence` is the span of its sentence.
    """

    text: str
    start: int
    end: int
    value: float
    unit: str
    base_value: float
    base_unit: str
    about: str = ""
    since: str = ""
    part: bool = False
    year: int | None = None
    clause: str = ""
    own: str = ""
    whole: str = ""
    sentence: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class _Clause:
    """What a clause says of all its figures; see Figure."""

    text: str
    since: str
    part: bool
    year: int | None
    sentence: tuple[int, int]


# Those of a passage are asked for several times a question, and by many questions.
@lru_cache(5000)
def figures(text: str) -> tuple[Figure, ...]:
    """All figures of a passage, in order; years, dates and numbers of articles are none."""
    plain = normalise_with_offsets(text)
    found: list[Figure] = []
    since, part, listed = "", False, False
    whole: Figure | None = None
    for start, end in sentences(text):
        first, last = _positions(plain, start, end)
        sentence = plain.text[first:last]
        since = since if listed or _GOES_ON.match(sentence) else ""
        part = part and listed and not _COUNTS_ANEW.search(sentence.split(",")[0])
        listed = text[end - 1] in ";；"
        for clause in _CLAUSE.finditer(sentence):
            since = _scope("," + clause.group()) or ("" if _THIS_YEAR.search(clause.group()) else since)
            part = part or bool(_PARTS.search(clause.group()))
            stated = _Clause(clause.group(), since, part, _year_of(clause.group(), since), (start, end))
            matches = [
                match
                for match in _FIGURE.finditer(clause.group())
                if not _is_ordinal(clause.group(), match)
                and not _is_circled(text, plain, first + clause.start(), match)
            ]
            for match, own in zip(matches, _own_words(clause.group(), matches), strict=True):
                figure = _figure(text, plain, first + clause.start(), match, stated, own)
                # What is counted in other units, and a rate, is no part of what was counted.
                if figure.part and (whole is None or figure.base_unit != whole.base_unit):
                    figure = replace(figure, part=False)
                whole = whole if figure.part or figure.base_unit == "类" else figure
                found.append(replace(figure, whole=whole.own) if figure.part and whole else figure)
    return tuple(found)


def _own_words(clause: str, matches: list[re.Match[str]]) -> Iterator[str]:
    """For each figure of a clause the words since the figure before it, and those behind it up to the next or a 、."""
    begins = [0, *(match.end() for match in matches)]
    ends = [*(match.start() for match in matches[1:]), len(clause)]
    for match, begin, end in zip(matches, begins, ends, strict=False):
        yield clause[begin : match.end()] + clause[match.end() : end].split("、")[0]


def _scope(clause: str) -> str:
    """The words that make a figure cumulative; 全年累计 counts one year."""
    marks = (pattern.search(clause) for pattern in _SINCE)
    found = next((mark.group().strip() for mark in marks if mark), "")
    return "" if found == "累计" and _THIS_YEAR.search(clause) else found


def _year_of(clause: str, since: str) -> int | None:
    """The year that a clause names outside the scope of its figures."""
    year = _YEAR.search(clause.replace(since, "") if since else clause)
    return int(year.group(1)) if year else None


def _positions(plain: Normalised, start: int, end: int) -> tuple[int, int]:
    """Normalised positions of an original span; `offsets` rises."""
    length = len(plain.text)
    return bisect_left(plain.offsets, start, 0, length), bisect_left(plain.offsets, end, 0, length)


def _is_ordinal(clause: str, match: re.Match[str]) -> bool:
    """第3条, 3月5日, 〔2021〕5号, 2021年: numbers that count nothing."""
    number, unit = match.group("number"), match.group("unit")
    before, after = (
        clause[max(0, match.start("number") - _NEAR) : match.start("number")],
        clause[match.end() : match.end() + _NEAR],
    )
    # 第35、36条; 1万2千: the second half of a number; 1日至31日.
    if re.search(r"第[\d、,\s]*$|[〔\[(]\s*$|\d[万亿千百]$|日[至到\-—~]$", before) or (
        unit == "个" and after.startswith(("方面", "环节的"))
    ):
        return True
    if unit == "年" and (len(number) == 4 or not re.match(r"(?:时间|期|$|[，,。；;])", after)):
        return True
    if unit in ("日", "月") and re.search(r"[月年]\s*$|\d\s*$", before):
        return True
    return unit == "月" or (unit == "日" and bool(re.search(r"月\s*$", before)))


def _is_circled(text: str, plain: Normalised, at: int, match: re.Match[str]) -> bool:
    """① and ⑴ number a list, whatever follows them."""
    start = plain.offsets[at + match.start("number")]
    return "\u2460" <= text[start] <= "\u249b"


def _figure(text: str, plain: Normalised, at: int, match: re.Match[str], clause: _Clause, own: str) -> Figure:
    start = plain.offsets[at + match.start()]
    end = plain.offsets[at + match.end() - 1] + 1
    value = float(match.group("number").replace(",", ""))
    scale, unit = match.group("scale"), match.group("unit")
    return Figure(
        text=text[start:end],
        start=start,
        end=end,
        value=value,
        unit=scale + unit,
        base_value=round(value * math.prod(_SCALES[sign] for sign in scale), 6),
        base_unit=unit,
        about="".join(match.group(name) for name in ("before", "more1", "more2", "after")),
        since=clause.since,
        part=clause.part and not _PARTS.search(clause.text, match.end()),
        year=clause.year,
        clause=clause.text,
        own=own,
        sentence=clause.sentence,
    )
