"""PDF pages as their printers make them: columns, tables, pages without text. Printed by a real browser."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from indexer.readers import read
from indexer.readers.document import Document
from tests.test_browser import CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: make browser")

LEFT = "芦汀县持续推进行政执法规范化建设，全年组织执法人员轮训四期，参训人员覆盖全部执法单位，考试合格率保持稳定。"
RIGHT = "县司法局牵头开展案卷评查，抽取处罚卷宗一百二十宗，逐宗反馈意见，并把评查结果纳入年度考核，促进办案质量提升。"
COLUMNS = f"""<h1>芦汀县2022年法治政府建设年度报告</h1>
<div style="columns:2;column-gap:3em"><p style="text-indent:2em">一是{LEFT}{LEFT}{LEFT}</p>
<p style="text-indent:2em">二是{RIGHT}{RIGHT}{RIGHT}</p></div>"""
TABLE = """<p>2022年行政复议案件情况如下表。</p>
<table border="1" style="border-collapse:collapse"><tr><th>类别</th><th>受理（件）</th><th>办结（件）</th></tr>
<tr><td>行政处罚</td><td>31</td><td>29</td></tr><tr><td>政府信息公开及其他<br>事项</td><td>12</td><td>12</td></tr></table><p>以上数据截至2022年12月31日。</p>"""


def printed(html: str, tmp_path: Path) -> Document:
    page = tmp_path / "report.html"
    page.write_text(f"<meta charset=utf-8><body style='font:12pt Noto Sans CJK SC'>{html}", encoding="utf-8")
    subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
         f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={tmp_path / 'report.pdf'}", page.as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return read((tmp_path / "report.pdf").read_bytes(), "report.pdf")


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    texts = [block.text for block in printed(COLUMNS, tmp_path).blocks]
    assert texts == ["芦汀县2022年法治政府建设年度报告", f"一是{LEFT * 3}", f"二是{RIGHT * 3}"]


def test_tables_are_kept_row_by_row_in_their_place(tmp_path: Path) -> None:
    document = printed(TABLE, tmp_path)
    assert [block.text for block in document.blocks] == [
        "2022年行政复议案件情况如下表。",
        "类别\t受理（件）\t办结（件）",
        "行政处罚\t31\t29",
        "政府信息公开及其他事项\t12\t12",
        "以上数据截至2022年12月31日。",
    ]
    assert {piece.page for block in document.blocks for piece in block.pieces} == {1}
    assert "box=" in document.blocks[1].pieces[0].locator


def test_cells_without_rules_are_no_columns(tmp_path: Path) -> None:
    rows = "".join(f"<tr><td style='width:9cm'>指标{n}</td><td>完成{n}件</td></tr>" for n in range(10))
    texts = [block.text for block in printed(f"<table>{rows}</table>", tmp_path).blocks]
    assert "指标3 完成3件" in "\n".join(texts)


def test_text_beside_a_table_and_beside_other_tables_is_kept_whole(tmp_path: Path) -> None:
    rows = "".join(f"<tr><td>指标{n}</td><td>{n}件</td></tr>" for n in range(8))
    ruled = f'<table border="1" style="border-collapse:collapse;{{}}">{rows}</table>'
    html = (
        f"<h1>芦汀县2022年法治政府建设年度报告</h1>{ruled.format('float:right;width:40%')}<p>{LEFT}</p><p>{RIGHT}</p>"
        f"<div style='clear:both;display:flex;gap:3em'>{ruled.format('')}{ruled.format('')}</div><p>{RIGHT}</p>"
    )
    text = "".join("".join(block.text.split()) for block in printed(html, tmp_path).blocks)
    assert LEFT in text
    assert text.count(RIGHT) == 2
    assert text.count("指标7") == 3


def test_a_table_that_lays_text_out_gives_each_cell_by_itself(tmp_path: Path) -> None:
    rows = "".join(
        f"<tr><td style='width:5em'>健全依法行政制度{n}</td><td>{LEFT * 4}{RIGHT * 4}</td></tr>" for n in range(2)
    )
    texts = [block.text for block in printed(f'<table border="1">{rows}</table>', tmp_path).blocks]
    assert texts == ["健全依法行政制度0", LEFT * 4 + RIGHT * 4, "健全依法行政制度1", LEFT * 4 + RIGHT * 4]
