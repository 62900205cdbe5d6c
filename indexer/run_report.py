"""The record of a run, beside the index: JSON for programs, a page for people."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader

from retrieval import coverage, layout, writing
from retrieval.files import write_atomic
from retrieval.store import Index

if TYPE_CHECKING:
    from indexer.build import Summary

# Rows of the page's table; the JSON has all.
_MOST_PLACES = 500
_TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)


def record_run(root: Path, index: Index, summary: Summary) -> Path:
    """Write runs/TIME.json and runs/TIME.html; gives the page's path. Files that are as they were are only counted."""
    name = writing.now().replace(":", "").replace("+0000", "Z")
    places = coverage.by_place(index.reports)
    suspicions = coverage.suspicious(index.sizes())
    told = [outcome for outcome in summary.outcomes if outcome.status != "unchanged" or outcome.reason]
    unchanged = len(summary.outcomes) - len(told)
    values = {
        **asdict(replace(summary, outcomes=tuple(told))),
        "unchanged": unchanged,
        "coverage": [{"place": list(row.chain), "reports": row.counts, "gaps": list(row.gaps)} for row in places],
        "suspicious": [{"file": s.summary.source_name, "zh": s.zh, "en": s.en} for s in suspicions],
    }
    text = json.dumps(values, ensure_ascii=False)
    write_atomic(root / layout.RUNS / f"{name}.json", text.encode("utf-8", "replace"))
    years = sorted({year for row in places for year in row.counts})
    page = _TEMPLATES.get_template("run_report.html").render(
        summary=summary,
        told=told,
        unchanged=unchanged,
        places=places[:_MOST_PLACES],
        more=max(0, len(places) - _MOST_PLACES),
        years=years,
        suspicions=suspicions,
        time=writing.now(),
    )
    path = root / layout.RUNS / f"{name}.html"
    write_atomic(path, page.encode("utf-8", "replace"))
    return path
