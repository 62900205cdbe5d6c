"""Wording, reuse and spread, held against a corpus in which the truth is planted (bench/planted.py)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.planted import DATED, FRESH, MEASURES, MISSING, REFERENCE, REFERENCE_QUERY, REFERENCE_TITLE, Truth, write
from indexer.build import build
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.search import Searcher, open_searcher
from retrieval.store import open_index
from retrieval.tags import Naming
from retrieval.text import fold
from retrieval.types import Filters
from tests.conftest import quiet
from webapp import create_app, pictures
from webapp.answer import Entry, ask
from webapp.reuse import GRAM, Reuse, covered_by, reuse
from webapp.service import Service
from webapp.spread import Spread, spread, stated_date
from webapp.survey import ask_each
from webapp.wording import Saying, Wording, _stands, differences, wording


@dataclass(frozen=True)
class Planted:
    root: Path
    searcher: Searcher
    truth: Truth


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, config: Config, encoder: Encoder) -> Planted:
    folder = tmp_path_factory.mktemp("planted")
    truth = write(folder / "reports", folder / "references")
    build([folder / "reports"], folder / "index", config, encoder, quiet, rebuild=False)
    build([folder / "references"], folder / "index", config, encoder, quiet, rebuild=False, reference=True)
    return Planted(folder / "index", open_searcher(config, open_index(folder / "index"), encoder), truth)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, config: Config, encoder: Encoder) -> Planted:
    """Measures that were written when everything had been built for the others."""
    folder = tmp_path_factory.mktemp("fresh")
    truth = write(folder / "reports", measures=FRESH)
    build([folder / "reports"], folder / "index", config, encoder, quiet, rebuild=False)
    return Planted(folder / "index", open_searcher(config, open_index(folder / "index"), encoder), truth)


@pytest.fixture(scope="module")
def spreads(planted: Planted) -> dict[str, Spread]:
    return {measure.query: spread(planted.searcher, measure.query) for measure in MEASURES}


@pytest.fixture(scope="module")
def sayings(planted: Planted) -> dict[str, Wording]:
    return {measure.query: wording(planted.searcher, measure.query) for measure in MEASURES}


@pytest.fixture
def planted_site(planted: Planted, config: Config, encoder: Encoder) -> Iterator:
    with create_app(config, service=Service(config, planted.root, encoder)).test_client() as client:
        yield client


def place_of(one: Saying) -> str:
    return one.entry.hit.report.metadata.region.name or ""


def year_of(one: Saying) -> int:
    return one.entry.hit.report.metadata.year or 0


def reuse_of(planted: Planted, opening: str, place: str, year: int) -> Reuse:
    for passage, summary in planted.searcher.index.passages():
        if opening in passage.text and summary.metadata.region.name == place and summary.metadata.year == year:
            return reuse(planted.searcher.index, passage, summary)
    raise AssertionError(f"no passage of {place} {year} has {opening}")


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


def test_copied_words_name_the_earlier_text_first(planted: Planted) -> None:
    told = reuse_of(planted, "说理式执法，在处罚决定书", "榆关县", 2018)
    assert told.share >= 0.8
    assert not told.first
    others = [source for source in told.sources if source.kind == "other"]
    assert others[0].summary.metadata.region.name == "岚溪县"
    assert others[0].earlier


def test_the_first_to_say_it_is_told_so(planted: Planted) -> None:
    first = planted.truth.first_years()["岚溪县", "说理式执法"]
    told = reuse_of(planted, "说理式执法，在处罚决定书", "岚溪县", first)
    assert told.first
    assert told.share >= 0.8


def test_words_of_a_reference_document_are_credited_to_it(planted: Planted) -> None:
    place, year = planted.truth.repeats[0]
    told = reuse_of(planted, REFERENCE[0][:12], place, year)
    assert told.sources[0].kind == "reference"
    assert told.sources[0].summary.metadata.title == REFERENCE_TITLE
    assert not told.first


def test_own_sentences_share_nothing(planted: Planted) -> None:
    year = planted.truth.first_years()["桐荫县", "法律明白人"]
    assert reuse_of(planted, "法律明白人发积分卡", "桐荫县", year).share <= 0.2


def test_shared_spans_stand_letter_by_letter_in_another_text(planted: Planted) -> None:
    told = reuse_of(planted, "说理式执法，在处罚决定书", "榆关县", 2018)
    texts = [fold(planted.searcher.index.text(source.summary)) for source in told.sources]
    for start, end in told.spans:
        words = fold(told.passage.text[start - told.passage.start : end - told.passage.start])
        assert any(words[:GRAM] in text for text in texts)


def test_a_changed_number_does_not_break_a_copied_sentence() -> None:
    one, other = (
        "公布轻微违法行为首违不罚清单全年免罚35件并对及时改正的不予处罚",
        "公布轻微违法行为首违不罚清单全年免罚120件并对及时改正的不予处罚",
    )
    assert covered_by(one, other).all()
    assert covered_by("县里给法律明白人发积分卡换农资", other).sum() == 0


def test_numbers_that_stand_close_together_do_not_break_one_either() -> None:
    one, other = (f"全年审查增量文件{n}件，清理存量文件{n}件，修订、废止文件{n}件" for n in (695, 12))
    assert covered_by(one, other).all()
    assert not covered_by("文件695件，存量695件，另有增量695件", other).any()


def test_a_copy_is_followed_over_its_small_edits() -> None:
    one = fold("认真抓好河道保洁员管理，明确保洁员的职责范围和巡查频次，每月对巡查记录进行抽查，全年抽查12次。")
    other = fold("切实抓好河道保洁员管理工作，明确保洁员的职责范围、巡查频次，逐月抽查巡查记录，全年抽查30次。")
    own = fold("河道保洁员管理由渔政站的退休船工负责，谁家门前漂来垃圾谁家捞，捞满一船换一袋米。")
    assert covered_by(one, other).mean() > 0.6
    assert covered_by(own, other).mean() < 0.2


def test_runs_that_overlap_and_stand_in_different_places_are_both_shared() -> None:
    one = fold("甲乙丙丁戊己庚辛壬癸子丑寅卯辰")
    assert covered_by(one, fold("甲乙丙丁戊己庚辛壬癸无关的话己庚辛壬癸子丑寅卯辰")).all()


def test_lists_of_numbers_are_no_shared_words() -> None:
    rates = ("办结率98.5%，97.2%，96.1%，95.7%，94.3%，93.9%", "应诉率88.1%，77.2%，66.3%，55.4%，44.5%，33.6%")
    days = ("2021年3月5日、2021年4月6日、2021年7月8日", "2019年1月2日、2019年2月3日、2019年5月6日、2019年8月9日")
    assert not covered_by(*rates).any()
    assert not covered_by(*days).any()


def test_a_sentence_full_of_changed_numbers_is_found_in_the_report_it_was_copied_from(
    config: Config, encoder: Encoder, tmp_path: Path
) -> None:
    for place, year, n in (("岚溪", 2020, 695), ("榆关", 2021, 12)):
        said = f"全年审查增量文件{n}件，清理存量文件{n + 3}件，修订、废止文件{n - 2}件。"
        text = f"{place}县人民政府{year}年法治政府建设情况报告\n一、主要做法\n{said}\n"
        (tmp_path / f"{place}.txt").write_text(text, encoding="utf-8")
    build([tmp_path], tmp_path / "index", config, encoder, quiet, rebuild=False)
    index = open_index(tmp_path / "index")
    passage, summary = next(pair for pair in index.passages() if pair[1].metadata.year == 2021)
    told = reuse(index, passage, summary)
    assert told.share > 0.9
    assert [source.summary.metadata.year for source in told.sources] == [2020]


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


def test_the_reuse_page_marks_and_folds_shared_wording(planted_site, planted: Planted) -> None:
    told = reuse_of(planted, "说理式执法，在处罚决定书", "榆关县", 2018)
    page = planted_site.get(f"/reuse/{told.passage.id}").text
    assert 'class="shared"' in page
    folded = planted_site.get(f"/reuse/{told.passage.id}?fold=1").text
    assert 'class="folded"' in folded
    assert 'class="shared"' not in folded


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
