"""Pages beside the matrix: wording, spread over time with its pictures, and where a passage's words also stand."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from retrieval.errors import NotFoundError
from webapp import pictures
from webapp.evidence import evidence_model
from webapp.language import current
from webapp.links import passage_link, report_link
from webapp.marks import runs
from webapp.requests import filters, number, searcher
from webapp.reuse import reuse as reused
from webapp.spread import Spread
from webapp.spread import spread as spread_of
from webapp.wording import wording as wording_of

blueprint = Blueprint("comparing", __name__)
# Rows of the table of places on a page.
ROWS = 50
_DRAWN = ("curve", "timeline")


@blueprint.get("/wording")
def wording() -> str:
    """One measure in the words of different places."""
    query = request.args.get("q", "").strip()
    said = wording_of(searcher(), query, filters()) if query else None
    return render_template(
        "wording.html", query=query, said=said, years=_years(), report_link=report_link, passage_link=passage_link
    )


@blueprint.get("/spread")
def spread() -> str:
    """First years, the cumulative curve and what came of plans."""
    query, page = request.args.get("q", "").strip(), max(1, number("page", 1))
    if not query:
        return render_template("spread.html", query="", found=None, years=_years())
    found = spread_of(searcher(), query, filters())
    return render_template(
        "spread.html",
        query=query,
        found=found,
        years=_years(),
        # Made by our own code alone, which escapes the words in it.
        pictures=[(name, Markup(_drawn(found, name))) for name in _DRAWN],  # noqa: S704  # as said above
        places=found.places[(page - 1) * ROWS : page * ROWS],
        page=page,
        pages=-(-len(found.places) // ROWS),
        evidence=evidence_model(),
        passage_link=passage_link,
    )


@blueprint.get("/pictures/<name>.<suffix>")
def picture(name: str, suffix: str) -> Response:
    """A picture of /spread as a file, with the parameters of that page."""
    if name not in _DRAWN or suffix not in ("svg", "png"):
        raise NotFoundError(f"没有 {name}.{suffix}", f"there is no {name}.{suffix}")
    svg = _drawn(spread_of(searcher(), request.args.get("q", ""), filters()), name)
    body: str | bytes = pictures.png(svg) if suffix == "png" else svg
    response = Response(body, mimetype="image/png" if suffix == "png" else "image/svg+xml")
    response.headers["Content-Disposition"] = f'attachment; filename="wenzheng-{name}.{suffix}"'
    return response


@blueprint.get("/reuse/<passage_id>")
def reuse(passage_id: str) -> str:
    """How much of a passage stands word for word elsewhere, and where."""
    index = searcher().index
    passage, summary = index.find_passage(passage_id)
    told = reused(index, passage, summary)
    words = runs(passage.text, passage.start, [(span, "shared") for span in told.spans])
    folded = request.args.get("fold") == "1"
    return render_template(
        "reuse.html",
        told=told,
        report=summary,
        words=words,
        folded=folded,
        report_link=report_link,
        passage_link=passage_link,
    )


def _drawn(found: Spread, name: str) -> str:
    lang = current()
    return pictures.timeline(found, lang) if name == "timeline" else pictures.curve(found, found.curves[0].points, lang)


def _years() -> list[int]:
    return sorted({s.metadata.year for s in searcher().index.reports if s.metadata.year})
