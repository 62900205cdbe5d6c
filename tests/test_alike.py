"""Sentences near to those of others that name a measure, held against a corpus in which the truth is planted."""

from __future__ import annotations

import html

import pytest

from bench.planted import FRESH
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.tags import Naming
from retrieval.types import Filters
from tests.conftest import Planted
from webapp import create_app
from webapp.answer import Entry
from webapp.matrix import compare
from webapp.service import Service
from webapp.survey import ask_each
from webapp.wording import wording


def alike(fresh: Planted, measure: str) -> list[Entry]:
    """What a survey found by saying what others say who name the measure."""
    entries = ask_each(fresh.searcher, measure, Filters()).entries.values()
    return [entry for found in entries for entry in found if entry.like]


def test_a_sentence_that_says_it_without_the_name_is_found_by_one_that_names_it(fresh: Planted) -> None:
    found = alike(fresh, "公平竞争审查")
    assert any("有没有偏向本地企业" in entry.quote for entry in found)
    for entry in found:
        assert "公平竞争审查" not in entry.quote
        assert entry.like is not None
        assert "公平竞争审查" in entry.like.quote
        assert entry.weak
        assert "政务公开" not in entry.quote
        report = fresh.searcher.index.text(entry.hit.report)
        assert report[entry.start : entry.end] == entry.quote


def test_nothing_is_found_alike_that_says_something_else(fresh: Planted) -> None:
    for measure in FRESH:
        said = [one.text for one in fresh.truth.mentions if one.measure == measure.query]
        for entry in alike(fresh, measure.query):
            assert any(entry.quote in text or text in entry.hit.passage.text for text in said), entry.quote


def test_a_report_that_names_the_measure_itself_is_not_held_against_others(fresh: Planted) -> None:
    entries = ask_each(fresh.searcher, "公平竞争审查", Filters()).entries
    assert any(found[0].like for found in entries.values())
    assert all(not one.like for found in entries.values() if not found[0].like for one in found)


def test_what_a_place_is_found_to_say_does_not_depend_on_the_places_in_scope(fresh: Planted) -> None:
    whole = ask_each(fresh.searcher, "公平竞争审查", Filters()).entries
    for place in {entry.hit.report.metadata.region.county for entry in alike(fresh, "公平竞争审查")}:
        own = ask_each(fresh.searcher, "公平竞争审查", Filters(region=place)).entries
        assert own
        assert {report: [e.quote for e in found] for report, found in own.items()} == {
            summary.id: [e.quote for e in whole[summary.id]]
            for summary in fresh.searcher.index.reports
            if summary.metadata.region.county == place and summary.id in whole
        }


@pytest.mark.parametrize("asked", ["公平竞争审查了多少件", "把村里的路修好"])
def test_amounts_and_what_is_no_measure_are_not_held_against_others(fresh: Planted, asked: str) -> None:
    assert not alike(fresh, asked)


def test_a_sentence_that_names_another_measure_is_not_found_by_its_likeness(fresh: Planted, monkeypatch) -> None:
    assert alike(fresh, "公平竞争审查")
    monkeypatch.setattr(Naming, "others", lambda *_: ["政务公开"])
    assert not alike(fresh, "公平竞争审查")


def test_a_sentence_with_the_name_is_never_said_to_lack_it(fresh: Planted, monkeypatch) -> None:
    # Of passages beyond so many the words are not looked for.
    monkeypatch.setattr("webapp.survey._MOST", 3)
    assert not any("府院联动" in entry.quote for entry in alike(fresh, "府院联动"))


def test_what_is_near_to_another_sentence_is_nothing_of_its_own(fresh: Planted) -> None:
    for measure in ("公平竞争审查", "府院联动"):
        said = wording(fresh.searcher, measure)
        assert any(one.entry.like for one in said.words)
        assert not any(one.entry.like for one in said.distinctive)


def test_a_cell_found_by_its_likeness_names_the_sentence_it_is_like(
    fresh: Planted, config: Config, encoder: Encoder
) -> None:
    site = create_app(config, service=Service(config, fresh.root, encoder)).test_client()
    asked = {"q": "公平竞争审查", "lang": "zh"}
    cells = [cell for row in site.get("/api/v1/compare", query_string=asked).json["rows"] for cell in row["cells"]]
    like = [entry["like"] for cell in cells for entry in cell["entries"] if entry["like"]]
    assert like
    page = site.get("/compare", query_string=asked).text
    assert page.count("没有用这个名称") == len(like)
    for other in ("/wording", "/spread"):
        text = site.get(other, query_string=asked).text
        assert 0 < text.count("没有用这个名称") <= text.count("把握较小")
    assert html.escape(like[0]["link"]) in page
    taken = site.get("/download/compare.csv", query_string=asked).get_data(as_text=True)
    assert f"说法近于 does not use the name, is near to {like[0]['region']['county']}" in taken


def test_what_names_the_measure_comes_before_what_is_only_near_to_it(fresh: Planted) -> None:
    rows = compare(fresh.searcher, ["公平竞争审查", "府院联动"]).rows
    mixed = [
        cell.entries for row in rows for cell in row.cells if len({entry.like is None for entry in cell.entries}) == 2
    ]
    assert mixed
    for entries in mixed:
        near = [entry.like is not None for entry in entries]
        assert near == sorted(near)
