"""What a question asks and which filters it names. No Flask."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from retrieval.text import bare, normalise_query, tokens
from retrieval.types import Filters, Level, Role
from webapp.amounts import asks_amount
from webapp.places import PlaceNames

T = TypeVar("T")
Kind = Literal["places", "fact", "compare", "open"]
# What a question may name that becomes a filter, each removable on its own; `measure` is what it was taken to mean.
NAMED = ("region", "department", "year", "level", "role", "measure")

_ASKS_PLACES = re.compile(
    r"(?:哪些|哪个|哪几个|什么|有哪些|哪里|何处).{0,4}(?:地方|省|市|县|区|乡|镇|街道|地区|部门|政府|单位)?|谁(?:推行|开展|建立|实行)"
    r"|\bwhich\b|\bwhere\b"
)
_ASKS_FACT = re.compile(
    r"多少|几(?:[件项条名人场份起家部所支处](?!部门|单位)|[个次]$)|有几个|何时|什么时候|哪一?[天年月]|是谁|比例|率是|数量|总数|件数|案件数|人数|次数|总条数|金额|[率数额]最|最[多少](?:的?是?\s*\??$)|(?:率|数|场次|总额)\s*\??$"
    r"|\bhow (?:many|much)\b|\bwhen\b|\bwho\b"
)
_ASKS_COMPARISON = re.compile(r"比较|对比|差异|区别|异同|相比|不同|\bcompar|\bdiffer")
_YEARS = re.compile(
    r"(?<!\d)(?P<first>20[0-3]\d)\s*(?:年度?)?(?:\s*(?:[-–—~至到、和与]|\bto\b|\band\b)\s*(?P<last>(?:20)?[0-3]\d)(?=\s*年|\D|$))?"
    r"\s*年?(?P<open>以来|以后|之后|起|以前|之前)?(?![\d元件人名个家项条次])"
)
# A year inside a document's title, or far off, is no year to search in.
_NO_YEAR = re.compile(
    r"《[^》]*》|(?:纲要|规划|方案)\s*\(?20\d\d\s*[-–—~至到]\s*20\d\d\s*年?\)?|(?:到|至)?20\d\d\s*年?(?:远景|基本建成)[^,。]*"
)
_HAN_YEAR = re.compile(r"二[〇○零o][〇○零o一二三四五六七八九]{2}(?=年)")
_HAN_DIGITS = str.maketrans("〇○零o一二三四五六七八九", "0000123456789")
# 有多少个乡镇 counts what a place consists of; 多少个乡镇推行了 asks which of them did something.
_COUNTS_PLACES = re.compile(r"多少个?\s*(?:乡镇|镇街|街道|社区|县市区|县区|[省市县区乡镇])[和、(]?(?:街道)?\)?\s*\??$")
_ASKED = r"(?:哪些|哪个|哪几个|各个?|多少个?|\bwhich )\s*"
_LEVELS: tuple[tuple[Level, re.Pattern[str]], ...] = (
    ("township", re.compile(_ASKED + r"(?:乡镇街道|乡镇|镇街|街道|乡(?![村土风])|镇|townships?\b|towns?\b)")),
    (
        "county",
        re.compile(_ASKED + r"(?:市辖区|县市区|市县区|县区|区县|县级|县|区(?!域)|count(?:y|ies)\b|districts?\b)"),
    ),
    (
        "prefecture",
        re.compile(_ASKED + r"(?:地级市|设区市|市州|州市|市级|市(?![县场民政区、和与及/辖])|prefectures?\b|cities\b)"),
    ),
    ("province", re.compile(_ASKED + r"(?:省份|省级|省(?![市内辖直、和与及/])|provinces?\b)")),
)
_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = (
    (
        "shortcoming",
        re.compile(
            r"(?<!解决)(?<!化解)(?<!解决了)(?<!化解了)(?<!整改)(?<!整改了)(?<!反映的)(?:哪些|什么|主要|突出|\bwhat )"
            r"(?:问题|不足|短板|困难(?!群众|家庭|职工|人员|学生)|差距|shortcomings|problems)|(?:存在|承认|自认).{0,10}(?:问题(?!的?(?:案件|线索|企业|产品|文件|项目|事项))|不足|短板)"
            r"|\bshortcomings?\b"
        ),
    ),
    (
        "planned",
        re.compile(
            r"打算|(?<!检查)(?<!立法)(?<!执法)(?<!年度)(?<!审计)(?<!工作)(?:计划|准备|拟)(?:做|推行|开展|建立|怎么|如何|出台|建设|实施|制定)|(?:下一步|下步|明年|来年|今后|接下来|下一年)"
            r"|20\d\d\s*年(?:度)?的?(?:有|还有)?(?:什么|哪些)?(?:主要|重点)?(?:工作)?(?:计划|打算|安排|思路)|(?:计划|打算|要|将)新增"
            r"|\bplans? (?:to|for)\b|\bplanned\b|\bintends?\b"
        ),
    ),
    ("done", re.compile(r"做了什么|(?:已经?|已)(?:推行|开展|建立|实行|建成|完成|出台|落实)")),
)
# Words of the question's frame: they ask, they do not name the measure.
_FRAME = re.compile(
    r"哪些(?:地方|省|市|县|区|乡镇|地区|政府|部门|单位)?|哪(?:里|个|几个)(?:地方)?|有没有|是否|多少|什么|如何|怎么样?|各地|地方|"
    r"情况|做法|工作|推行|开展|实行|建立|制定|实施|请问|一下|比较|对比|报告|政府"
)


# Words that only say which part of a report is meant.
_PART_WORDS = re.compile(
    r"不足|问题|短板|困难|差距|弱项|存在|承认|自认|主要|突出|打算|计划|安排|思路|下一步|下步|明年|来年|今后|接下来|重点|法治|依法行政|"
    r"建设|方面|自己|[做干有还的在上]|\d+\s*年?度?|[^\u3400-\u9fff]"
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question as understood: `filters` to apply, and which of NAMED came from its own words.

    `missing` names a place that the question asks for and no report is about. `plans_for` is the year whose plans are
    asked: they stand in the reports of the year before, which `filters` then name. `content` are its normalised words
    without those of its frame, its places and years.
    """

    text: str
    kind: Kind
    filters: Filters
    terms: tuple[str, ...]
    named: tuple[str, ...] = ()
    missing: str | None = None
    plans_for: int | None = None
    content: str = ""

    @property
    def fact(self) -> bool:
        """Whether it asks for one thing of each place: a figure, a date, a name; also of several places side by side."""
        return self.kind == "fact" or (self.kind == "compare" and asks_amount(normalise_query(self.text)))

    @property
    def overview(self) -> bool:
        """Whether it asks for all that a place's reports say in one part: 某县有哪些不足, 某县2024年有什么计划."""
        return bool(self.filters.region and self.filters.role and not _PART_WORDS.sub("", self.content))


def understand(text: str, names: PlaceNames, filters: Filters | None = None, ignored: Collection[str] = ()) -> Question:
    """Kind, named filters and content words of a question; `names` are those of the corpus's places.

    `filters` given by the caller win over named ones; what is `ignored` (of NAMED) is not taken from the words.
    """
    plain = normalise_query(text)
    given = filters or Filters()
    kind = _kind(plain)
    places, missing = names.named(plain)
    own: dict[str, object] = {}
    named = []
    if places and not given.region and "region" not in ignored:
        # A figure asked of a place is that place's own, not one of a county below it.
        own |= {
            "region": "、".join(places),
            "own_reports_only": kind == "fact" or (kind == "compare" and asks_amount(plain)),
        }
        named.append("region")
    department = names.department(plain, places)
    if department and not given.department and "department" not in ignored:
        own["department"] = department
        named.append("department")
    if missing and not given.region and "region" not in ignored:
        own |= {"region": missing}
        named.append("region")
    first, last = _years(plain)
    level, role = _only(_LEVELS, _COUNTS_PLACES.sub("", plain)), _only(_ROLES, plain)
    plans_for = first if role == "planned" and first == last else None
    if plans_for:
        first = last = plans_for - 1
    if (first or last) and not (given.year_from or given.year_to) and "year" not in ignored:
        own |= {"year_from": first, "year_to": last}
        named.append("year")
    if level and not given.level and "level" not in ignored:
        own["level"] = level
        named.append("level")
    if role and not given.role and "role" not in ignored:
        own["role"] = role
        named.append("role")
    sought = given.region or "region" in ignored
    return Question(
        text=text,
        kind=kind,
        filters=replace(given, **own),  # type: ignore[arg-type]  # names checked by replace
        terms=content_terms(plain, (*places, department or "")),
        content=_content(plain, (*places, department or "")),
        named=tuple(named),
        missing=None if sought else missing,
        plans_for=plans_for if "year" in named else None,
    )


def _kind(plain: str) -> Kind:
    if _ASKS_COMPARISON.search(plain):
        return "compare"
    if _ASKS_FACT.search(plain) or asks_amount(plain):
        return "fact"
    return "places" if _ASKS_PLACES.search(plain) else "open"


def _years(plain: str) -> tuple[int | None, int | None]:
    """First and last of the years that a question names; 2020年以来 has no last, 2021年之前 no first."""
    words = _HAN_YEAR.sub(lambda match: match.group().translate(_HAN_DIGITS), _NO_YEAR.sub(" ", plain))
    years: list[int] = []
    opened = ""
    for match in _YEARS.finditer(words):
        years.append(int(match.group("first")))
        last = match.group("last") or ""
        years += [int(last if len(last) == 4 else f"20{last}")] if last else []
        opened = match.group("open") or opened
    if not years:
        return None, None
    if opened in ("以来", "以后", "之后", "起"):
        return min(years) + (opened in ("以后", "之后")), None
    if opened in ("以前", "之前"):
        return None, max(years) - 1
    return min(years), max(years)


def _only(patterns: Iterable[tuple[T, re.Pattern[str]]], plain: str) -> T | None:
    """The one thing that a question names; two at once are no filter."""
    found = [value for value, pattern in patterns if pattern.search(plain)]
    return found[0] if len(found) == 1 else None


def content_terms(plain: str, places: Iterable[str] = ()) -> tuple[str, ...]:
    """The terms that name what is asked for: without frame words, years and places."""
    return tuple(dict.fromkeys(tokens(_content(plain, places)))) or tuple(dict.fromkeys(tokens(plain)))


def _content(plain: str, places: Iterable[str]) -> str:
    words = _YEARS.sub(" ", plain)
    for place in places:
        words = words.replace(bare(place), " ") if place else words
    return _FRAME.sub(" ", words)
