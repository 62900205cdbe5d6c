"""What many pages of one site repeat at their edges is furniture; what reports have in common inside is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.build import Summary, build
from indexer.extraction import make_report
from indexer.sites import learned_lines
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.store import Index, open_index
from retrieval.text import bare
from tests.conftest import quiet

TOWNS = ("石桥镇", "柳河乡", "枫林镇", "杏花乡", "松岭镇", "竹溪乡", "梅川镇")
LINE = "掌上云台融媒矩阵"
SENTENCE = "本平台所载内容仅供浏览参考，一切以云台县印发的纸质文本为准，欢迎广大网友监督。"
SHARED = "坚持依法决策，重大事项均经集体讨论决定，主动接受人大监督和群众监督。"


def page(town: str, number: int) -> str:
    own = f"2022年，{town}开展执法检查{number + 20}次，化解矛盾纠纷{number * 3 + 7}件，群众满意度持续提升。"
    return (
        f"<html><head><link rel=canonical href=https://www.yuntai.example/{number}.html></head><body>"
        f"<h1>云台县{town}2022年法治政府建设情况报告</h1><p>{own}</p><p>一、主要做法</p><p>{SHARED}</p>"
        f"<p>（一）{town}的做法。{own}</p><p>{SHARED}</p><p>二、下一步打算</p><p>{town}将继续推进普法{number}场次。{own}</p>"
        f"<p>{town}还将加强队伍建设。{own}</p><p>{town}将健全考核机制。{own}</p><p>{SENTENCE}</p><p>{LINE}</p></body></html>"
    )


@pytest.fixture
def indexed(tmp_path: Path, config: Config, encoder: Encoder) -> Callable[[int], tuple[Summary, Index]]:
    def index(count: int) -> tuple[Summary, Index]:
        folder = tmp_path / "reports"
        folder.mkdir(exist_ok=True)
        for number, town in enumerate(TOWNS[:count]):
            (folder / f"{number}.html").write_text(page(town, number), encoding="utf-8")
        summary = build([folder], tmp_path / "index", config, encoder, quiet, rebuild=False)
        return summary, open_index(tmp_path / "index")

    return index


def removed(index: Index) -> list[dict[str, str]]:
    reports = [index.report(summary.id) for summary in index.reports]
    return [{removal.text: removal.reason for removal in report.removals} for report in reports]


def test_lines_and_sentences_that_a_site_repeats_go_with_the_evidence(indexed) -> None:
    _, index = indexed(6)
    for gone in removed(index):
        assert "www.yuntai.example：6/6" in gone[LINE]
        assert "www.yuntai.example：6/6" in gone[SENTENCE]
    assert not [passage for passage, _ in index.passages() if SENTENCE in passage.text]


def test_what_reports_share_inside_stays(indexed) -> None:
    _, index = indexed(6)
    assert sum(SHARED in passage.text for passage, _ in index.passages()) >= 6
    assert all("主要做法" in "".join(p.heading_path) for p, _ in index.passages() if SHARED in p.text)


def test_four_pages_teach_nothing(indexed) -> None:
    _, index = indexed(4)
    assert all(LINE not in gone and SENTENCE not in gone for gone in removed(index))


def test_inspecting_a_page_applies_what_the_index_has_learned_of_its_site(indexed, tmp_path: Path, config) -> None:
    indexed(6)
    report = make_report(page("桐坪镇", 9).encode(), "9.html", {}, config, "inspected")
    assert set(learned_lines(tmp_path / "index", report)) == {bare(LINE), bare(SENTENCE)}
    assert learned_lines(tmp_path / "nowhere", report) == {}


def test_a_page_that_comes_later_is_cleaned_by_what_was_learned(indexed) -> None:
    indexed(6)
    summary, index = indexed(7)
    assert summary.count("new") == 1
    assert summary.count("unchanged") == 6
    latest = next(s for s in index.reports if s.metadata.region.name == TOWNS[6])
    assert "7/7" in {r.text: r.reason for r in index.report(latest.id).removals}[SENTENCE]
