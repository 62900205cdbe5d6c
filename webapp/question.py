"""What a question asks and which filters it names. No Flask."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from retrieval.filters import in_region
from retrieval.text import bare, normalise_query, tokens
from retrieval.types import Filters, ReportSummary

Kind = Literal["places", "fact", "compare", "open"]

_PLACES = re.compile(
    r"(?:哪些|哪个|哪几个|什么|有哪些|哪里|何处).{0,4}(?:地方|省|市|县|区|乡|镇|街道|地区|部门|政府|单位)?|谁(?:推行|开展|建立|实行)|which|where"
)
_FACT = re.compile(
    r"多少|几[个件次项条名人场份起家]|何时|什么时候|哪一?[天年月]|是谁|比例|率是|数量|总数|件数|案件数|人数|次数|总条数|金额|howmany|howmuch|when|who"
)
_COMPARE = re.compile(r"比较|对比|差异|区别|异同|相比|不同|compare|differ")
_YEARS = re.compile(r"(?<!\d)(20[0-3]\d)\s*(?:年度?)?(?:\s*[-–—~至到]\s*(20[0-3]\d))?\s*年?")
_PLACE_NAME = re.compile(r"[\u4e00-\u9fff]{2,7}?(?:自治区|自治州|自治县|省|市|县|区|镇|乡|街道|州|盟|旗)")
_NOT_PLACE = re.compile(r"哪|各|全|本|我|县级|市级|省级|乡镇|镇街|社区|园区|地区|辖区|城区|街道|几个|多少|设区")
# Words of the question's frame: they ask, they do not name the measure.
_FRAME = re.compile(
    r"哪些(?:地方|省|市|县|区|乡镇|地区|政府|部门|单位)?|哪(?:里|个|几个)(?:地方)?|有没有|是否|多少|什么|如何|怎么样?|各地|地方|"
    r"情况|做法|工作|推行|开展|实行|建立|制定|实施|请问|一下|比较|对比|报告|政府"
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question as understood. `missing` names a place that the question asks for and no report is about."""

    text: str
    kind: Kind
    filters: Filters
    terms: tuple[str, ...]
    missing: str | None = None


def understand(text: str, reports: Iterable[ReportSummary], filters: Filters | None = None) -> Question:
    """Kind, named filters and content words of a question; `filters` given by the caller win over named ones."""
    plain = normalise_query(text)
    summaries = list(reports)
    given = filters or Filters()
    place, missing = _place(plain, summaries)
    years = _YEARS.search(plain)
    first = int(years.group(1)) if years else None
    last = int(years.group(2)) if years and years.group(2) else first
    kind = _kind(bare(text))
    named = replace(
        given,
        # A figure asked of a place is that place's own, not one of a county below it.
        own_reports_only=given.own_reports_only or (kind == "fact" and place is not None and not given.region),
        region=given.region or place,
        year_from=given.year_from or given.year_to or first,
        year_to=given.year_to or given.year_from or last,
    )
    return Question(text, kind, named, content_terms(plain, place), missing if not given.region else None)


def _kind(plain: str) -> Kind:
    if _COMPARE.search(plain):
        return "compare"
    if _FACT.search(plain):
        return "fact"
    return "places" if _PLACES.search(plain) else "open"


def _place(plain: str, reports: list[ReportSummary]) -> tuple[str | None, str | None]:
    """The lowest place of the corpus that the question names, or a name that is none of the corpus's."""
    names = {bare(name): name for summary in reports for name in summary.metadata.region.chain}
    found = sorted((name for name in names if name in plain), key=lambda name: plain.rfind(name))
    if found:
        return names[found[-1]], None
    for match in _PLACE_NAME.finditer(plain):
        name = match.group()
        if _NOT_PLACE.search(name) or not _stands_for_place(plain, match.start(), match.end()):
            continue
        held = any(in_region(summary.metadata.region, name) for summary in reports)
        return (name, None) if held else (None, name)
    return None, None


def _stands_for_place(plain: str, start: int, end: int) -> bool:
    """Unknown words ending in 市 or 区 are places only at the head of the question and before a year or a body."""
    return start == 0 and bool(re.match(r"\s*(?:20\d\d|人民政府|政府|的|在|去年|今年)", plain[end:]))


def content_terms(plain: str, place: str | None) -> tuple[str, ...]:
    """The terms that name what is asked for: without frame words, years and the place."""
    words = _YEARS.sub(" ", plain)
    if place:
        words = words.replace(bare(place), " ")
    return tuple(dict.fromkeys(tokens(_FRAME.sub(" ", words)))) or tuple(dict.fromkeys(tokens(plain)))
