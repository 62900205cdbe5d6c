"""Word files (.docx): a block a paragraph or table row, located by its number in the body."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import docx
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph

from indexer.readers.document import Block, Document, Piece, refusing
from indexer.readers.docx_numbering import Numbering, numbering
from retrieval.errors import ReadError

# A cell with more characters lays text out.
_LONGEST_CELL = 300
_HEADING_STYLE = re.compile(r"(?:heading|标题)\s*(\d)", re.I)


def read(data: bytes, name: str) -> Document:
    """Paragraphs and table rows in order. Raises ReadError for files that are not Word files."""
    with refusing(lambda error: _unreadable(name, error)):
        document = docx.Document(io.BytesIO(data))
        blocks = tuple(_blocks(document.element.body, document, "paragraph=", numbering(document)))
        title = (document.core_properties.title or "").strip()
    return Document(blocks, hints={"page title": title} if title else {})


def _unreadable(name: str, error: Exception) -> ReadError:
    return ReadError(
        f"{name}：不是完整的 .docx 文件（{error}）；可用 Word 或 WPS 打开后另存为 .docx",
        f"{name}: not a complete .docx file ({error}); open it in Word or WPS and save it again",
    )


def _body_elements(body: Any) -> Iterator[Any]:
    """Paragraphs and tables in order, those inside content controls included."""
    for element in body:
        if element.tag in (qn("w:p"), qn("w:tbl")):
            yield element
        elif element.tag == qn("w:sdt"):
            for content in element.iterchildren(qn("w:sdtContent")):
                yield from _body_elements(content)


def _blocks(body: Any, document: Any, locator: str, numbers: Numbering) -> Iterator[Block]:
    """The blocks of the document's body or of a cell; `locator` goes before the number of each element."""
    for number, element in enumerate(_body_elements(body), start=1):
        if element.tag == qn("w:tbl"):
            yield from _table(Table(element, document), f"{locator}{number}", document, numbers)
        else:
            yield from _paragraph(Paragraph(element, document), f"{locator}{number}", numbers.number(element))
            for box in element.iter(qn("w:txbxContent")):
                if not _is_fallback(box):
                    yield from _blocks(box, document, f"{locator}{number};box=", numbers)


def _paragraph(paragraph: Paragraph, locator: str, before: str = "") -> Iterator[Block]:
    match = _HEADING_STYLE.match(paragraph.style.name or "") if paragraph.style else None
    level = min(int(match.group(1)), 4) if match else 0
    for line in _words(paragraph._p).split("\n"):
        if line.strip():
            yield _block(before + line.lstrip() if before else line, locator, level)
            before = ""


def _words(element: Any) -> str:
    """All text of a paragraph as it reads with changes accepted: inserted runs count, deleted and hidden ones do not."""
    parts = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n"}
    runs = (run for run in element.iter(qn("w:r")) if _is_shown(run, element))
    nodes = (node for run in runs for node in run)
    return "".join(node.text or "" if node.tag == qn("w:t") else parts.get(node.tag, "") for node in nodes)


def _is_shown(run: Any, paragraph: Any) -> bool:
    """Whether a run is the paragraph's own text: not hidden, and not inside a text box that hangs on it."""
    if run.find(f"{qn('w:rPr')}/{qn('w:vanish')}") is not None:
        return False
    for above in run.iterancestors():
        if above is paragraph:
            return True
        if above.tag == qn("w:txbxContent"):
            return False
    return True


def _is_fallback(element: Any) -> bool:
    """Word writes a text box twice, the second time for older programs."""
    return any(above.tag.endswith("}Fallback") for above in element.iterancestors())


def _table(table: Table, locator: str, document: Any, numbers: Numbering) -> Iterator[Block]:
    """A row a block; cells that hold paragraphs of the report are a layout, and give their paragraphs."""
    for number, row in enumerate(table.rows, start=1):
        cells = list({id(cell._tc): cell for cell in row.cells}.values())
        place = f"{locator};row={number}"
        if any(_is_layout(cell, alone=len(cells) == 1) for cell in cells):
            for column, cell in enumerate(cells, start=1):
                yield from _blocks(cell._tc, document, f"{place};cell={column};paragraph=", numbers)
            continue
        counted = [numbers.number(p) for cell in cells for p in cell._tc.iterchildren(qn("w:p"))]
        shown = iter(counted)
        texts = [
            " ".join(next(shown) + _words(p).strip() for p in cell._tc.iterchildren(qn("w:p")))
            .replace("\n", " ")
            .strip()
            for cell in cells
        ]
        if any(texts):
            yield _block("\t".join(texts), place, 0)


def _is_layout(cell: Any, *, alone: bool) -> bool:
    """A cell that is alone in its row, or as long as a passage, or has a table inside."""
    return alone or len(cell.text) > _LONGEST_CELL or bool(cell.tables)


def _block(text: str, locator: str, level: int) -> Block:
    return Block((Piece(text, locator),), heading=level).stripped()
