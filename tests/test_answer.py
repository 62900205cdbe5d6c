"""`ask` is honest: verbatim sentences, roles kept apart, not detected is not absent, no report is a third thing."""

from __future__ import annotations

import json

import pytest

from retrieval.search import Searcher
from tests.conftest import SHARED
from webapp.answer import ask
from webapp.offices import asks_holder, holder_sentence, names_holder, office_in_full
from webapp.places import PlaceNames
from webapp.question import understand


def test_every_quotation_is_verbatim_with_its_offsets(searcher: Searcher) -> None:
    for query in ("哪些地方推行了说理式执法", "行政机关负责人出庭应诉率是多少", "法律援助案件办理了多少件"):
        answer = ask(searcher, query)
        assert answer.found
        for entry in answer.entries:
            assert searcher.index.report(entry.hit.report.id).text[entry.start : entry.end] == entry.quote


def test_deeds_and_plans_of_one_place_are_separate_entries(searcher: Searcher) -> None:
    answer = ask(searcher, "哪些地方推行了说理式执法")
    found = {
        (e.hit.report.metadata.region.name, e.hit.report.metadata.year, e.hit.passage.role) for e in answer.entries
    }
    assert {
        ("鸣泉区", 2022, "done"),
        ("望月镇", 2022, "planned"),
        ("望月镇", 2023, "done"),
        ("云岫省", 2022, "planned"),
    } <= found


def test_places_searched_without_detection_are_named_as_such(searcher: Searcher) -> None:
    coverage = ask(searcher, "哪些地方推行了说理式执法").coverage
    assert coverage.regions_searched == len(coverage.regions_found) + len(coverage.regions_not_detected)
    assert "石榆州" in coverage.regions_not_detected


@pytest.mark.parametrize("query", ["哪些地方建设了核电站", "哪些地方推行了碳排放权交易"])
def test_without_evidence_there_is_no_answer(searcher: Searcher, query: str) -> None:
    answer = ask(searcher, query)
    assert not answer.found
    assert answer.entries == ()
    assert 0 < len(answer.nearest) <= 3
    assert answer.coverage.regions_found == ()


@pytest.mark.parametrize("query", ["临溪市2023年行政复议案件数", "杭州市2022年受理行政复议案件多少件"])
def test_no_report_is_not_answered_from_another_year_or_place(searcher: Searcher, query: str) -> None:
    answer = ask(searcher, query)
    assert not answer.found
    assert answer.nearest == ()
    assert answer.coverage.reports_searched == 0
    assert "没有" in answer.message_zh


def test_the_named_place_and_year_become_filters(searcher: Searcher) -> None:
    answer = ask(searcher, "临溪市2021年收到多少件行政复议申请")
    assert answer.kind == "fact"
    assert answer.coverage.reports_searched == 1
    assert "196件" in answer.entries[0].quote


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("哪些地方推行了说理式执法", "places"), ("武威市办理多少件行政复议案件", "fact"), ("各地行政复议工作做法比较", "compare"),
        ("行政执法三项制度", "open"), ("Which local governments set up legal aid", "places"), ("How many cases were heard", "fact"),
    ],
)  # fmt: skip
def test_kinds_of_questions_are_told_apart(searcher: Searcher, query: str, kind: str) -> None:
    assert understand(query, PlaceNames([])).kind == kind


def test_a_fact_is_answered_with_its_figure_marked_in_the_quotation(searcher: Searcher) -> None:
    answer = ask(searcher, "临溪市2021年收到多少件行政复议申请")
    entry = answer.entries[0]
    assert entry.figure is not None
    assert (entry.figure.base_value, entry.figure.base_unit) == (196, "件")
    text = searcher.index.report(entry.hit.report.id).text
    assert text[entry.figure.start : entry.figure.end] == entry.figure.text == "196件"
    assert entry.start <= entry.figure.start < entry.figure.end <= entry.end


def test_a_fact_asked_of_no_place_is_answered_for_every_place_and_year(searcher: Searcher) -> None:
    answer = ask(searcher, "行政复议案件有多少件")
    places = [(e.hit.report.metadata.region.name, e.hit.report.metadata.year) for e in answer.entries]
    assert len(places) == len(set(places)) >= 3
    assert all(entry.figure for entry in answer.entries)


def test_figures_that_differ_in_scope_are_not_set_beside_each_other_without_saying_so(searcher: Searcher) -> None:
    answer = ask(searcher, "收到多少件行政复议申请")
    levels = {entry.hit.report.metadata.level for entry in answer.entries}
    assert len(levels) > 1
    assert "级别" in answer.caution_zh
    assert "level" in answer.caution_en
    assert ask(searcher, "临溪市2021年收到多少件行政复议申请").caution_zh == ""


def test_a_question_for_an_amount_is_not_answered_by_a_sentence_without_one(searcher: Searcher) -> None:
    answer = ask(searcher, "临溪市2021年聘请了多少架无人机")
    assert all(entry.figure for entry in answer.entries)
    assert not answer.found


def test_places_whose_reports_are_of_other_years_are_named(searcher: Searcher) -> None:
    coverage = ask(searcher, "2023年哪些地方推行了说理式执法").coverage
    assert coverage.years == (2023,)
    assert "临溪市" in coverage.regions_without_report
    assert not set(coverage.regions_without_report) & {*coverage.regions_found, *coverage.regions_not_detected}


def test_what_the_question_names_can_be_taken_away(searcher: Searcher) -> None:
    query = "临溪市2023年行政复议案件数"
    assert ask(searcher, query).coverage.reports_searched == 0
    assert ask(searcher, query, ignored=["year"]).coverage.reports_searched == 1
    assert ask(searcher, query, ignored=["year", "region"]).coverage.reports_searched == len(searcher.index.reports)


def test_every_string_quoted_for_the_development_questions_is_verbatim(real_searcher: Searcher) -> None:
    path = SHARED / "eval" / "dev.jsonl"
    if not path.is_file():
        pytest.skip(f"the development questions are not at {path}")
    texts = {summary.id: real_searcher.index.report(summary.id).text for summary in real_searcher.index.reports}
    quoted = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        answer = ask(real_searcher, json.loads(line)["query"])
        for entry in answer.entries:
            text = texts[entry.hit.report.id]
            assert text[entry.start : entry.end] == entry.quote
            parts = entry.derived.parts if entry.derived else ()
            begin = entry.hit.passage.start
            spans = [(begin + part.start, begin + part.end, part.text) for part in parts]
            spans += [(entry.figure.start, entry.figure.end, entry.figure.text)] if entry.figure else []
            assert all(text[start:end] == words for start, end, words in spans)
            quoted += 1
        for hit in answer.nearest:
            assert texts[hit.report.id][hit.passage.start : hit.passage.end] == hit.passage.text
    assert quoted > 50


def test_a_figure_that_can_only_be_worked_out_is_shown_with_its_parts(real_searcher: Searcher) -> None:
    entry = ask(real_searcher, "潢川县2023年行政诉讼败诉多少件").entries[0]
    assert entry.figure is None
    assert entry.derived is not None
    assert entry.derived.value == pytest.approx(12.0, abs=0.05)
    assert [part.text for part in entry.derived.parts] == ["103件", "11.65%"]


def test_a_stated_zero_is_a_zero(real_searcher: Searcher) -> None:
    entry = ask(real_searcher, "白路镇2022年受理行政诉讼案件多少件").entries[0]
    assert entry.figure is not None
    assert entry.figure.value == 0


def test_a_passage_about_the_measure_does_not_lend_another_matters_figure(searcher: Searcher) -> None:
    for entry in ask(searcher, "收到多少件行政复议申请").entries:
        assert "哄抬" not in entry.quote
        assert "复议" in entry.quote


def test_a_comparison_of_amounts_gives_each_places_figure(searcher: Searcher) -> None:
    answer = ask(searcher, "比较雁回县和云岫省的出庭应诉率")
    assert {e.hit.report.metadata.region.name: e.figure.text for e in answer.entries if e.figure} == {
        "雁回县": "90.5%",
        "云岫省": "96.4%",
    }


def test_what_no_search_can_answer_is_said_beside_what_was_found(searcher: Searcher) -> None:
    assert "不是没有的地方" in ask(searcher, "哪些地方没有推行说理式执法").caution_zh
    assert "不排名" in ask(searcher, "哪些地方的出庭应诉率最高").caution_zh
    assert ask(searcher, "哪些地方推行了说理式执法").caution_zh == ""


def test_plans_for_a_year_are_answered_from_the_report_before_which_is_said(searcher: Searcher) -> None:
    answer = ask(searcher, "石榆州2021年打算怎么培养双语执法人员")
    assert {(e.hit.report.metadata.year, e.hit.passage.role) for e in answer.entries} == {(2020, "planned")}
    assert "2020 年的报告" in answer.caution_zh


def test_places_below_one_without_a_report_are_named(searcher: Searcher) -> None:
    answer = ask(searcher, "云岫省2021年行政复议案件多少件")
    assert not answer.found
    assert "其下有报告的" in answer.message_zh


@pytest.mark.parametrize(
    ("question", "text", "held"),
    [
        ("县长是谁", "成立由县长陆文波任组长的领导小组。", True),
        ("县长是谁", "县长高度重视，亲自部署，由县长任组长。", False),
        ("谁担任领导小组组长", "领导小组由何静同志任组长。", True),
        ("谁担任领导小组组长", "领导小组由县委书记任组长，县长任副组长。", False),
        ("谁负责行政复议", "行政复议由司法局负责。", True),
        ("局长是谁", "局党组书记、局长江映雪认真履行职责。", True),
        ("县长是谁", "县长罗清和切实履行第一责任人职责。", True),
    ],
)
def test_only_a_text_that_names_somebody_says_who_holds_an_office(question: str, text: str, held: bool) -> None:
    office = asks_holder(question)
    assert (not office or names_holder(text, office)) is held


def test_who_holds_an_office_is_quoted_by_the_sentence_that_names_somebody() -> None:
    text = "出台规划。镇党委书记田雨薇任组长。全年开会4次。"
    assert holder_sentence(text, office_in_full("镇党委书记是谁")) == (5, 17)


@pytest.mark.parametrize("question", ["(县长是谁", "[县长是谁", "县*+县长是谁"])
def test_signs_in_a_question_for_the_holder_of_an_office_are_no_pattern(question: str) -> None:
    assert not names_holder("由县长陆文波任组长。", office_in_full(question))


def test_what_a_department_says_is_not_what_its_government_says(searcher: Searcher) -> None:
    answer = ask(searcher, "鸣泉区市场监督管理局办理了多少件案件")
    assert answer.filters.department == "市场监督管理局"
    assert {e.hit.report.metadata.department for e in answer.entries} <= {"市场监督管理局"}
    assert ask(searcher, "鸣泉区有哪些地方市场监督管理局").filters.department is None


def test_an_overview_of_one_part_lists_what_the_report_has(searcher: Searcher) -> None:
    answer = ask(searcher, "望月镇还有哪些不足")
    assert answer.found
    assert {e.hit.passage.role for e in answer.entries} == {"shortcoming"}
    told = [(e.hit.report.metadata.year, e.start) for e in answer.entries]
    assert told == sorted(told)
    assert all(e.quote == e.hit.passage.text for e in answer.entries)
