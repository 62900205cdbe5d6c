"""PDF pages as their printers make them: columns, tables, pages without text. Printed by a real browser."""

from __future__ import annotations

import subprocess
from pathlib import Path

import docx
import pytest
from docx.shared import Cm

from indexer.readers import read
from indexer.readers.document import Document
from tests.test_browser import CHROMIUM
from tests.test_formats import OFFICE

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


def paragraphs(count: int, length: int) -> list[str]:
    """Paragraphs of figures, Latin words and closing marks, no two alike; lines break at another place in each."""
    texts = []
    for n in range(count):
        text = f"第{n}项工作由芦汀县牵头，"
        while len(text) < length:
            text += f"办结案件{len(text) * (n + 3)}件（含APP受理{n + len(text)}件），满意率{60 + n}.{n}%；"
        texts.append(text + "有关做法已经推广。")
    return texts


def in_columns(number: int, gap: str, texts: list[str], style: str = "") -> str:
    inner = "".join(f"<p style='text-indent:2em;margin:0'>{text}</p>" for text in texts)
    return f"<div style='columns:{number};column-gap:{gap};{style}'>{inner}</div>"


@pytest.mark.parametrize("align", ["justify", "left"])
@pytest.mark.parametrize(("number", "gap"), [(2, "12px"), (3, "12px"), (3, "2em")])
def test_columns_beside_a_narrow_gutter_are_read_whole(tmp_path: Path, number: int, gap: str, align: str) -> None:
    texts = paragraphs(12, 120)
    html = f"<h1>芦汀县年度报告</h1><div style='text-align:{align}'>{in_columns(number, gap, texts)}</div>"
    assert [block.text for block in printed(html, tmp_path).blocks] == ["芦汀县年度报告", *texts]


@pytest.mark.parametrize("number", [2, 3])
def test_columns_of_a_few_lines_between_paragraphs_across_the_page_are_read_whole(tmp_path: Path, number: int) -> None:
    texts = paragraphs(3 * (number + 1), 60)
    html = ""
    for at in range(0, len(texts), number + 1):
        texts[at] += LEFT + RIGHT
        html += in_columns(1, "0", texts[at : at + 1]) + in_columns(number, "1.5em", texts[at + 1 : at + 1 + number])
    assert [block.text for block in printed(html, tmp_path).blocks] == texts


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("style", ["font-size:1.2em", "font-size:1em", "text-align:center"])
def test_a_short_heading_over_columns_is_read_before_them(tmp_path: Path, number: int, style: str) -> None:
    texts = paragraphs(12, 90)
    html, expected = "", []
    for at, heading in enumerate(["一、主要工作", "二、存在问题", "三、下步打算"]):
        html += f"<h2 style='{style}'>{heading}</h2>" + in_columns(number, "2em", texts[4 * at : 4 * at + 4])
        expected += [heading, *texts[4 * at : 4 * at + 4]]
    assert [block.text for block in printed(html, tmp_path).blocks] == expected


def test_what_columns_leave_for_the_next_page_goes_on_with_their_last_paragraph(tmp_path: Path) -> None:
    texts = paragraphs(5, 200)
    # Two lines are left for the third page, too few to stand beside others.
    texts[-1] = texts[-1][:-29] + "已经推广。"
    html = "<style>@page{size:21cm 10cm}</style>" + in_columns(3, "1.5em", texts)
    document = printed(html, tmp_path)
    assert [block.text for block in document.blocks] == texts
    assert [piece.page for piece in document.blocks[-1].pieces].count(3) == 2


def test_ragged_lines_that_end_before_a_long_word_are_joined(tmp_path: Path) -> None:
    texts = [f"芦汀县{'推进依法行政工作' * n}并建成ReedfordPublicService平台，" + RIGHT * 2 for n in range(1, 9)]
    html = "".join(f"<p style='text-align:left;text-indent:2em;margin:0'>{text}</p>" for text in texts)
    assert [block.text for block in printed(html, tmp_path).blocks] == texts


def test_a_gap_parts_paragraphs_whose_last_lines_are_full(tmp_path: Path) -> None:
    texts = [f"第{n}条" + "芦汀县各执法单位应当公开办理结果" * 5 for n in "一二三四"]
    texts = [text[:60] for text in texts]
    html = "".join(f"<p style='width:20em;margin:0 0 .8em'>{text}</p>" for text in texts)
    assert [block.text for block in printed(html, tmp_path).blocks] == texts


def test_items_hang_together_and_lines_set_to_the_right_stay_apart(tmp_path: Path) -> None:
    texts = [f"{text}并于年底前公布" for text in paragraphs(4, 70)]
    items = "".join(f"<li>{text}</li>" for text in texts)
    sign = "<p style='text-align:right'>芦汀县人民政府办<br>二〇二三年三月二</p>"
    found = [block.text for block in printed(f"<p>分工如下：</p><ol>{items}</ol>{sign}", tmp_path).blocks]
    numbered = [f"{n}. {text}" for n, text in enumerate(texts, start=1)]
    assert found == ["分工如下：", *numbered, "芦汀县人民政府办", "二〇二三年三月二"]


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


def test_cells_that_fill_their_columns_are_no_columns_of_prose(tmp_path: Path) -> None:
    rows = "".join(
        f"<tr><td style='padding-right:1em'>完善制度、清理文件第{n}批</td><td>县司法局、各乡镇分头办理第{n}批</td></tr>"
        for n in range(9)
    )
    text = "\n".join(block.text for block in printed(f"<table>{rows}</table>", tmp_path).blocks)
    assert all(f"完善制度、清理文件第{n}批 县司法局、各乡镇分头办理第{n}批" in text for n in range(9))


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


LONG = "对全县行政执法案卷开展集中评查并逐卷反馈问题、限期整改、跟踪复核，评查结果纳入年度考核" * 6 + "。"
SMALL_PAGE = (
    "<style>@page{size:A5;margin:2cm} table{border-collapse:collapse;width:100%} td,th{border:1px solid}</style>"
)


def below(lines: int, table: str) -> str:
    """A table below so many lines of text."""
    return SMALL_PAGE + "<p>说明</p>" * lines + f"<table>{table}</table>"


@pytest.mark.parametrize("head", ["", "<thead><tr><th>序号</th><th>内容</th><th>数量</th></tr></thead>"])
def test_a_row_that_the_page_break_cuts_is_one_row(tmp_path: Path, head: str) -> None:
    rows = "".join(
        f"<tr><td>{n}</td><td>{LONG if n == 3 else '公开结果'}</td><td>{n * 7}件</td></tr>" for n in range(5)
    )
    document = printed(below(9, head + rows), tmp_path)
    texts = [block.text for block in document.blocks if "\t" in block.text and not block.furniture]
    assert texts[-5:] == [
        "0\t公开结果\t0件",
        "1\t公开结果\t7件",
        "2\t公开结果\t14件",
        f"3\t{LONG}\t21件",
        "4\t公开结果\t28件",
    ]
    cut = next(block for block in document.blocks if LONG in block.text)
    assert [piece.page for piece in cut.pieces] == [1, 2, 1]


def test_a_table_head_repeated_on_the_next_page_is_furniture(tmp_path: Path) -> None:
    rows = "".join(f"<tr><td>{n}</td><td>公开结果</td></tr>" for n in range(30))
    document = printed(below(3, f"<thead><tr><th>序号</th><th>内容</th></tr></thead>{rows}"), tmp_path)
    heads = [block.furniture for block in document.blocks if block.text == "序号\t内容"]
    assert heads[0] is None
    assert len(heads) > 1
    assert all(heads[1:])


@pytest.mark.parametrize("lines", [8, 9])
def test_rows_under_a_label_that_goes_on_over_the_page_break_stay_apart(tmp_path: Path, lines: int) -> None:
    rows = "".join(f"<td>第{n}项公开结果</td><td>{n}件</td></tr><tr>" for n in range(30))
    texts = [block.text for block in printed(below(lines, f"<tr><td rowspan=30>监督</td>{rows}"), tmp_path).blocks]
    assert [text for text in texts if "公开" in text] == [
        "监督\t第0项公开结果\t0件",
        *(f"第{n}项公开结果\t{n}件" for n in range(1, 30)),
    ]


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed: sudo apt install libreoffice-writer-nogui")
@pytest.mark.parametrize("lines", range(6, 10))
def test_a_row_that_libreoffice_rules_off_at_the_page_break_is_one_row(tmp_path: Path, lines: int) -> None:
    word = docx.Document()
    word.sections[0].page_height, word.sections[0].page_width = Cm(21), Cm(15)
    for _ in range(lines):
        word.add_paragraph("说明")
    table = word.add_table(0, 3, style="Table Grid")
    expected = []
    for n in range(24):
        texts = (f"第{n}类" if n % 2 == 0 else "", f"第{n}项事项已经公开办理结果", f"{n}件")
        expected.append("\t".join(text for text in texts if text))
        for cell, text in zip(table.add_row().cells, texts, strict=True):
            cell.text = text
    for n in range(0, 24, 2):
        table.cell(n, 0).merge(table.cell(n + 1, 0))
    word.save(str(tmp_path / "report.docx"))
    command = [OFFICE, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, tmp_path / "report.docx"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    texts = [block.text for block in read((tmp_path / "report.pdf").read_bytes(), "report.pdf").blocks]
    assert [text for text in texts if "\t" in text] == expected
