"""What the corpus holds: coverage with its gaps, reports that look wrong, and the record that each run leaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.parse import unquote

from indexer.build import build
from retrieval import layout
from retrieval.coverage import Size, by_place, by_province, suspicious
from retrieval.store import Index
from retrieval.types import Metadata, Region, ReportSummary
from tests.conftest import SAMPLES, quiet


def summary(year: int | None, *names: str) -> ReportSummary:
    return ReportSummary("r", "v", "a.txt", "", "text/plain", Metadata("", False, Region(*names), year=year))


def test_a_gap_is_a_year_without_a_report_between_two_with_one() -> None:
    (row,) = by_place([summary(2019, "甲省", "乙市"), summary(2022, "甲省", "乙市"), summary(2022, "甲省", "乙市")])
    assert row.counts == {2019: 1, 2022: 2}
    assert row.gaps == (2020, 2021)


def test_provinces_take_in_their_places_and_the_unknown_come_last() -> None:
    rows = by_province([summary(2020), summary(2020, "甲省", "乙市"), summary(2021, "甲省"), summary(None, "丙省")])
    assert [(row.name, row.counts) for row in rows] == [("甲省", {2020: 1, 2021: 1}), ("", {2020: 1})]


def test_reports_that_look_wrong_are_named_with_the_reason() -> None:
    fine = Size(summary(2020, "甲省"), 3000, 200, 8, 20)
    short = Size(summary(2020, "甲省"), 120, 0, 2, 1)
    bare = Size(summary(None), 2000, 5000, 0, 9)
    found = suspicious([fine, short, bare])
    assert [suspicion.zh for suspicion in found] == [
        "只有 120 字",
        "没有标题；年份不明；地方不明；省份未定；清理掉 5000 字，超过一半",
    ]


def test_sizes_are_those_of_the_reports(samples: Index) -> None:
    for size in samples.sizes():
        report = samples.report(size.summary.id)
        assert size.characters == len(report.text)
        assert size.removed == sum(len(removal.text) for removal in report.removals)
        assert size.headings == sum(paragraph.kind == "heading" for paragraph in report.paragraphs)
        assert size.passages == len(report.passages)


def test_every_run_leaves_a_record_for_programs_and_for_people(tmp_path: Path, config, encoder) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    shutil.copy(SAMPLES / "linxi-2021.txt", folder)
    (folder / "empty<b>.txt").write_bytes(b"")
    (folder / "short.txt").write_text("某某县2019年法治政府建设报告\n一句话。", encoding="utf-8")
    build([folder], tmp_path / "index", config, encoder, quiet, rebuild=False)
    (record,) = (tmp_path / "index" / layout.RUNS).glob("*.json")
    values = json.loads(record.read_text(encoding="utf-8"))
    assert {o["source_name"]: o["status"] for o in values["outcomes"]} == {
        "empty<b>.txt": "failed",
        "linxi-2021.txt": "new",
        "short.txt": "new",
    }
    assert [s["file"] for s in values["suspicious"] if "字" in s["zh"]] == ["short.txt"]
    page = record.with_suffix(".html").read_text(encoding="utf-8")
    assert "empty&lt;b&gt;.txt" in page
    assert "empty<b>.txt" not in page
    assert "short.txt" in page


def test_the_page_of_a_run_has_the_first_places_and_its_json_has_all(
    tmp_path: Path, config, encoder, monkeypatch
) -> None:
    monkeypatch.setattr("indexer.run_report._MOST_PLACES", 1)
    build([SAMPLES], tmp_path / "index", config, encoder, quiet, rebuild=False)
    (record,) = (tmp_path / "index" / layout.RUNS).glob("*.json")
    places = [" / ".join(row["place"]) for row in json.loads(record.read_text(encoding="utf-8"))["coverage"]]
    table = record.with_suffix(".html").read_text(encoding="utf-8").partition("<h2>覆盖")[2].partition("<h2>文件")[0]
    assert [name for name in places if f"<th>{name}</th>" in table] == places[:1]
    assert f"另有 {len(places) - 1} 个地方" in table


def test_the_record_of_a_run_counts_what_stayed_and_lists_the_rest(tmp_path: Path, config, encoder) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    for name in ("linxi-2021.txt", "mingquan-2022.html"):
        shutil.copy(SAMPLES / name, folder)
        shutil.rmtree(tmp_path / "index" / layout.RUNS, ignore_errors=True)
        build([folder], tmp_path / "index", config, encoder, quiet, rebuild=False)
    (record,) = (tmp_path / "index" / layout.RUNS).glob("*.json")
    values = json.loads(record.read_text(encoding="utf-8"))
    assert ([o["source_name"] for o in values["outcomes"]], values["unchanged"]) == (["mingquan-2022.html"], 1)
    page = record.with_suffix(".html").read_text(encoding="utf-8").partition("<h2>文件")[2]
    assert ("mingquan-2022.html" in page, "linxi-2021.txt" in page) == (True, False)


def test_runs_that_read_nothing_leave_their_records_too(tmp_path: Path, config, encoder) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "empty.txt").write_bytes(b"")
    for _ in range(2):
        shutil.rmtree(tmp_path / "index" / layout.RUNS, ignore_errors=True)
        build([folder], tmp_path / "index", config, encoder, quiet, rebuild=False)
        (record,) = (tmp_path / "index" / layout.RUNS).glob("*.json")
        (outcome,) = json.loads(record.read_text(encoding="utf-8"))["outcomes"]
        assert (outcome["source_name"], outcome["status"]) == ("empty.txt", "failed")


def test_the_corpus_page_leads_from_a_cell_to_its_reports(client, samples: Index) -> None:
    page = client.get("/corpus?lang=zh").text
    assert '<svg role="img"' in page
    region = next(report.metadata.region for report in samples.reports if report.metadata.region.name == "临溪市")
    assert f"/reports?region={region.province}" in unquote(page)
    listed = client.get(f"/reports?region={region.province}&year=2021&lang=zh").text
    assert "linxi-2021.txt" in listed
    assert "songhe-2022.docx" not in listed
