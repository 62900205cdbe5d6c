"""What has to be known before the entries of an answer are used. No Flask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from retrieval.text import normalise_query
from webapp.question import Question

if TYPE_CHECKING:
    from webapp.answer import Entry

# 哪些地方没有 …: what reports do not say cannot be searched for.
_WITHOUT = re.compile(
    r"(?:哪些|哪个|哪几个|哪里|何处|谁)的?(?:地方|省份?|市|县|区|乡镇|乡|镇|街道|部门|单位|政府|地区)?(?:都|还|尚|一直|从)?(?:没有?|未(?!成年))"
)
_MOST = re.compile(r"最[高低多少大小快慢]|排名|排第|第一名")
Caution = tuple[str, str]


def caution(question: Question, entries: Sequence[Entry]) -> Caution:
    """In Chinese and in English, empty where there is nothing to say."""
    found = [*_of_question(question, [entry.hit.passage.role for entry in entries]), *_of_figures(entries)]
    return " ".join(zh for zh, _ in found), " ".join(en for _, en in found)


def _of_question(question: Question, roles: Sequence[str]) -> Iterable[Caution]:
    answered = bool(roles)
    plain = normalise_query(question.text)
    if question.plans_for:
        year = question.plans_for
        yield (
            f"{year} 年的计划写在 {year - 1} 年的报告里，查的是 {year - 1} 年的报告。",
            f"Plans for {year} stand in the reports of {year - 1}, which were searched.",
        )
    if answered and _WITHOUT.search(plain):
        yield (
            "问的是“没有”：能找到的只是写了什么的报告。下面是报告里提到这件事的地方，不是没有的地方。",
            "The question asks for places without it; reports can only be searched for what they say. "
            "These places mention it: they are not the places without it.",
        )
    if question.fact and not question.filters.role and any(role == "planned" for role in roles):
        yield (
            "标着“计划”的是来年打算的数，不是已有的数。",
            "A number marked “planned” is what is intended for the next year, not what there is.",
        )
    if answered and _MOST.search(plain):
        yield "这里不排名：下面是各地报告自己的说法。", "Nothing is ranked here: this is what each report says itself."


def _of_figures(entries: Sequence[Entry]) -> Iterable[Caution]:
    """What differs between the figures of several places or years."""
    stated = [(entry, entry.figure) for entry in entries if entry.figure]
    reports = [entry.hit.report for entry, _ in stated]
    if len({(r.metadata.region.name or r.metadata.title, r.metadata.year) for r in reports}) < 2:
        return
    differing = [
        (len({(figure.since, figure.part) for _, figure in stated}) > 1, "统计口径", "scope"),
        (len({figure.base_unit for _, figure in stated}) > 1, "单位", "unit"),
        (len({report.metadata.level for report in reports}) > 1, "级别", "level"),
    ]
    zh = "、".join(name for differs, name, _ in differing if differs)
    en = " and ".join(name for differs, _, name in differing if differs)
    if zh:
        yield (
            f"各地数字的{zh}不同，不宜直接比较或排名。",
            f"The figures differ in {en}: they should not be compared as they are.",
        )
