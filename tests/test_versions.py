"""Copies, moved files, newer and older texts, and files that are gone: one report each, and no citation breaks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.build import Summary, build
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import NotFoundError
from retrieval.store import Index, open_index
from tests.conftest import quiet
from webapp import create_app
from webapp.difference import differences
from webapp.service import Service

TITLE = "云台县人民政府2022年法治政府建设情况报告\n"
BODY = (
    "2022年，云台县坚持依法行政，现将情况报告如下。\n一、主要成效\n"
    "（一）推行说理式执法。处罚决定书说清事实、证据、法律依据和裁量理由，全年制作说理式处罚决定书{n}份。\n"
    "（二）规范行政复议。收到行政复议申请31件，受理28件，审结27件，直接纠错4件，调解和解9件。\n"
    "（三）加强执法培训。组织执法人员集中培训6期，参训410人次，考试合格率百分之九十八。\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "reports"
    path.mkdir()
    (path / "a.txt").write_text(TITLE + BODY.format(n=12), encoding="utf-8")
    return path


@pytest.fixture
def run(tmp_path: Path, folder: Path, config: Config, encoder: Encoder) -> Callable[..., Summary]:
    def index(*paths: Path, purge: bool = False) -> Summary:
        return build(list(paths) or [folder], tmp_path / "index", config, encoder, quiet, rebuild=False, purge=purge)

    return index


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], Index]:
    return lambda: open_index(tmp_path / "index")


def statuses(summary: Summary) -> dict[str, str]:
    return {outcome.source_name: outcome.status for outcome in summary.outcomes}


def passage_with(index: Index, words: str) -> str:
    return next(passage.id for passage, _ in index.passages() if words in passage.text)


def test_the_same_text_with_other_furniture_is_linked_and_not_searched_twice(run, folder: Path, opened) -> None:
    run()
    page = f"<html><body><div class='nav'>首页</div><h1>{TITLE.strip()}</h1>"
    page += (
        "".join(f"<p>{line}</p>" for line in BODY.format(n=12).splitlines()) + "<p>打印本页 关闭窗口</p></body></html>"
    )
    (folder / "b.html").write_text(page, encoding="utf-8")
    summary = run()
    assert statuses(summary) == {"a.txt": "unchanged", "b.html": "duplicate"}
    assert summary.embedded == 0
    index = opened()
    (report,) = index.reports
    assert [(s.source_name, s.kind) for s in index.sources(report.id)] == [("b.html", "text")]
    assert statuses(run()) == {"a.txt": "unchanged", "b.html": "duplicate"}
    assert run().version == summary.version


def test_a_duplicate_goes_on_being_the_report_when_the_first_file_is_gone(run, folder: Path, opened) -> None:
    shutil.copy(folder / "a.txt", folder / "b.txt")
    run()
    (folder / "a.txt").unlink()
    run()
    assert len(opened().reports) == 1


def test_a_moved_file_keeps_its_report_and_its_citations(run, folder: Path, opened) -> None:
    run()
    (before,) = opened().reports
    cited = passage_with(opened(), "说理式")
    (folder / "2022").mkdir()
    (folder / "a.txt").rename(folder / "2022" / "yuntai.txt")
    summary = run()
    assert statuses(summary)["2022/yuntai.txt"] == "moved"
    assert summary.embedded == 0
    (after,) = opened().reports
    assert (after.id, after.source_name) == (before.id, "2022/yuntai.txt")
    assert opened().find_passage(cited)[1].source_name == "2022/yuntai.txt"


def test_another_file_of_the_same_place_and_year_with_a_changed_text_is_a_newer_version(
    run, folder: Path, opened
) -> None:
    run()
    (before,) = opened().reports
    cited = passage_with(opened(), "决定书12份")
    (folder / "b.txt").write_text(TITLE + BODY.format(n=99), encoding="utf-8")
    assert statuses(run()) == {"a.txt": "unchanged", "b.txt": "changed"}
    index = opened()
    (after,) = index.reports
    assert (after.id, after.source_name) == (before.id, "b.txt")
    assert [(v.summary.source_name, v.state) for v in index.versions(before.id)] == [
        ("b.txt", "current"),
        ("a.txt", "superseded"),
    ]
    assert "决定书12份" in index.find_passage(cited)[0].text
    assert not any("决定书12份" in passage.text for passage, _ in index.passages())


def test_versions_do_not_flip_from_run_to_run_and_the_older_comes_back_when_the_newer_is_gone(
    run, folder: Path, opened
) -> None:
    run()
    (folder / "b.txt").write_text(TITLE + BODY.format(n=99), encoding="utf-8")
    version = run().version
    assert statuses(run()) == {"a.txt": "unchanged", "b.txt": "unchanged"}
    assert run().version == version
    (folder / "b.txt").unlink()
    assert statuses(run())["b.txt"] == "withdrawn"
    (report,) = opened().reports
    assert report.source_name == "a.txt"


def test_the_version_published_later_is_searched_whichever_is_read_first(run, folder: Path, opened) -> None:
    strip = "发布日期：2023-0{m}-15　信息来源：县政府办\n"
    (folder / "a.txt").write_text(TITLE + strip.format(m=5) + BODY.format(n=12), encoding="utf-8")
    (folder / "b.txt").write_text(TITLE + strip.format(m=2) + BODY.format(n=99), encoding="utf-8")
    run()
    (report,) = opened().reports
    assert (report.source_name, report.metadata.publication_date) == ("a.txt", "2023-05-15")


def test_reports_of_one_place_and_year_that_say_other_things_stay_two(run, folder: Path, opened) -> None:
    other = "2022年，云台县法治建设自查如下。\n一、存在问题\n普法宣传形式单一，基层执法力量薄弱，部分乡镇合法性审核人员多为兼职。\n"
    (folder / "b.txt").write_text(TITLE + other, encoding="utf-8")
    run()
    assert len(opened().reports) == 2


def test_a_file_that_is_gone_leaves_the_search_and_can_still_be_cited(run, folder: Path, opened) -> None:
    run()
    cited = passage_with(opened(), "说理式")
    (folder / "a.txt").unlink()
    summary = run()
    assert statuses(summary) == {"a.txt": "withdrawn"}
    index = opened()
    assert index.reports == []
    passage, report = index.find_passage(cited)
    assert index.state(report) == "withdrawn"
    assert index.report(report.id).text[passage.start : passage.end] == passage.text
    assert run().version == summary.version


def test_the_site_lists_withdrawn_reports_with_a_link_to_each(
    run, folder: Path, opened, tmp_path: Path, config: Config, encoder: Encoder
) -> None:
    run()
    (report,) = opened().reports
    (folder / "a.txt").unlink()
    run()
    client = create_app(config, service=Service(config, tmp_path / "index", encoder)).test_client()
    page = client.get("/corpus?lang=zh").text
    assert "移走的报告（1 份）" in page
    assert f"/reports/{report.id}?version={report.version_id}" in page


def test_a_file_that_comes_back_is_searched_again_without_embedding(run, folder: Path, opened) -> None:
    run()
    text = (folder / "a.txt").read_bytes()
    (folder / "a.txt").unlink()
    run()
    (folder / "a.txt").write_bytes(text)
    assert run().embedded == 0
    (report,) = opened().reports
    assert opened().state(report) == "current"


def test_files_outside_the_folders_given_are_left_alone(run, folder: Path, tmp_path: Path, opened) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "c.txt").write_text((TITLE + BODY.format(n=7)).replace("云台县", "栖霞岭县"), encoding="utf-8")
    run(folder, other)
    (folder / "a.txt").unlink()
    run(other)
    assert len(opened().reports) == 2
    run(folder)
    assert [report.source_name for report in opened().reports] == ["c.txt"]


def test_a_broken_archive_does_not_withdraw_what_was_read_from_it(run, folder: Path, opened) -> None:
    import zipfile

    with zipfile.ZipFile(folder / "z.zip", "w") as archive:
        archive.write(folder / "a.txt", "in.txt")
    (folder / "a.txt").unlink()
    run()
    (folder / "z.zip").write_bytes(b"PK broken")
    assert statuses(run()) == {"z.zip": "failed"}
    assert len(opened().reports) == 1


def test_purging_takes_what_is_gone_out_of_citations_and_deletes_the_original(run, folder: Path, opened) -> None:
    run()
    cited = passage_with(opened(), "说理式")
    original = opened().original(opened().reports[0])
    (folder / "a.txt").unlink()
    run(purge=True)
    with pytest.raises(NotFoundError):
        opened().find_passage(cited)
    assert not original.exists()


def test_what_changed_between_versions_is_shown_verbatim(
    run, folder: Path, opened, tmp_path: Path, config, encoder
) -> None:
    run()
    (folder / "b.txt").write_text(TITLE + BODY.format(n=99).replace("（三）", "（三）新增一句。"), encoding="utf-8")
    run()
    index = opened()
    (report,) = index.reports
    new, old = (index.report(report.id, v.summary.version_id) for v in index.versions(report.id))
    found = differences(old, new)
    assert [c.kind for c in found if c.kind != "equal"] == ["replace", "replace"]
    changed = next(change for change in found if "99份" in change.new)
    assert "12份" in changed.old
    assert old.text[slice(*changed.old_span)] == changed.old
    assert new.text[slice(*changed.new_span)] == changed.new
    client = create_app(config, service=Service(config, tmp_path / "index", encoder)).test_client()
    page = client.get(f"/reports/{report.id}/diff?from={old.summary.version_id}&lang=zh").text
    assert changed.old in page
    assert changed.new in page
    cited = next(p.id for p in old.passages if "12份" in p.text)
    shown = client.get(f"/reports/{report.id}?passage={cited}&lang=zh").text
    assert "这是旧版本" in shown
    assert client.get(f"/api/v1/passages/{cited}").json["state"] == "superseded"
    assert client.get(f"/reports/{report.id}?version=nothing").status_code == 404


OTHER = (
    TITLE.replace("2022", "2023")
    + "2023年，云台县法治建设取得新进展，现将情况报告如下。\n一、主要成效\n"
    + "（一）清理文件。全年清理规范性文件八十份，废止九份，结果已经公布。\n"
)


def test_a_file_that_holds_another_report_from_now_on_is_another_report(run, folder: Path, opened) -> None:
    (folder / "a.txt").rename(folder / "latest.txt")
    run()
    (first,) = opened().reports
    (folder / "latest.txt").rename(folder / "2022.txt")
    (folder / "latest.txt").write_text(OTHER, encoding="utf-8")
    run()
    found = {report.source_name: report.id for report in opened().reports}
    assert set(found) == {"2022.txt", "latest.txt"}
    assert found["2022.txt"] == first.id != found["latest.txt"]
    version = run().version
    assert {report.source_name: report.id for report in opened().reports} == found
    assert run().version == version


def test_a_report_whose_file_was_overwritten_by_another_leaves_the_search(run, folder: Path, opened) -> None:
    run()
    cited = passage_with(opened(), "说理式")
    (folder / "a.txt").write_text(OTHER, encoding="utf-8")
    run()
    assert [report.metadata.year for report in opened().reports] == [2023]
    assert opened().state(opened().find_passage(cited)[1]) == "withdrawn"
