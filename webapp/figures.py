"""The figures of a passage: value, unit and scope, each with its offsets; which of them answers a question. No Flask."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from retrieval.tags import Naming
from retrieval.text import Normalised, normalise_with_offsets, sentences, tokens

_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_COUNTERS = (
    "个百分点|个月|人次|件次|场次|户次|家次|台次|辆次|架次|批次|车次|艘次|个次|条次|个工作日|平方公里|平方米|立方米|公里|"
    "学时|课时|小时|分钟|人|名|位|件|项|条|个|次|家|户|场|份|部|起|宗|处|支|台|套|本|册|期|篇|批|亩|公顷|所|座|辆|天|日|吨|"
    "类|卷|例|张|轮|届|架|艘|头|块|间|栋|幢|米|米|对|枚|副|幅|种|门|款|站|村|组|队|元|篇次|单|案|月"
)
_FIGURE = re.compile(
    r"(?P<before>(?:大约|约|近|超过|超|逾|不少于|至少|最多|不超过|不到|不足|低于|高于)?)"
    # Longer runs of digits are numbers of something, and no float could hold them.
    r"(?P<number>(?<!\d)(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?!\d)(?:\.\d+)?)"
    r"(?P<more1>[多余来几]?)(?P<scale>[十百千]?[万亿]|[百千]|)(?P<more2>[多余]?)\s*"
    rf"(?P<unit>%|‰|{_COUNTERS}|年(?!度|\d|[初末底来内以前后]))(?P<after>(?:以上|以下|左右)?)"
)
_YEAR = re.compile(r"(?<!\d)(20[0-3]\d)\s*年")
_SINCE = (
    re.compile(r"[自从][^,;。自从]{1,24}?以来"),
    re.compile(r"(?<!可)(?<=[,;。(])[^,;。]{2,24}?以来"),
    re.compile(r"截[至止](?:目前|今|年底|20\d\d年(?:\d{1,2}月)?(?:\d{1,2}日|底)?|\d{1,2}月(?:\d{1,2}日|底)?)"),
    re.compile(r"20\d\d\s*(?:年度?)?\s*[-–—至到]\s*20\d\d\s*年"),
    re.compile(r"近[两二三四五六七八九十]年|累计"),
)
# A sentence that goes on counting what the one before it counted.
_GOES_ON = re.compile(r"\s*(?:其中|分别|共|上述|以上)")
_CLAUSE = re.compile(r"(?:[^,;。!?]|,(?=\d{3}(?!\d)))+[,;。!?]?")
# What a question counts: the unit after 多少 or 几, or the kind of figure that a word asks for.
_ASKED_UNITS = (
    re.compile(rf"(?:多少|几)\s*(?P<unit>{_COUNTERS})(?<!村)(?<!组)(?<!队)(?!民调解|位)"),
    re.compile(r"(?P<money>多少钱|多少资金|金额|罚没款|\bhow much money)"),
    # 效率, 率先 and 比例原则 are no rates.
    re.compile(r"(?P<rate>(?<![效频])率(?=[是为达有多怎如高低几?]|$)|比例(?!原则)|百分之几|占比|\brate\b|\bpercent)"),
)
_CHANGE = re.compile(r"增[加长]|减少|下降|上升|同比|[较比](?:上年|去年|同期)")
_HOW_MANY = re.compile(r"多少|是多少|几(?=[个件次项条名人场份起家部所台支户])|的?比例|数量|总数")
_ASKS_AMOUNT = re.compile(
    r"多少|几(?:[件项条名人场份起家部所台支户处](?!部门|单位)|[个次]$|成)|有几个|(?<![效频])率(?=[是为达有多怎如高低几?]|$)|比例(?!原则)|百分之几|数量|总数|件数|案件数|人数|次数|条数|金额|占比|\bhow (?:many|much)\b"
)
# What a figure outside the best sentence must share with the question, of its terms.
_SHARED = 0.25
# Units that count the same things, so that 多少人 is answered by 7600多名.
_ALIKE = (
    {"人", "名", "位", "人次"},
    {"场", "次", "场次", "期", "轮"},
    {"件", "起", "宗", "例", "案", "件次"},
    {"项", "个", "条", "类", "种"},
)
_ALIKE_MORE = ({"家", "个", "户", "所"}, {"份", "件", "部", "个", "项"}, {"支", "个"}, {"台", "个", "套", "部"})


# What governments count, by the law that it falls under: a count of one says nothing of another, though both are 案件.
_MATTERS = tuple(
    re.compile(words)
    for words in (
        "复议",
        "处罚",
        "许可|审批",
        "强制(?!隔离)",
        "诉讼|应诉|出庭|败诉",
        "赔偿",
        "裁决",
        "调解|和解",
        "信访",
        "仲裁",
        "公证",
        "法律援助",
        "规范性文件",
        "重大(?:行政)?决策",
        "合同",
        "信息公开|依申请公开",
        "刑事|犯罪|移送",
    )
)
# As far as a figure's neighbours may stand from it.
_NEAR = 60


@dataclass(frozen=True, slots=True)
class Figure:
    """`text` stands at [start:end] of its passage's text. `value` is in `unit`; `base_value` without 万 and 亿.

    `about` holds the words that make it inexact (余, 约 …); `since` is the verbatim scope of a cumulative figure;
    `part` says that it is a part of another (其中); `year` is the year that its own clause names;
    `sentence` is the span of the sentence it stands in.
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
    sentence: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Derived:
    """A figure that no report states: worked out from two that one sentence states."""

    value: float
    unit: str
    parts: tuple[Figure, Figure]


@dataclass(frozen=True, slots=True)
class _Clause:
    """What a clause says of all its figures; see Figure."""

    text: str
    since: str
    part: bool
    year: int | None
    sentence: tuple[int, int]


def figures(text: str) -> tuple[Figure, ...]:
    """All figures of a passage, in order; years, dates and numbers of articles are none."""
    plain = normalise_with_offsets(text)
    found: list[Figure] = []
    since, part, listed = "", False, False
    for start, end in sentences(text):
        first, last = _positions(plain, start, end)
        sentence = plain.text[first:last]
        since = since if listed or _GOES_ON.match(sentence) else ""
        part, listed = part and listed, text[end - 1] in ";；"
        for clause in _CLAUSE.finditer(sentence):
            since = _scope("," + clause.group()) or since
            part = part or "其中" in clause.group()
            stated = _Clause(clause.group(), since, part, _year_of(clause.group(), since), (start, end))
            found += [
                _figure(text, plain, first + clause.start(), match, stated)
                for match in _FIGURE.finditer(clause.group())
                if not _is_ordinal(clause.group(), match)
                and not _is_circled(text, plain, first + clause.start(), match)
            ]
    return tuple(found)


def _scope(clause: str) -> str:
    """The words that make a figure cumulative."""
    marks = (pattern.search(clause) for pattern in _SINCE)
    return next((mark.group().strip() for mark in marks if mark), "")


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


def _figure(text: str, plain: Normalised, at: int, match: re.Match[str], clause: _Clause) -> Figure:
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
        part=clause.part and "其中" not in clause.text[match.end() :],
        year=clause.year,
        clause=clause.text,
        sentence=clause.sentence,
    )


def asks_amount(question: str) -> bool:
    """Whether a normalised question asks for a figure, so that a sentence without one does not answer it."""
    return bool(_ASKS_AMOUNT.search(question))


def answering(
    text: str, question: str, terms: Iterable[str], sentence: tuple[int, int], naming: Naming | None = None
) -> Figure | None:
    """The figure of a passage that answers a normalised question, or None where it gives none of the kind asked for.

    Its clause shares most with the question; the sentence that ranked best, the kind of unit and being no part of
    another figure decide between equals. A clause that names another measure or other matters than the question's does
    not answer, nor does one outside the sentence that ranked best which shares hardly a word with the question.
    """
    asked = _asked_unit(question)
    wanted = set(terms)
    # What is counted stands last before the question word: 自查案件行政处罚|多少件. Its last words weigh most.
    asked_of = _HOW_MANY.split(question)[0].replace(" ", "").removesuffix("率")
    counted = [term for size in (6, 2, 2) for term in tokens(asked_of[-size:]) if term in wanted]

    def shared(figure: Figure) -> float:
        clause = set(tokens(figure.clause.replace(" ", "")))
        found = len(wanted & clause) + sum(term in clause for term in counted)
        return found / max(1, len(wanted) + len(counted))

    def inside(figure: Figure) -> bool:
        return sentence[0] <= figure.start < sentence[1]

    candidates = [
        figure
        for figure in figures(text)
        if _fits(figure, asked)
        and (inside(figure) or shared(figure) >= _SHARED)
        and not (naming and naming.differ(question, figure.clause))
        and not _other_matters(question, figure.clause)
    ]
    return max(
        candidates,
        key=lambda figure: (
            shared(figure) + 0.15 * inside(figure),
            figure.base_unit == asked,
            inside(figure),
            not figure.part,
            -figure.start,
        ),
        default=None,
    )


def _other_matters(question: str, clause: str) -> bool:
    """Whether both name matters that are counted, and none is the same."""
    asked, counted = ({number for number, words in enumerate(_MATTERS) if words.search(t)} for t in (question, clause))
    return bool(asked and counted) and not asked & counted


def _asked_unit(question: str) -> str:
    """The unit that a question counts in; `%` for rates, empty where it names none."""
    for pattern in _ASKED_UNITS:
        match = pattern.search(question)
        if match:
            found = match.groupdict()
            return "%" if found.get("rate") else "元" if found.get("money") else match.group("unit")
    return ""


def _fits(figure: Figure, unit: str) -> bool:
    if not unit:
        return True
    if unit == "%":
        return figure.base_unit in ("%", "‰")
    return figure.base_unit == unit or any(
        unit in group and figure.base_unit in group for group in (*_ALIKE, *_ALIKE_MORE)
    )


def derived(text: str, question: str) -> Derived | None:
    """A count that is only stated as a rate: 办结103件，败诉率11.65% gives about 12件 for 败诉多少件.

    Both stand in one sentence; parts of other figures and what something grew or fell by are no base.
    """
    unit = _asked_unit(question)
    if unit in ("", "%"):
        return None
    found = figures(text)
    for rate in (figure for figure in found if figure.base_unit == "%"):
        subject = re.search(r"([\u4e00-\u9fff]{2,6})率", rate.clause)
        named = subject.group(1)[-2:] if subject else ""
        if not named or named not in question.replace(" ", ""):
            continue
        counts = [f for f in found if f.base_unit == unit and f.sentence == rate.sentence]
        bases = [f for f in counts if f.start < rate.start and not f.part and not _CHANGE.search(f.clause)]
        if bases and not any(named in f.clause for f in counts):
            return Derived(round(bases[-1].base_value * rate.value / 100, 1), unit, (bases[-1], rate))
    return None
