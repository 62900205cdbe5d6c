"""The harness measures what it says, and named behaviours of the ranking do not get worse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.errors import ReadError
from retrieval.search import Searcher
from retrieval.types import Filters
from tests.conftest import ROOT, SHARED
from wenzheng.evaluation import Evaluation, compare, evaluate, evaluate_run

QUESTION = {
    "id": "q1", "kind": "measure", "overlap": "low", "query": "骑马去牧区调解", "regions": ["liutang-2022.pdf"],
    "relevant": [{"doc": "liutang-2022.pdf", "quote": "设立“马背调解队”", "status": "done"}],
}  # fmt: skip


def scored(searcher: Searcher, tmp_path: Path, **changes: object) -> dict[str, float]:
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps({**QUESTION, **changes}, ensure_ascii=False) + "\n", encoding="utf-8")
    return evaluate(searcher, path).questions[0].values


def test_a_quote_found_first_scores_one(searcher: Searcher, tmp_path: Path) -> None:
    values = scored(searcher, tmp_path)
    assert {values[name] for name in ("nDCG@10", "P@1", "MRR", "recall@10", "found")} == {1.0}


def test_a_quote_that_is_not_there_scores_nothing(searcher: Searcher, tmp_path: Path) -> None:
    missing = [{"doc": "liutang-2022.pdf", "quote": "报告里没有的话", "status": "done"}]
    assert scored(searcher, tmp_path, relevant=missing)["recall@10"] == 0


def test_white_space_in_a_quote_does_not_matter(searcher: Searcher, tmp_path: Path) -> None:
    spaced = [{"doc": "liutang-2022.pdf", "quote": "设立 “马背\n调解队”", "status": "done"}]
    assert scored(searcher, tmp_path, relevant=spaced)["P@1"] == 1


def test_a_partial_quote_neither_helps_nor_harms(searcher: Searcher, tmp_path: Path) -> None:
    partial = [{"doc": "liutang-2022.pdf", "quote": "设立“马背调解队”"}]
    other = [{"doc": "songhe-2022.docx", "quote": "使用无人机巡查", "status": "done"}]
    changes = {"query": "骑马调解，无人机巡查", "relevant": other, "regions": ["songhe-2022.docx"]}
    assert scored(searcher, tmp_path, partial=partial, **changes)["P@1"] == 1


def test_a_near_miss_among_the_answers_is_counted(searcher: Searcher, tmp_path: Path) -> None:
    values = scored(searcher, tmp_path, relevant=[], near_miss=QUESTION["relevant"])
    assert (values["near misses"], values["rejected"]) == (1, 0)


def test_a_wrong_role_is_counted(searcher: Searcher, tmp_path: Path) -> None:
    planned = [{**QUESTION["relevant"][0], "status": "planned"}]
    assert scored(searcher, tmp_path, relevant=planned)["role accuracy"] == 0


def test_a_line_that_is_no_question_is_named(searcher: Searcher, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text(json.dumps(QUESTION) + "\n{}\n", encoding="utf-8")
    with pytest.raises(ReadError, match="line 2"):
        evaluate(searcher, tmp_path / "q.jsonl")


def test_a_configuration_does_not_differ_from_itself(searcher: Searcher, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text(json.dumps(QUESTION) + "\n", encoding="utf-8")
    result = evaluate(searcher, tmp_path / "q.jsonl")
    difference = compare(result, result).as_dict()["difference"]
    assert {(value["value"], value["interval"]) for value in difference.values()} == {(0.0, (0.0, 0.0))}


def test_trec_files_are_scored(tmp_path: Path) -> None:
    (tmp_path / "qrels").write_text("q 0 a 1\nq 0 b 0\n", encoding="utf-8")
    (tmp_path / "run").write_text("q Q0 b 1 2.0 x\nq Q0 a 2 1.0 x\n", encoding="utf-8")
    found = evaluate_run(tmp_path / "qrels", tmp_path / "run")
    assert (found["P@1"], found["MRR"]) == (0, 0.5)
    assert found["nDCG@10"] == pytest.approx(0.6309, abs=1e-4)


@pytest.fixture(scope="module")
def on_samples(searcher: Searcher) -> Evaluation:
    return evaluate(searcher, ROOT / "bench" / "questions" / "samples.jsonl")


# Floors stand two questions below what was measured: processors round differently, and a few questions lie on the line.
@pytest.mark.parametrize(
    ("figure", "floor"),
    [("nDCG@10", 0.94), ("P@1", 0.89), ("recall@10", 0.97), ("region F1", 0.77), ("found balanced accuracy", 0.77)],
)
def test_figures_on_the_samples_stay_above_their_floors(on_samples: Evaluation, figure: str, floor: float) -> None:
    assert on_samples.as_dict()["groups"]["all"][figure]["value"] >= floor


def test_roles_are_right_and_no_near_miss_is_answered(on_samples: Evaluation) -> None:
    figures = on_samples.as_dict()["groups"]["all"]
    assert figures["role accuracy"]["value"] == 1
    assert figures["near misses"]["value"] == 0


@pytest.mark.skipif(not (SHARED / "reports").is_dir(), reason=f"the real reports are not at {SHARED}")
@pytest.mark.parametrize(
    ("figure", "floor"),
    [("nDCG@10", 0.9), ("P@1", 0.90), ("recall@10", 0.95), ("region F1", 0.79), ("found balanced accuracy", 0.87)],
)
def test_figures_on_the_real_reports_stay_above_their_floors(
    real_searcher: Searcher, figure: str, floor: float
) -> None:
    result = evaluate(real_searcher, ROOT / "bench" / "questions" / "reports.jsonl")
    assert result.as_dict()["groups"]["all"][figure]["value"] >= floor


def names(searcher: Searcher, query: str, count: int, filters: Filters | None = None) -> list[str]:
    return [hit.report.metadata.region.name for hit in searcher.search(query, filters, limit=count).hits]


def test_precision_a_measure_of_one_place_brings_that_place_first(searcher: Searcher) -> None:
    assert names(searcher, "草场上骑马的调解员", 1) == ["柳塘乡"]
    assert names(searcher, "早餐时听企业家提意见", 1) == ["石榆州"]


def test_recall_all_places_with_a_measure_are_among_the_first(searcher: Searcher) -> None:
    assert {"云岫省", "松鹤县", "鸣泉区"} <= set(names(searcher, "初次犯小错不处罚", 8))


def test_order_the_deed_stands_above_the_mere_mention(searcher: Searcher) -> None:
    roles = [hit.passage.role for hit in searcher.search("执法记录仪配备了多少台", limit=3).hits]
    assert roles[0] == "done"


def test_field_the_heading_brings_its_passage_up(searcher: Searcher) -> None:
    hit = searcher.search("应对疫情防控", limit=1).hits[0]
    assert "依法防控疫情" in hit.passage.heading_path[-1]


def test_comparison_both_places_of_a_comparison_are_found(searcher: Searcher) -> None:
    assert {"云岫省", "雁回县"} <= set(names(searcher, "比较各地行政机关负责人出庭应诉率", 4))
