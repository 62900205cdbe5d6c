"""The site's pages: parse, call, render."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime

from flask import Blueprint, render_template, request

from retrieval import coverage
from retrieval.errors import WenzhengError
from retrieval.facets import FACETS
from retrieval.filters import admitting
from retrieval.quotation import Quoted, Standing
from retrieval.search import Searcher
from retrieval.text import sentences
from retrieval.types import Filters
from webapp.answer import Entry, place_name
from webapp.answer import ask as answer_question
from webapp.chips import chips
from webapp.citation import coins, highwire, record
from webapp.difference import differences
from webapp.evidence import evidence_model
from webapp.finding import find
from webapp.language import current
from webapp.lasting import changes, grounds
from webapp.links import passage_link, report_link, source_link, web_address, words_link
from webapp.marks import Run, runs
from webapp.provenance import provenance
from webapp.reading import read_at
from webapp.requests import (
    asked_places,
    counted,
    filters,
    ignored,
    listed,
    matrix,
    number,
    place_lists,
    quoted,
    searcher,
    service,
)
from webapp.summary import summarise
from webapp.tally import GROUPED

blueprint = Blueprint("pages", __name__)

Marked = tuple[Entry, tuple[Run, ...]]
# Rows of the coverage table; the picture above it shows provinces.
MOST_PLACES = 500
# Rows of the evidence matrix and lines of a count on a page, and the most rows of its table of places.
ROWS, LINES, PLACES = 25, 50, 100
# Places of a saved list that an address has room for.
LINKED_PLACES = 200
EXAMPLES = ("哪些地方推行了说理式执法", "行政机关负责人出庭应诉率是多少", "怎样给企业减少重复检查")


@blueprint.app_context_processor
def lasting() -> dict[str, object]:
    """What lasting links are to name, and in which of it the page's own link differs."""
    try:
        present = grounds(searcher())
    except WenzhengError:
        # The page that says so is made of the same parts.
        return {"grounds": None, "changed_grounds": ()}
    return {"grounds": asdict(present), "changed_grounds": changes(request.args, present)}


@blueprint.get("/")
def home() -> str:
    index = searcher().index
    years = sorted({s.metadata.year for s in index.reports if s.metadata.year})
    provinces = Counter(s.metadata.region.province or "" for s in index.reports)
    return render_template(
        "home.html",
        examples=EXAMPLES,
        index=index,
        years=years,
        provinces=sorted(provinces.items(), key=lambda item: (item[0] == "", -item[1], item[0])),
        places=len({s.metadata.region.chain for s in index.reports if s.metadata.region.chain}),
        invented=_only_invented(searcher()),
    )


@blueprint.get("/search")
def search() -> str:
    found = searcher()
    query = request.args.get("q", "").strip()
    if not query:
        return home()
    size = min(number("limit", found.settings.limit) or found.settings.limit, found.settings.max_limit)
    page = max(1, number("page", 1))
    done = find(found, query, filters(), ignored(), size, (page - 1) * size)
    results = done.results
    return render_template(
        "search.html",
        query=query,
        results=results,
        page=page,
        pages=-(-results.total // size),
        chips=chips(request.args, done.question.filters, done.question.named, results.measure),
        missing=done.question.missing,
        facet_names=FACETS,
        facet_fields={"province": "region", "level": "level", "year": "year", "role": "role", "measure": "measure"},
        cited=[(hit, _marked(hit.passage.text, hit.passage.start, hit.marks, hit.sentence)) for hit in results.hits],
        passage_link=passage_link,
        source_link=source_link,
    )


@blueprint.get("/ask")
def ask() -> str:
    query = request.args.get("q", "").strip()
    if not query:
        return home()
    answer = answer_question(searcher(), query, filters(), ignored())
    wants_summary = request.args.get("summary") == "1"
    cited = [(entry, _quoted(entry)) for entry in answer.entries]
    return render_template(
        "ask.html",
        query=query,
        answer=answer,
        cited=cited,
        by_place=_beside(cited),
        chips=chips(request.args, answer.filters, answer.named, answer.measure),
        evidence=evidence_model(),
        can_summarise=bool(service().config.llm.base_url),
        summary=summarise(answer, service().config.llm) if wants_summary else None,
        passage_link=passage_link,
    )


@blueprint.get("/compare")
def compare() -> str:
    """The evidence matrix: places by years for one measure, by measures for several."""
    asked = listed("q")
    if not asked:
        return render_template("compare.html", matrix=None, measures="", places="", **_choices())
    found = matrix()
    page = max(1, number("page", 1))
    return render_template(
        "compare.html",
        matrix=found,
        measures="\n".join(asked),
        places="\n".join(listed("place")),
        **_choices(),
        row_places="\n".join("/".join(row.chain) for row in found.rows[:MOST_PLACES] if row.chain),
        rows=found.rows[(page - 1) * ROWS : page * ROWS],
        page=page,
        pages=-(-len(found.rows) // ROWS),
        evidence=evidence_model(),
        passage_link=passage_link,
        spelt_out=_spelt_out(),
    )


@blueprint.get("/count")
def count() -> str:
    """How many reports, passages and places have a phrase, and every occurrence in its context."""
    if not request.args.get("q", "").strip():
        return render_template("count.html", count=None, years=_years())
    found, page = counted(), max(1, number("page", 1))
    places = sorted(found.groups("place"), key=lambda group: -group.tally.occurrences)
    return render_template(
        "count.html",
        count=found,
        total=found.total,
        groups={by: found.groups(by) for by in GROUPED if by != "place"},
        places=places[:PLACES],
        more=max(0, len(places) - PLACES),
        years=_years(),
        lines=list(found.lines((page - 1) * LINES, LINES)),
        page=page,
        pages=-(-found.total.occurrences // LINES),
        words_link=words_link,
    )


def _spelt_out() -> dict[str, object]:
    """What a lasting link has instead of a saved list, which may change or be unknown elsewhere: its places."""
    named = asked_places() if request.args.get("list") else []
    return {"list": None, "place": named} if 0 < len(named) <= LINKED_PLACES else {}


def _years() -> list[int]:
    return sorted({s.metadata.year for s in searcher().index.reports if s.metadata.year})


def _choices() -> dict[str, object]:
    """What the form of a comparison offers; without saved lists where these cannot be read."""
    provinces = {s.metadata.region.province for s in searcher().index.reports} - {None}
    try:
        lists = place_lists().all()
    except WenzhengError:
        lists = []
    return {"years": _years(), "provinces": sorted(map(str, provinces)), "lists": lists}


@blueprint.get("/reports")
def reports() -> str:
    wanted = replace(filters(), own_reports_only=request.args.get("own") == "1")
    summaries = sorted(
        filter(admitting(wanted), searcher().index.reports),
        key=lambda s: (s.metadata.region.chain, -(s.metadata.year or 0), s.source_name),
    )
    return render_template(
        "reports.html", summaries=summaries, chips=chips(request.args, wanted, (), None) if wanted != Filters() else []
    )


@blueprint.get("/corpus")
def corpus() -> str:
    """Places by years with their gaps, and reports that look wrong."""
    index = searcher().index
    provinces, by_place = coverage.by_province(index.reports), coverage.by_place(index.reports)
    return render_template(
        "corpus.html",
        index=index,
        provinces=provinces,
        places=by_place[:MOST_PLACES],
        more=max(0, len(by_place) - MOST_PLACES),
        years=sorted({year for row in provinces for year in row.counts}),
        most=max((count for row in provinces for count in row.counts.values()), default=1),
        suspicions=coverage.suspicious(index.sizes()),
        withdrawn=[version.summary for version in index.retired.values() if version.state == "withdrawn"],
    )


@blueprint.get("/reports/<report_id>")
def report(report_id: str) -> str:
    index = searcher().index
    wanted, quotation = request.args.get("passage", ""), quoted()
    found = read_at(index, report_id, wanted, request.args.get("version"), quotation)
    whole, passage = found.report, found.passage
    url = web_address(whole.summary.metadata.url)
    item = record(whole, passage, datetime.now(UTC).date())
    return render_template(
        "report.html",
        report=whole,
        state=index.state(whole.summary),
        versions=index.versions(report_id),
        sources=index.sources(report_id),
        metadata=whole.summary.metadata,
        found=provenance(whole.summary.metadata.found, current()),
        lines=found.lines(),
        passage=passage,
        standing=found.quotation,
        elsewhere=_elsewhere(quotation, found.quotation),
        missing=bool(wanted and passage is None),
        source=source_link(url, whole.summary.media_type, passage, whole.text) if passage else url,
        removed_characters=sum(len(removal.text) for removal in whole.removals),
        highwire=highwire(item),
        coins=coins(item),
    )


def _elsewhere(quotation: Quoted | None, now: Standing | None) -> str | None:
    """The link for the words that a link was made for, where they stand now."""
    if quotation is None or now is None or now.found is None or now.span is None:
        return None
    start, end = now.span
    return report_link(now.found.id, None, replace(quotation, start=start, end=end), now.found.version_id)


@blueprint.get("/reports/<report_id>/diff")
def diff(report_id: str) -> str:
    index = searcher().index
    new = index.report(report_id, request.args.get("to"))
    old = index.report(report_id, request.args.get("from"))
    changes = differences(old, new)
    return render_template(
        "diff.html",
        old=old,
        new=new,
        changes=changes,
        changed=sum(change.kind != "equal" for change in changes),
        total=len(sentences(new.text)),
        report_link=report_link,
    )


def _marked(text: str, start: int, marks: tuple[tuple[int, int], ...], sentence: tuple[int, int]) -> tuple[Run, ...]:
    return runs(text, start, ((sentence, "sentence"), *((mark, "word") for mark in marks)))


def _quoted(entry: Entry) -> tuple[Run, ...]:
    """A quotation with the figures that were asked for marked."""
    begin = entry.hit.passage.start
    parts = [(begin + part.start, begin + part.end) for part in entry.derived.parts] if entry.derived else []
    figure = [(entry.figure.start, entry.figure.end)] if entry.figure else []
    return runs(entry.quote, entry.start, [(span, "figure") for span in (*figure, *parts)])


def _beside(cited: list[Marked]) -> dict[str, list[Marked]]:
    """Entries under their places, in order: what a comparison sets side by side."""
    places: dict[str, list[Marked]] = {}
    for entry, words in cited:
        places.setdefault(place_name(entry.hit.report), []).append((entry, words))
    return places


def _only_invented(found: Searcher) -> bool:
    return bool(found.index.reports) and all(s.metadata.invented for s in found.index.reports)
