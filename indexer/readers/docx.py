"""Word files (.docx): a block a paragraph or table row, located by its number in the body."""

from __future__ import annotations

import io
import re
import zipfile

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table

from indexer.readers.document import Block, Document, Piece
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
    for number, item in enumerate(document.iter_inner_content(), start=1):
        if isinstance(item, Table):
            rows = ["\t".join(dict.fromkeys(cell.text.strip() for cell in row.cells)) for row in item.rows]
            blocks.extend(
                _block(text, f"paragraph={number};row={r}", 0) for r, text in enumerate(rows, 1) if text.strip()
            )
            continue
        match = _HEADING_STYLE.match(item.style.name or "") if item.style else None
        level = min(int(match.group(1)), 4) if match else 0
        for line in item.text.split("\n"):
            if line.strip():
                blocks.append(_block(line, f"paragraph={number}", level))
    properties = document.core_properties
    hints = {"page title": properties.title.strip()} if (properties.title or "").strip() else {}
    return Document(tuple(blocks), hints=hints)


def _block(text: str, locator: str, level: int) -> Block:
    return Block((Piece(text, locator),), heading=level).stripped()
