"""Places × years × measures → cells that are found, not detected, or without a report: three different things. No Flask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from retrieval.errors import QueryError
from retrieval.filters import bare_name, in_region, is_name_of
from retrieval.search import Searcher
from retrieval.text import bare
from retrieval.types import ROLES, Filters, ReportSummary
from webapp.answer import Entry
from webapp.survey import Survey, survey

State = Literal["found", "not_detected", "no_report"]
Sort = Literal["name", "first", "role", "figure"]
SORTS: tuple[Sort, ...] = ("name", "first", "role", "figure")
MOST_MEASURES = 12
# The order in which a cell prefers its passages: what was done first.
_ROLE_ORDER = {role: number for number, role in enumerate(("done", "planned", "shortcoming", "other"))}


@dataclass(frozen=True, slots=True)
class Cell:
    """A place in a year (or in all years), asked for one measure. `entries` are best first; `reports` were searched."""

    state: State
    entries: tuple[Entry, ...]
    reports: int

    @property
    def best(self) -> Entry | None:
        return self.entries[0] if self.entries else None


@dataclass(frozen=True, slots=True)
class Row:
    """A place with one cell for each column, and the year of the first report found to have the (first) measure done.

    `chain` is empty for reports whose place is unknown; a place asked for that has no report has its name alone.
    """

    chain: tuple[str, ...]
    cells: tuple[Cell, ...]
    first_year: int | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Denominators: `places` and `reports` in scope; cells of each state; `places_found` with at least one cell found."""

    places: int
    reports: int
    cells: int
    found: int
    not_detected: int
    no_report: int
    places_found: int


@dataclass(frozen=True, slots=True)
class Record:
    """One cell of place × year × measure, as the export lists them all."""

    chain: tuple[str, ...]
    year: int
    measure: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class Matrix:
    """`columns` are years for one measure, measures for several; `surveys` are the measures as asked, in order."""

    surveys: tuple[Survey, ...]
    columns: tuple[str, ...]
    years: tuple[int, ...]
    rows: tuple[Row, ...]
    tally: Tally
    sort: Sort

    @property
    def by_year(self) -> bool:
        return len(self.surveys) == 1

    def records(self) -> Iterable[Record]:
        """Place × year × measure, every combination of them."""
        grouped = _by_place(self.surveys[0].scope)
        for row in self.rows:
            reports = grouped.get(row.chain, ())
            for year in self.years:
                for one in self.surveys:
                    yield Record(row.chain, year, one.text, _cell(one, [r for r in reports if r.metadata.year == year]))


def compare(
    searcher: Searcher,
    measures: Sequence[str],
    filters: Filters | None = None,
    places: Sequence[str] = (),
    sort: Sort = "name",
) -> Matrix:
    """Rows are the places with reports that the filters admit, or those named in `places` whether they have any or not.

    Raises QueryError for no measure, too many, or an unknown order.
    """
    asked = list(dict.fromkeys(text.strip() for text in measures if text.strip()))
    if not asked:
        raise QueryError("请输入要比较的举措", "name at least one measure to compare")
    if len(asked) > MOST_MEASURES:
        raise QueryError(f"一次最多比较 {MOST_MEASURES} 项", f"at most {MOST_MEASURES} measures at once")
    if sort not in SORTS:
        raise QueryError(f"排序 {sort} 不存在；可用 {'、'.join(SORTS)}", f"no order {sort}; use {', '.join(SORTS)}")
    surveys = tuple(survey(searcher, text, filters or Filters()) for text in asked)
    grouped = _chosen(_by_place(surveys[0].scope), [place for place in places if place.strip()])
    years = tuple(sorted({r.metadata.year for reports in grouped.values() for r in reports if r.metadata.year}))
    by_year = len(surveys) == 1
    rows = [_row(chain, reports, surveys, years if by_year else ()) for chain, reports in grouped.items()]
    rows.sort(key=lambda row: (_sort_key(row, sort), row.chain == (), row.chain))
    columns = tuple(map(str, years)) if by_year else tuple(asked)
    return Matrix(surveys, columns, years, tuple(rows), _tally(rows, grouped), sort)


def _by_place(scope: Iterable[ReportSummary]) -> dict[tuple[str, ...], list[ReportSummary]]:
    grouped: dict[tuple[str, ...], list[ReportSummary]] = {}
    for summary in scope:
        grouped.setdefault(summary.metadata.region.chain, []).append(summary)
    return grouped


def _chosen(
    grouped: dict[tuple[str, ...], list[ReportSummary]], places: Sequence[str]
) -> dict[tuple[str, ...], list[ReportSummary]]:
    """The places named, each by its name or chain; those without a report have none."""
    if not places:
        return grouped
    chosen: dict[tuple[str, ...], list[ReportSummary]] = {}
    for place in places:
        name = bare(place.replace("／", "/").split("/")[-1])
        found = {
            chain: reports
            for chain, reports in grouped.items()
            if chain and is_name_of(name, bare_name(chain[-1])) and in_region(reports[0].metadata.region, place)
        }
        chosen |= found or {(place.strip(),): []}
    return chosen


def _row(
    chain: tuple[str, ...], reports: Sequence[ReportSummary], surveys: Sequence[Survey], years: Sequence[int]
) -> Row:
    if years or len(surveys) == 1:
        cells = tuple(_cell(surveys[0], [r for r in reports if r.metadata.year == year]) for year in years)
    else:
        cells = tuple(_cell(one, reports) for one in surveys)
    done = [
        report.metadata.year
        for report in reports
        if report.metadata.year and any(e.hit.passage.role == "done" for e in surveys[0].entries.get(report.id, ()))
    ]
    return Row(chain, cells, min(done, default=None))


def _cell(one: Survey, reports: Sequence[ReportSummary]) -> Cell:
    entries = [entry for report in reports for entry in one.entries.get(report.id, ())]
    # What only says alike comes after what names it.
    entries.sort(key=lambda entry: (entry.like is not None, _ROLE_ORDER[entry.hit.passage.role], -entry.strength))
    state: State = "found" if entries else "not_detected" if reports else "no_report"
    return Cell(state, tuple(entries), len(reports))


def _sort_key(row: Row, sort: Sort) -> float:
    """Less is earlier: the first year, what was done before what is planned, the largest figure; then what has none."""
    best = [cell.best for cell in row.cells if cell.best]
    if sort == "first":
        return row.first_year or 10_000
    if sort == "role":
        return min((_ROLE_ORDER[entry.hit.passage.role] for entry in best), default=len(ROLES))
    if sort == "figure":
        figures = [cell.best.figure.base_value for cell in reversed(row.cells) if cell.best and cell.best.figure]
        return -figures[0] if figures else float("inf")
    return 0


def _tally(rows: Sequence[Row], grouped: dict[tuple[str, ...], list[ReportSummary]]) -> Tally:
    states = [cell.state for row in rows for cell in row.cells]
    return Tally(
        places=len(rows),
        reports=sum(map(len, grouped.values())),
        cells=len(states),
        found=states.count("found"),
        not_detected=states.count("not_detected"),
        no_report=states.count("no_report"),
        places_found=sum(any(cell.state == "found" for cell in row.cells) for row in rows),
    )
