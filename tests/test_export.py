"""What is taken away opens right elsewhere, says where it is from, and runs nothing."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.shared import Twips
from flask.testing import FlaskClient

from tests.test_formats import OFFICE, converted
from webapp.export import FORMATS, as_csv, as_xlsx
from webapp.tables import Table
from webapp.word import as_docx

HOSTILE = ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "\r=1"]


def made(table: Table, suffix: str) -> bytes:
    return b"".join(FORMATS[suffix][0](table))


def table(*cells: str | int | None) -> Table:
    return Table("标题", tuple(f"列{n}" for n in range(len(cells))), [cells], {"查询 query": "问"})


def test_csv_opens_right_in_excel_and_keeps_text_to_the_letter() -> None:
    data = made(table("法治，“政府”\n二行", 3, None), "csv")
    assert data.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))[1] == ["法治，“政府”\n二行", "3", ""]


@pytest.mark.parametrize("text", HOSTILE)
def test_formulas_do_not_run(text: str) -> None:
    (_, (cell,)) = csv.reader(io.StringIO(b"".join(as_csv(table(text))).decode("utf-8-sig"), newline=""))
    assert cell == f"'{text}"
    book = openpyxl.load_workbook(io.BytesIO(b"".join(as_xlsx(table(text)))))
    assert book.worksheets[0]["A2"].data_type == "s"


def test_xlsx_has_a_frozen_header_links_and_notes() -> None:
    book = openpyxl.load_workbook(io.BytesIO(made(table("https://a.cn/b#:~:text=法治", 12), "xlsx")))
    sheet, notes = book.worksheets
    assert sheet.freeze_panes == "A2"
    assert sheet["A2"].hyperlink is not None
    assert sheet["B2"].value == 12
    assert (notes["A1"].value, notes["B1"].value) == ("查询 query", "问")


def test_damaged_characters_do_not_break_a_file() -> None:
    odd = "\ud800\x00坏"
    for suffix in FORMATS:
        assert made(Table(odd, ("列",), [(odd,)], {"查询 query": odd}), suffix), suffix


@pytest.mark.parametrize("odd", ["\ufffe", "\uffff", "\ud800", "\0", "\x1b", "\r"])
def test_what_xml_cannot_hold_does_not_break_a_file_wherever_it_stands(odd: str) -> None:
    cells = (f"法{odd}治", f"https://a.cn/{odd}")
    asked = Table(f"题{odd}", ("原文 quotation", "网址"), [cells], {"查询 query": f"问{odd}"})
    book = openpyxl.load_workbook(io.BytesIO(made(asked, "xlsx")))
    assert book.worksheets[0]["A2"].value == "法\ufffd治"
    assert book.worksheets[1]["B1"].value == "问\ufffd"
    assert docx.Document(io.BytesIO(made(asked, "docx"))).tables[0].rows[1].cells[0].text == "法\ufffd治"
    assert json.loads(made(asked, "json"))["rows"]


def test_markdown_from_reports_is_no_markup() -> None:
    assert "\\<script\\>" in made(table("<script>|*a*"), "md").decode()


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "docx", "md", "json"])
@pytest.mark.parametrize("what", ["search", "ask", "compare"])
def test_every_page_can_be_taken_away(client: FlaskClient, what: str, suffix: str) -> None:
    response = client.get(f"/download/{what}.{suffix}?q=行政复议")
    assert response.status_code == 200
    assert "attachment" in response.headers["Content-Disposition"]
    assert len(response.data) > 500


def test_a_search_is_taken_away_whole_with_links_to_the_stored_passages(client: FlaskClient) -> None:
    rows = json.loads(client.get("/download/search.json?q=行政复议").data)["rows"]
    total = client.get("/api/v1/search?q=行政复议").json["total"]
    assert len(rows) == total
    assert [row["名次 rank"] for row in rows] == list(range(1, total + 1))
    assert client.get(rows[0]["库内链接 stored"].removeprefix("http://localhost")).status_code == 200


def test_a_comparison_is_taken_away_as_place_by_year_by_measure(client: FlaskClient) -> None:
    rows = json.loads(client.get("/download/compare.json?q=行政复议&q=人民调解").data)["rows"]
    page = client.get("/api/v1/compare?q=行政复议&q=人民调解").json
    assert len(rows) == page["total"] * len(page["years"]) * 2
    notes = json.loads(client.get("/download/compare.json?q=行政复议&q=人民调解").data)["notes"]["覆盖 coverage"]
    for state in ("检出 found", "未检出 not detected", "没有报告 no report"):
        assert f"{state} {sum(row['结果 state'] == state for row in rows)}" in notes
    assert {row["结果 state"] for row in rows} == {"检出 found", "未检出 not detected", "没有报告 no report"}


@pytest.mark.parametrize("what", ["ask", "compare"])
def test_doubt_is_taken_away_too(client: FlaskClient, what: str) -> None:
    page = client.get(f"/download/{what}.csv?q=收回街道的执法事项").get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(page.removeprefix("\ufeff"))))
    quoted = [row for row in rows if row["原文 quotation"]]
    doubted = [row for row in rows if row["把握 certainty"] == "存疑 weak"]
    assert 0 < len(doubted) < len(quoted)


def test_an_unknown_file_is_not_found(client: FlaskClient) -> None:
    assert client.get("/download/search.exe?q=行政复议").status_code == 404
    assert client.get("/download/reports.csv?q=行政复议").status_code == 404


def test_a_word_document_has_the_table_and_each_source_in_a_footnote(client: FlaskClient) -> None:
    data = client.get("/download/ask.docx?q=哪些地方推行了说理式执法").data
    entries = client.get("/api/v1/ask?q=哪些地方推行了说理式执法").json["answer"]
    document = docx.Document(io.BytesIO(data))
    (grid,) = document.tables
    quotes = [cell.text for row in grid.rows for cell in row.cells]
    assert all(entry["quote"] in quotes for entry in entries)
    footnotes = zipfile.ZipFile(io.BytesIO(data)).read("word/footnotes.xml").decode()
    assert footnotes.count("<w:footnoteRef/>") == len(entries)
    assert "澄湖市鸣泉区人民政府2022年度法治政府建设工作报告[EB/OL]" in footnotes
    assert document.element.xml.count("w:footnoteReference ") == len(entries)


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed: sudo apt install libreoffice-writer-nogui")
def test_libreoffice_opens_the_word_document_with_its_footnotes(client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(client.get("/download/ask.docx?q=哪些地方推行了说理式执法").data)
    text = converted(tmp_path / "a.docx", "html").decode("utf-8", "replace")
    assert "[EB/OL]" in text
    assert "说理式" in text


def test_every_word_table_fits_its_page() -> None:
    names = ("省 province", "市州 prefecture", "县区 county", "乡镇 township", "年 year", "作用 role", "原文 quotation",
             "笔记 note", "标签 tags", "组 group", "说法 wording")  # fmt: skip
    document = docx.Document(io.BytesIO(b"".join(as_docx(Table("表", names, [("",) * len(names)])))))
    section = document.sections[0]
    room = section.page_width - section.left_margin - section.right_margin
    # Word keeps widths in twentieths of a point.
    assert sum(column.width for column in document.tables[0].columns) <= room + len(names) * Twips(1)


def test_the_word_file_of_a_spread_has_its_first_years() -> None:
    row = ("云溪县", 2017, "≤", "建立制度。")
    names = ("地方 place", "首次已做 first done", "可能更早 censored", "原文 quotation")
    document = docx.Document(io.BytesIO(b"".join(as_docx(Table("表", names, [row])))))
    assert [cell.text for cell in document.tables[0].rows[1].cells] == ["云溪县", "2017", "≤", "建立制度。"]


def test_an_address_in_markdown_can_be_copied_as_it_is() -> None:
    address = "http://127.0.0.1:8000/report/r1?quote=672a_c0#passage"
    links = Table("表", ("link", "text"), [(address, "见 http://a.cn/b_c#d")], {})
    last = made(links, "md").decode().splitlines()[-1]
    assert last == f"| <{address}> | 见 http://a.cn/b\\_c\\#d |"
