"""Wording and spread, held against a corpus in which the truth is planted (bench/planted.py)."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from bench.planted import DATED, FRESH, MEASURES, MISSING, REFERENCE, REFERENCE_QUERY, Truth
from indexer.build import build
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.search import Searcher
from retrieval.text import fold
from tests.conftest import Planted, quiet
from webapp import pictures
from webapp.answer import ask
from webapp.spread import Spread, spread, stated_date
from webapp.wording import Saying, Wording, _stands, differences, wording


@pytest.fixture(scope="module")
def spreads(planted: Planted) -> dict[str, Spread]:
    return {measure.query: spread(planted.searcher, measure.query) for measure in MEASURES}


@pytest.fixture(scope="module")
def sayings(planted: Planted) -> dict[str, Wording]:
    return {measure.query: wording(planted.searcher, measure.query) for measure in MEASURES}


def place_of(one: Saying) -> str:
    return one.entry.hit.report.metadata.region.name or ""


def year_of(one: Saying) -> int:
    return one.entry.hit.report.metadata.year or 0


def test_nine_first_years_of_ten_are_found_and_none_is_wrong(planted: Planted, spreads: dict[str, Spread]) -> None:
    found = {(p.chain[-1], query, p.first_done) for query, one in spreads.items() for p in one.places if p.first_done}
    true = {(place, measure, year) for (place, measure), year in planted.truth.first_years().items()}
    assert len(found & true) >= 0.9 * len(true)
    assert found <= true


def test_seven_first_years_of_eight_are_found_of_measures_nobody_built_for_and_none_is_wrong(fresh: Planted) -> None:
    spreads = {measure.query: spread(fresh.searcher, measure.query) for measure in FRESH}
    found = {(p.chain[-1], query, p.first_done) for query, one in spreads.items() for p in one.places if p.first_done}
    true = {(place, measure, year) for (place, measure), year in fresh.truth.first_years().items()}
    assert len(found & true) >= 7 / 8 * len(true)
    assert found <= true


def test_what_is_only_planned_is_never_a_first_year(planted: Planted, spreads: dict[str, Spread]) -> None:
    done = planted.truth.wordings()
    for query, one in spreads.items():
        for place in one.places:
            if place.done:
                assert (place.chain[-1], place.first_done, query) in done
            if place.planned and place.done:
                assert place.first_planned < place.first_done


def test_missing_reports_are_gaps_and_a_first_report_says_only_by_then(spreads: dict[str, Spread]) -> None:
    places = {place.chain[-1]: place for place in spreads["说理式执法"].places}
    assert {name: place.gaps for name, place in places.items() if place.gaps} == {
        name: (year,) for name, year in MISSING if year > 2017
    }
    for one in spreads.values():
        for place in one.places:
            assert place.censored == (place.first_done == place.held[0] if place.done else False)


def test_a_plan_is_set_beside_what_the_next_report_says(planted: Planted, spreads: dict[str, Spread]) -> None:
    outcomes = {
        (query, place.chain[-1], one.year): one.outcome
        for query, found in spreads.items()
        for place in found.places
        for one in place.plans
    }
    plans = {(m.measure, m.place, m.year + 1) for m in planted.truth.mentions if m.planned}
    assert plans <= set(outcomes)
    for query, place, year in plans:
        assert (outcomes[query, place, year] == "no_report") == ((place, year) in MISSING)
    kept = [outcomes[plan] == "done" for plan in plans if (plan[1], plan[2]) not in MISSING]
    assert sum(kept) >= 0.9 * len(kept)


def test_a_date_that_the_text_gives_stands_beside_the_first_report(spreads: dict[str, Spread]) -> None:
    place = next(place for place in spreads[DATED[1]].places if place.chain[-1] == DATED[0])
    assert place.stated is not None
    assert place.stated.text == "2015年6月"
    assert place.stated.year < place.first_done


def test_a_date_without_a_beginning_is_none() -> None:
    assert stated_date("截至2019年12月，共有律师12名。", 0) is None
    assert stated_date("法律顾问制度于2016年7月建立。", 100).start == 107


def test_the_curve_never_falls_and_never_exceeds_the_places_with_reports(spreads: dict[str, Spread]) -> None:
    for one in spreads.values():
        points = one.curves[0].points
        assert [point.done for point in points] == sorted(point.done for point in points)
        assert all(point.done + point.planned <= point.reporting for point in points)
        assert points[-1].done == sum(place.done is not None for place in one.places)


def test_near_verbatim_groups_are_exactly_those_planted(planted: Planted, sayings: dict[str, Wording]) -> None:
    kinds = planted.truth.wordings()
    for query, said in sayings.items():
        copies = {
            place for (place, _, measure), kind in kinds.items() if measure == query and kind in ("original", "copy")
        }
        done = [
            {s.entry.hit.report.metadata.region.name for s in group.sayings if s.entry.hit.passage.role == "done"}
            for group in said.groups
        ]
        assert [places for places in done if places] == [copies]


def test_every_sentence_found_stands_once_and_verbatim(planted: Planted, sayings: dict[str, Wording]) -> None:
    for said in sayings.values():
        every = [*(one for group in said.groups for one in group.sayings), *said.words, *said.distinctive]
        assert len(every) == len(said.survey.entries)
        for one in every:
            text = planted.searcher.index.text(one.entry.hit.report)
            assert text[one.entry.start : one.entry.end] == one.entry.quote
            assert "".join(piece.text for piece in one.pieces) == one.entry.quote


def test_sentences_with_little_in_common_are_not_near_verbatim(sayings: dict[str, Wording]) -> None:
    words = {m.query: (m.words[0][:6], m.distinctive[0][:6]) for m in MEASURES}
    for query, said in sayings.items():
        near = [one.entry.quote for group in said.groups for one in group.sayings]
        assert not [quote for quote in near if quote.startswith(words[query])]


def told_of(sayings: dict[str, Wording], truth: Truth) -> list[tuple[str, str]]:
    """What each sentence that is no near-verbatim one was planted as, and what it was taken for."""
    return [
        (wanted, one.kind)
        for query, said in sayings.items()
        for one in (*said.words, *said.distinctive)
        if (wanted := truth.wordings().get((place_of(one), year_of(one), query))) in ("words", "distinctive")
    ]


def share_right(told: list[tuple[str, str]], kind: str) -> float:
    """Of the sentences that are of a kind or were taken for it, the share that is and was."""
    return told.count((kind, kind)) / sum(kind in pair for pair in told)


@pytest.mark.parametrize("kind", ["words", "distinctive"])
def test_other_words_and_sentences_of_their_own_are_told_apart_on_measures_nobody_built_for(
    fresh: Planted, kind: str
) -> None:
    sayings = {measure.query: wording(fresh.searcher, measure.query) for measure in FRESH}
    assert share_right(told_of(sayings, fresh.truth), kind) >= 0.8


def test_other_words_and_sentences_of_their_own_are_mostly_told_apart_on_the_first_measures(
    planted: Planted, sayings: dict[str, Wording]
) -> None:
    told = told_of(sayings, planted.truth)
    assert sum(wanted == found for wanted, found in told) > 0.5 * len(told)


def test_light_edits_scattered_over_a_sentence_leave_it_near_verbatim(fresh: Planted) -> None:
    measure = next(measure for measure in FRESH if measure.query == "年终述法")
    for group in wording(fresh.searcher, measure.query).groups:
        done = [one for one in group.sayings if one.entry.hit.passage.role == "done"]
        if done:
            assert len({place_of(one) for one in done}) == 3
            assert len({fold(one.entry.quote)[:8] for one in done}) == 3


def test_differences_are_marked_word_by_word() -> None:
    pieces = differences("全年免罚120件。", "全年免罚35件。")
    assert [(piece.text, piece.dropped) for piece in pieces if piece.kind == "changed"] == [("35", "120")]


def test_differences_of_a_traditional_sentence_are_those_of_its_words() -> None:
    pieces = differences("全面落实责任制。", "二是全面落實責任制，按月通報。")
    assert [piece.text for piece in pieces if piece.kind == "changed"] == ["二是", "，按月通報"]


def test_a_clause_whose_characters_only_stand_scattered_elsewhere_is_not_shared() -> None:
    clause = fold("全面落实行政执法“三项制度”")
    assert not _stands(clause, fold("全面落實行政執法公示、執法全過程記錄和重大執法決定法制審核“三項制度”"))
    assert _stands(clause, fold("二是要全面落實行政執法“三項制度”，按月通報"))


def test_shared_and_peculiar_clauses_are_told_apart(sayings: dict[str, Wording]) -> None:
    phrases = sayings["首违不罚"].phrases
    shared = {clause for clause, _ in phrases.shared}
    assert "公布轻微违法行为首违不罚清单" in shared
    peculiar = {clause for _, clauses in phrases.peculiar for clause in clauses}
    assert any("商会共建" in clause for clause in peculiar)
    assert not shared & peculiar


def test_clauses_that_differ_by_their_numbers_alone_are_listed_once(fresh: Planted) -> None:
    phrases = wording(fresh.searcher, "公平竞争审查").phrases
    for clauses in ([clause for clause, _ in phrases.shared], *(clauses for _, clauses in phrases.peculiar)):
        plain = [re.sub(r"\d", "", clause) for clause in clauses]
        assert len(set(plain)) == len(plain)
    assert any(re.search(r"审查增量文件\d+件", clause) for clause, _ in phrases.shared)


def test_reference_documents_are_no_place_that_has_the_measure(planted: Planted) -> None:
    index = planted.searcher.index
    (reference,) = index.references.values()
    hits = planted.searcher.search(REFERENCE[0], limit=50).hits
    assert all(hit.report.id != reference.id for hit in hits)
    answer = ask(planted.searcher, f"哪些地方实行{REFERENCE_QUERY}")
    assert all(entry.hit.report.id != reference.id for entry in answer.entries)
    assert answer.coverage.reports_searched == len(index.reports)


def test_reference_documents_can_be_opened_and_cited(planted: Planted) -> None:
    index = planted.searcher.index
    (reference,) = index.references.values()
    whole = index.report(reference.id)
    assert REFERENCE[0] in whole.text
    assert index.find_passage(whole.passages[0].id)[1].id == reference.id


def test_indexing_a_reference_document_again_changes_nothing(
    planted: Planted, config: Config, encoder: Encoder
) -> None:
    folder = planted.root.parent / "references"
    summary = build([folder], planted.root, config, encoder, quiet, rebuild=False, reference=True)
    assert [outcome.status for outcome in summary.outcomes] == ["unchanged"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pictures_are_svg_with_words_for_those_who_cannot_see_them(spreads: dict[str, Spread], lang: str) -> None:
    found = spreads["首违不罚"]
    for svg in (pictures.curve(found, found.curves[0].points, lang), pictures.timeline(found, lang)):
        root = ElementTree.fromstring(svg)  # noqa: S314  # our own picture
        name = "{http://www.w3.org/2000/svg}"
        assert root.get("role") == "img"
        assert "首违不罚" in root.find(f"{name}title").text
        assert root.find(f"{name}desc").text
        assert all(
            mark.find(f"{name}title") is not None for mark in root.iter(f"{name}circle") if mark.get("r") == "3.5"
        )


def test_a_picture_is_also_a_png(spreads: dict[str, Spread]) -> None:
    assert pictures.png(pictures.timeline(spreads["首违不罚"], "zh")).startswith(b"\x89PNG")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", ["/wording", "/spread", "/wording?q=首违不罚", "/spread?q=首违不罚"])
def test_pages_answer_in_both_languages(planted_site, path: str, lang: str) -> None:
    response = planted_site.get(f"{path}{'&' if '?' in path else '?'}lang={lang}")
    assert response.status_code == 200
    assert "{" not in response.text.split("<main")[1].split("<svg")[0].replace("{}", "")


@pytest.mark.parametrize("name", ["curve.svg", "curve.png", "timeline.svg", "timeline.png"])
def test_pictures_are_downloaded_as_files(planted_site, name: str) -> None:
    response = planted_site.get(f"/pictures/{name}?q=首违不罚")
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_the_api_gives_what_the_functions_give(
    planted_site, spreads: dict[str, Spread], sayings: dict[str, Wording]
) -> None:
    told = planted_site.get("/api/v1/spread?q=首违不罚").json
    assert [place["first_done"] for place in told["places"]] == [p.first_done for p in spreads["首违不罚"].places]
    said = planted_site.get("/api/v1/wording?q=首违不罚").json
    assert [group["places"] for group in said["groups"]] == [list(group.places) for group in sayings["首违不罚"].groups]


@pytest.mark.parametrize("what", ["wording", "spread"])
@pytest.mark.parametrize("suffix", ["csv", "xlsx", "docx", "md", "json"])
def test_wording_and_spread_can_be_taken_away(planted_site, what: str, suffix: str) -> None:
    response = planted_site.get(f"/download/{what}.{suffix}?q=首违不罚")
    assert response.status_code == 200
    assert len(response.data) > 500


def test_the_date_that_a_real_report_gives_is_found(real_searcher: Searcher) -> None:
    places = {place.chain[-1]: place for place in spread(real_searcher, "政府法律顾问").places}
    assert places["白路镇"].stated is not None
    assert places["白路镇"].stated.text == "2016年7月"
