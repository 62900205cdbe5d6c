"""`ask` is honest: verbatim sentences, roles kept apart, not detected is not absent, no report is a third thing."""

from __future__ import annotations

import pytest

from retrieval.search import Searcher
from webapp.answer import ask
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
    assert understand(query, searcher.index.reports).kind == kind
