"""A table → a Word document: its main columns, each row's source in a footnote. No Flask.

python-docx knows no footnotes: their part is written here, and only here.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

import docx
from docx.enum.section import WD_ORIENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm

from webapp.tables import Table, Value

# What a page has room for; the other formats have every column.
_COLUMNS = (
    "地方 place", "省 province", "市州 prefecture", "县区 county", "乡镇 township", "年 year", "举措 measure", "结果 state",
    "作用 role", "原文 quotation", "笔记 note", "标签 tags", "最相近的句子 sentence", "数字 figure", "左文 left", "词语 match",
    "右文 right", "按 by", "值 value", "出现次数 occurrences", "每万字 per 10,000", "报告 reports", "范围内报告 reports in scope",
    "段落 passages", "地方 places", "组 group", "说法 wording", "首次已做 first done", "可能更早 censored", "文中日期 stated",
    "首次计划 first planned", "缺的年份 gaps", "计划之后 plans",
)  # fmt: skip
_QUOTED = ("原文 quotation", "最相近的句子 sentence", "词语 match")
# Centimetres of a landscape page.
_WIDTHS = {"原文 quotation": 9.0, "最相近的句子 sentence": 9.0, "左文 left": 6.0, "右文 right": 6.0, "值 value": 6.0}
_NARROW = 2.2
_CITATION, _HEADINGS = "引用 citation", "标题路径 headings"
_UNSOUND = re.compile(r"[^\n\t -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FOOTNOTES = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"


def as_docx(table: Table) -> Iterator[bytes]:
    """Title, what was asked and covered, and the table, on landscape pages."""
    document = docx.Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = section.page_height, section.page_width
    _in_chinese_font(document)
    document.add_heading(sound(table.title), level=1)
    for name, value in table.notes.items():
        if value:
            document.add_paragraph(sound(f"{name}：{value}"))
    chosen = [(number, name) for number, name in enumerate(table.header) if name in _COLUMNS]
    grid = document.add_table(rows=1, cols=len(chosen), style="Table Grid")
    grid.autofit = False
    for cell, (_, name) in zip(grid.rows[0].cells, chosen, strict=True):
        cell.text = name
    grid.rows[0]._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
    notes: list[str] = []
    for row in table.rows:
        cells = grid.add_row().cells
        for cell, (number, _) in zip(cells, chosen, strict=True):
            cell.text = sound(row[number])
        if note := _source(table.header, row):
            notes.append(note)
            quoted = next((cell for cell, (_, name) in zip(cells, chosen, strict=True) if name in _QUOTED), cells[-1])
            quoted.paragraphs[-1]._p.append(_reference(len(notes)))
    room = (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)
    for column, width in zip(
        grid.columns, _fitting([_WIDTHS.get(name, _NARROW) for _, name in chosen], room), strict=True
    ):
        column.width = width
    _write_footnotes(document, notes)
    file = io.BytesIO()
    document.save(file)
    yield file.getvalue()


def _fitting(widths: Sequence[float], room: int) -> list[int]:
    """Centimetres as lengths that fit a page's room together: what is cut off at its edge cannot be read."""
    share = min(1.0, room / max(1, Cm(sum(widths))))
    return [Cm(width * share) for width in widths]


def _source(header: Sequence[str], row: Sequence[Value]) -> str:
    """The citation, and the headings that the quotation stands under."""
    parts = [row[header.index(name)] for name in (_CITATION, _HEADINGS) if name in header]
    return " ".join(str(part) for part in parts if part) if parts and parts[0] else ""


def _reference(number: int) -> Any:
    raised = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
    return parse_xml(f'<w:r {nsdecls("w")}>{raised}<w:footnoteReference w:id="{number}"/></w:r>')


def _write_footnotes(document: Any, notes: Sequence[str]) -> None:
    """The footnotes' part: first the two separators that Word asks for, then the notes."""
    raised = '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteRef/></w:r>'
    separators = "".join(
        f'<w:footnote w:type="{kind}" w:id="{number}"><w:p><w:r><w:{kind}/></w:r></w:p></w:footnote>'
        for number, kind in ((-1, "separator"), (0, "continuationSeparator"))
    )
    body = "".join(
        f'<w:footnote w:id="{number}"><w:p>{raised}<w:r><w:t xml:space="preserve"> {escape(sound(note))}</w:t></w:r></w:p>'
        "</w:footnote>"
        for number, note in enumerate(notes, start=1)
    )
    xml = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:footnotes {nsdecls("w")}>{separators}{body}</w:footnotes>'
    part = Part(PackURI("/word/footnotes.xml"), _FOOTNOTES, xml.encode(), document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)


def _in_chinese_font(document: Any) -> None:
    """Without a font of their own Han characters come out in a Japanese one in some programs."""
    fonts = document.styles["Normal"].element.get_or_add_rPr().get_or_add_rFonts()
    fonts.set(qn("w:eastAsia"), "宋体")


def sound(value: Value) -> str:
    """Without what XML cannot hold."""
    return _UNSOUND.sub("\ufffd", "" if value is None else str(value))
