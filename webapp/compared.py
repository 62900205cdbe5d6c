"""Wording, spread and reuse as JSON objects, for the API and the command line alike. No Flask."""

from __future__ import annotations

from dataclasses import asdict

from webapp.answer import Entry
from webapp.present import Json, entry_object, filters_object
from webapp.reuse import Reuse
from webapp.spread import Followed, Place, Spread
from webapp.wording import Saying, Wording


def wording_object(said: Wording) -> Json:
    """What /api/v1/wording and `wenzheng wording --json` give."""
    return {
        "query": said.survey.text,
        "measure": said.survey.measure,
        "filters": filters_object(said.survey.question.filters),
        "groups": [
            {
                "places": list(group.places),
                "reference": group.reference.id if group.reference else None,
                "sayings": [_saying(one) for one in group.sayings],
            }
            for group in said.groups
        ],
        "words": [_saying(one) for one in said.words],
        "distinctive": [_saying(one) for one in said.distinctive],
        "shared": [{"clause": clause, "places": list(places)} for clause, places in said.phrases.shared],
        "peculiar": [{"place": place, "clauses": list(clauses)} for place, clauses in said.phrases.peculiar],
        "coverage": {"reports": len(said.survey.scope), "found": len(said.survey.entries)},
    }


def _saying(one: Saying) -> Json:
    return {
        **entry_object(one.entry),
        "wording": one.kind,
        "likeness": one.likeness,
        "nearest": one.nearest,
        "pieces": [asdict(piece) for piece in one.pieces],
    }


def spread_object(found: Spread) -> Json:
    """What /api/v1/spread and `wenzheng spread --json` give."""
    return {
        "query": found.survey.text,
        "measure": found.survey.measure,
        "filters": filters_object(found.survey.question.filters),
        "years": list(found.years),
        "places": [_place(place) for place in found.places],
        "curves": [asdict(curve) for curve in found.curves],
        "undated": found.undated,
    }


def _place(place: Place) -> Json:
    return {
        "place": list(place.chain),
        "level": place.level,
        "held": list(place.held),
        "gaps": list(place.gaps),
        "first_done": place.first_done,
        "censored": place.censored,
        "done": _entry(place.done),
        "first_planned": place.first_planned,
        "planned": _entry(place.planned),
        "stated": asdict(place.stated) if place.stated else None,
        "plans": [_followed(one) for one in place.plans],
    }


def _followed(one: Followed) -> Json:
    return {"year": one.year, "outcome": one.outcome, "plan": _entry(one.plan), "done": _entry(one.done)}


def _entry(entry: Entry | None) -> Json | None:
    return entry_object(entry) if entry else None


def reuse_object(told: Reuse) -> Json:
    """What /api/v1/reuse and `wenzheng reuse --json` give."""
    return {
        "passage_id": told.passage.id,
        "share": told.share,
        "own_share": told.own_share,
        "first": told.first,
        "spans": [list(span) for span in told.spans],
        "sources": [
            {
                "report_id": source.summary.id,
                "title": source.summary.metadata.title,
                "place": list(source.summary.metadata.region.chain),
                "year": source.summary.metadata.year,
                "kind": source.kind,
                "share": source.share,
                "earlier": source.earlier,
            }
            for source in told.sources
        ],
    }
