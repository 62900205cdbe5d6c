"""How a measure spreads over the years: first reports by place, what was only planned, and what came of the plans.

No Flask. A year without a report is a gap, not an absence; a first year that is also the first report held says only
"by then". What is planned never counts as done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from retrieval.search import Searcher
from retrieval.text import normalise, sentences, tokens
from retrieval.types import Filters, Level, ReportSummary
from webapp.answer import Entry
from webapp.survey import Survey, survey

Outcome = Literal["done", "not_detected", "no_report"]
_DATE = r"(?P<year>(?:19|20)\d\d)年(?:\d{1,2}月)?(?:\d{1,2}日)?"
_BEGUN = r"建立|成立|设立|启动|施行|实施|推行|出台|印发|制定|颁布|上线|开通|起|以来|开始|率先|首次"
# 于2016年7月建立; the verb stands within the same clause.
_STATED = re.compile(rf"{_DATE}(?=[^。；，,;]{{0,14}}?(?:{_BEGUN}))")

# A sentence with this share of the question's content terms is about what it asks.
_NAMES = 0.5


@dataclass(frozen=True, slots=True)
class StatedDate:
    """A date of beginning that the text itself gives: `text` verbatim, with offsets into the report's text."""

    text: str
    year: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Followed:
    """A plan of one report beside what the same place's report for the planned year says was done."""

    plan: Entry
    year: int
    outcome: Outcome
    done: Entry | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place with reports in scope: `held` are the years of its reports, `gaps` those missing between them.

    `done` is the earliest passage that says the measure was done, `planned` the earliest that plans it before that.
    `censored` when the first year done is the first report held: it may have begun earlier.
    """

    chain: tuple[str, ...]
    level: Level | None
    held: tuple[int, ...]
    gaps: tuple[int, ...]
    done: Entry | None
    planned: Entry | None
    censored: bool
    stated: StatedDate | None
    plans: tuple[Followed, ...]

    @property
    def first_done(self) -> int | None:
        return self.done.hit.report.metadata.year if self.done else None

    @property
    def first_planned(self) -> int | None:
        return self.planned.hit.report.metadata.year if self.planned else None


@dataclass(frozen=True, slots=True)
class Point:
    """At the end of a year: `done` places had it by then, `planned` had only planned it, of `reporting` places with a
    report of that year or before."""

    year: int
    done: int
    planned: int
    reporting: int


@dataclass(frozen=True, slots=True)
class Curve:
    """The points of all places, or of those of one `level` or `province` (its name is `value`)."""

    by: Literal["all", "level", "province"]
    value: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """`places` by first year done, then planned, then name; `curves` begin with that of all places.

    `undated` reports have no year and are left out.
    """

    survey: Survey
    years: tuple[int, ...]
    places: tuple[Place, ...]
    curves: tuple[Curve, ...]
    undated: int


def spread(searcher: Searcher, text: str, filters: Filters | None = None) -> Spread:
    """When each place in scope first reports a measure. Raises QueryError for unusable words."""
    asked = survey(searcher, text, filters or Filters())
    dated = [summary for summary in asked.scope if summary.metadata.year]
    grouped: dict[tuple[str, ...], list[ReportSummary]] = {}
    for summary in dated:
        grouped.setdefault(summary.metadata.region.chain or (summary.metadata.title,), []).append(summary)
    places = [_place(chain, reports, asked) for chain, reports in grouped.items()]
    places.sort(key=lambda place: (place.first_done or 9999, place.first_planned or 9999, place.chain))
    span = sorted({_year(summary) for summary in dated})
    years = tuple(range(span[0], span[-1] + 1)) if span else ()
    return Spread(asked, years, tuple(places), tuple(_curves(places, years)), len(asked.scope) - len(dated))


def stated_date(quote: str, start: int) -> StatedDate | None:
    """The earliest date of beginning in a quotation that begins at offset `start` of its report's text."""
    found = min(_STATED.finditer(quote), key=lambda match: match["year"], default=None)
    if found is None:
        return None
    return StatedDate(found.group(), int(found["year"]), start + found.start(), start + found.end())


def _year(summary: ReportSummary) -> int:
    return summary.metadata.year or 0


def _place(chain: tuple[str, ...], reports: Sequence[ReportSummary], asked: Survey) -> Place:
    held = sorted({_year(report) for report in reports})
    entries = sorted(
        (entry for report in reports for entry in asked.entries.get(report.id, ())),
        key=lambda entry: (_year(entry.hit.report), entry.like is not None, -entry.strength),
    )
    done = next((entry for entry in entries if entry.hit.passage.role == "done"), None)
    planned = next((entry for entry in entries if entry.hit.passage.role == "planned"), None)
    if done and planned and _year(planned.hit.report) >= _year(done.hit.report):
        planned = None
    return Place(
        chain=chain,
        level=next((report.metadata.level for report in reports if report.metadata.level), None),
        held=tuple(held),
        gaps=tuple(year for year in range(held[0], held[-1]) if year not in held),
        done=done,
        planned=planned,
        censored=bool(done and _year(done.hit.report) == held[0]),
        stated=_stated(entries, asked.question.terms),
        plans=tuple(_followed(entries, held)),
    )


def _stated(entries: Iterable[Entry], terms: Sequence[str]) -> StatedDate | None:
    """The earliest date that a passage on the measure gives for a beginning no later than its report."""
    found = []
    for entry in entries:
        passage = entry.hit.passage
        for start, end in sentences(passage.text):
            words = passage.text[start:end]
            # The sentence that answers, or another of the passage that names the same matter.
            if passage.start + start != entry.start and _named(words, terms) < _NAMES:
                continue
            date = stated_date(words, passage.start + start)
            if date and passage.role == "done" and date.year <= _year(entry.hit.report):
                found.append(date)
    return min(found, key=lambda date: date.year, default=None)


def _named(words: str, terms: Sequence[str]) -> float:
    return len(set(terms) & set(tokens(normalise(words)))) / len(terms) if terms else 0.0


def _followed(entries: Sequence[Entry], held: Sequence[int]) -> Iterable[Followed]:
    """Each report's likeliest plan, and what the report of the planned year has."""
    seen = set()
    for plan in entries:
        own = _year(plan.hit.report)
        if plan.hit.passage.role != "planned" or own in seen:
            continue
        seen.add(own)
        year = plan.hit.passage.planned_for or own + 1
        done = next((e for e in entries if e.hit.passage.role == "done" and _year(e.hit.report) == year), None)
        outcome: Outcome = "done" if done else "not_detected" if year in held else "no_report"
        yield Followed(plan, year, outcome, done)


def _curves(places: Sequence[Place], years: Sequence[int]) -> Iterable[Curve]:
    yield Curve("all", "", _points(places, years))
    levels = dict.fromkeys(place.level for place in places if place.level)
    provinces = dict.fromkeys(place.chain[0] for place in places if len(place.chain) > 1)
    for level in levels if len(levels) > 1 else ():
        yield Curve("level", level, _points([place for place in places if place.level == level], years))
    for province in sorted(provinces) if len(provinces) > 1 else ():
        yield Curve("province", province, _points([place for place in places if place.chain[0] == province], years))


def _points(places: Sequence[Place], years: Sequence[int]) -> tuple[Point, ...]:
    points = []
    for year in years:
        done = sum((place.first_done or 9999) <= year for place in places)
        planned = sum((place.first_planned or 9999) <= year < (place.first_done or 9999) for place in places)
        points.append(Point(year, done, planned, sum(place.held[0] <= year for place in places)))
    return tuple(points)
