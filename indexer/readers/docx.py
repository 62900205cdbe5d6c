"""Word files (.docx): a block a paragraph or table row, located by its number in the body."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph

from indexer.readers.document import Block, Document, Piece
from indexer.readers.docx_numbering import numbering
from retrieval.errors import ReadError

_HEADING_STYLE = re.compile(r"(?:heading|标题)\s*(\d)", re.I)


def read(data: bytes, name: str) -> Document:
    """Paragraphs and table rows in order. Raises ReadError for files that are not Word files."""
    try:
        document = docx.Document(io.BytesIO(data))
    except (PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise ReadError(
            f"{name}：不是完整的 .docx 文件（{error}）；可用 Word 或 WPS 打开后另存为 .docx",
            f"{name}: not a complete .docx file ({error}); open it in Word or WPS and save it again",
        ) from error
    blocks: list[Block] = []
    numbers = numbering(document)
    for number, element in enumerate(_body_elements(document.element.body), start=1):
        if element.tag == qn("w:tbl"):
            blocks.extend(_table(Table(element, document), f"paragraph={number}"))
        else:
            before = numbers.number(element)
            blocks.extend(_paragraph(Paragraph(element, document), f"paragraph={number}", before))
    properties = document.core_properties
    hints = {"page title": properties.title.strip()} if (properties.title or "").strip() else {}
    return Document(tuple(blocks), hints=hints)


def _body_elements(body: Any) -> Iterator[Any]:
    """Paragraphs and tables in order, those inside content controls included."""
    for element in body:
        if element.tag in (qn("w:p"), qn("w:tbl")):
            yield element
        elif element.tag == qn("w:sdt"):
            for content in element.iterchildren(qn("w:sdtContent")):
                yield from _body_elements(content)


def _paragraph(paragraph: Paragraph, locator: str, before: str = "") -> Iterator[Block]:
    match = _HEADING_STYLE.match(paragraph.style.name or "") if paragraph.style else None
    level = min(int(match.group(1)), 4) if match else 0
    for line in _words(paragraph._p).split("\n"):
        if line.strip():
            yield _block(before + line.lstrip() if before else line, locator, level)
            before = ""


def _words(element: Any) -> str:
    """All text of a paragraph as it reads with changes accepted: inserted runs count, deleted ones do not."""
    parts = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n"}
    runs = (node for run in element.iter(qn("w:r")) for node in run)
    return "".join(node.text or "" if node.tag == qn("w:t") else parts.get(node.tag, "") for node in runs)


def _table(table: Table, locator: str) -> Iterator[Block]:
    """A row a block; a table of one column is a layout, and its paragraphs are the report's."""
    if len(table.columns) == 1:
        for row in table.rows:
            for paragraph in row.cells[0].paragraphs:
                yield from _paragraph(paragraph, locator)
        return
    for number, row in enumerate(table.rows, start=1):
        cells = {id(cell._tc): cell.text.strip().replace("\n", " ") for cell in row.cells}
        text = "\t".join(cells.values())
        if text.strip():
            yield _block(text, f"{locator};row={number}", 0)


def _block(text: str, locator: str, level: int) -> Block:
    return Block((Piece(text, locator),), heading=level).stripped()
