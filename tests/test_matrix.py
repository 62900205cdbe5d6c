"""The evidence matrix: found, not detected and no report are three things; what is found is verbatim."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.build import build
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import QueryError
from retrieval.search import Searcher, open_searcher
from retrieval.store import open_index
from retrieval.types import Filters
from tests.conftest import quiet
from webapp import survey
from webapp.evidence import WEAK
from webapp.matrix import Cell, Matrix, compare


def cell(matrix: Matrix, place: str, column: str) -> Cell:
    row = next(row for row in matrix.rows if row.chain[-1:] == (place,))
    return row.cells[matrix.columns.index(column)]


def test_one_measure_gives_a_column_for_each_year_and_a_row_for_each_place(searcher: Searcher) -> None:
    matrix = compare(searcher, ["初次违法轻微不处罚"])
    summaries = searcher.index.reports
    assert matrix.columns == tuple(str(y) for y in sorted({s.metadata.year for s in summaries if s.metadata.year}))
    assert {row.chain for row in matrix.rows} == {s.metadata.region.chain for s in summaries}


def test_found_not_detected_and_no_report_are_told_apart(searcher: Searcher) -> None:
    matrix = compare(searcher, ["骑马去牧区调解纠纷"])
    assert cell(matrix, "柳塘乡", "2022").state == "found"
    assert cell(matrix, "松鹤县", "2022").state == "not_detected"
    assert cell(matrix, "柳塘乡", "2021").state == "no_report"
    tally = matrix.tally
    assert tally.found + tally.not_detected + tally.no_report == tally.cells == len(matrix.rows) * len(matrix.columns)
    assert tally.reports == len(searcher.index.reports)


def test_every_quotation_is_verbatim(searcher: Searcher) -> None:
    matrix = compare(searcher, ["行政复议", "行政机关负责人出庭应诉率", "行政机关负责人出庭应诉", "人民调解"])
    entries = [entry for row in matrix.rows for cell in row.cells for entry in cell.entries]
    assert len(entries) > 10
    for entry in entries:
        assert searcher.index.report(entry.hit.report.id).text[entry.start : entry.end] == entry.quote


def test_several_measures_are_the_columns_and_the_records_have_every_combination(searcher: Searcher) -> None:
    matrix = compare(searcher, ["行政复议", "人民调解"])
    assert matrix.columns == ("行政复议", "人民调解")
    records = list(matrix.records())
    assert len(records) == len(matrix.rows) * len(matrix.years) * 2
    assert {record.cell.state for record in records} == {"found", "not_detected", "no_report"}


@pytest.mark.parametrize(
    "measure",
    [
        "行政复议",
        "推行说理式执法",
        "行政机关负责人出庭应诉率",
        "扫码入企",
        "高空抛物",
        "收到多少件行政复议申请",
        "领导小组组长是谁",
        "罚款多少万元",
    ],
)
def test_passages_left_unread_would_not_have_been_evidence(
    searcher: Searcher, measure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_pruning = survey.ask_each(searcher, measure, Filters()).entries
    monkeypatch.setattr(survey, "_possible", lambda *parts: list(range(len(parts[-1].rows))))
    assert survey.ask_each(searcher, measure, Filters()).entries == with_pruning


def test_a_passage_in_which_the_words_asked_for_stand_is_evidence_whatever_else_it_says(
    config: Config, encoder: Encoder, tmp_path: Path
) -> None:
    said = {
        "岚溪": "健全府院联动机制，政府与法院定期召开联席会议，研究行政争议化解，全年会商12次。",
        "榆关": "建立府院联动工作机制，县政府与县法院每季度通报行政诉讼情况，共同化解争议。",
        "桐荫": "府院联动设立周转金，为停产企业垫付厂区看护和水电费用，资产变现后优先归还。",
        "槐塘": "为停产企业垫付厂区看护和水电费用，县里设立周转金，资产变现后优先归还。",
    }
    for place, sentence in said.items():
        text = f"{place}县人民政府2021年法治政府建设情况报告\n一、主要做法\n{sentence}\n"
        (tmp_path / f"{place}.txt").write_text(text, encoding="utf-8")
    build([tmp_path], tmp_path / "index", config, encoder, quiet, rebuild=False)
    found = survey.ask_each(open_searcher(config, open_index(tmp_path / "index"), encoder), "府院联动", Filters())
    names = {summary.id: summary.metadata.region.name for summary in found.scope}
    assert {names[report] for report in found.entries} == {"岚溪县", "榆关县", "桐荫县"}
    assert all(entry.strength >= WEAK for entries in found.entries.values() for entry in entries)


@pytest.mark.parametrize("words", ["首违不罚", "民主法治示范村", "行政复议"])
def test_a_survey_in_which_nothing_can_be_evidence_finds_nothing(searcher: Searcher, words: str) -> None:
    filters = Filters(role="shortcoming", year_from=2020, year_to=2020)
    assert survey.ask_each(searcher, words, filters).entries == {}


def test_the_words_asked_for_are_found_behind_many_nearer_passages(
    config: Config, encoder: Encoder, tmp_path: Path
) -> None:
    near = [
        f"{part}。{'开展行政执法监测、行政执法监管，监督行政执法人员，规范行政执法，督促行政执法公示。' * 3}"
        for part in ("县级监督行政执法", "乡镇监督行政执法", "部门监督行政执法", "社会监督行政执法", "群众监督行政执法")
    ]
    said = f"{'建设森林防火通道，清理可燃物，配备巡护车辆，组织扑火演练。' * 5}并把防火检查交给行政执法监督。"
    text = "岚溪县人民政府2021年法治政府建设情况报告\n一、主要做法\n" + "\n".join([*near, said]) + "\n"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    build([tmp_path], tmp_path / "index", config, encoder, quiet, rebuild=False)
    found = survey.ask_each(open_searcher(config, open_index(tmp_path / "index"), encoder), "行政执法监督", Filters())
    quoted = [entry.hit.passage.text for entries in found.entries.values() for entry in entries]
    assert any("行政执法监督" in passage for passage in quoted)


def test_a_survey_is_asked_once_for_each_version_of_the_index(searcher: Searcher) -> None:
    first = survey.survey(searcher, "行政复议", Filters())
    assert survey.survey(searcher, "行政复议", Filters()) is first
    assert survey.survey(searcher.over(searcher.index), "行政复议", Filters()) is not first


def test_a_place_that_is_asked_for_and_has_no_report_is_a_row_of_its_own(searcher: Searcher) -> None:
    matrix = compare(searcher, ["行政复议"], places=["松鹤县", "不存在县"])
    assert [row.chain[-1] for row in matrix.rows] == ["不存在县", "松鹤县"]
    assert {c.state for c in matrix.rows[0].cells} == {"no_report"}


def test_rows_are_sorted_by_first_year_with_the_unfound_last(searcher: Searcher) -> None:
    years = [row.first_year for row in compare(searcher, ["行政复议"], sort="first").rows]
    found = [year for year in years if year]
    assert found == sorted(found)
    assert years[len(found) :] == [None] * (len(years) - len(found))


def test_rows_are_sorted_by_figure_the_largest_first(searcher: Searcher) -> None:
    matrix = compare(searcher, ["行政复议案件受理了多少件"], sort="figure")
    lasts = [[c.best.figure.base_value for c in row.cells if c.best and c.best.figure][-1:] for row in matrix.rows]
    values = [value for one in lasts for value in one]
    assert len(values) > 1
    assert values == sorted(values, reverse=True)


def test_filters_restrict_the_rows(searcher: Searcher) -> None:
    matrix = compare(searcher, ["行政复议"], Filters(level="province"))
    assert {len(row.chain) for row in matrix.rows} == {1}


def test_a_deed_stands_before_a_plan_in_a_cell(searcher: Searcher) -> None:
    matrix = compare(searcher, ["行政复议"])
    for row in matrix.rows:
        for one in row.cells:
            roles = [entry.hit.passage.role for entry in one.entries]
            assert roles == sorted(roles, key=["done", "planned", "shortcoming", "other"].index)


@pytest.mark.parametrize(
    ("measures", "sort"),
    [([], "name"), (["  "], "name"), ([f"举措{n}" for n in range(13)], "name"), (["复议"], "size")],
)
def test_unusable_comparisons_say_why(searcher: Searcher, measures: list[str], sort: str) -> None:
    with pytest.raises(QueryError):
        compare(searcher, measures, sort=sort)  # type: ignore[arg-type]  # what a request may hold
