"""Lists of paragraphs in spreadsheets (.xlsx, .csv): a block a row, located by sheet and row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

import openpyxl

from indexer.readers.charset import decode
from indexer.readers.document import Block, Document, Piece, refusing
from retrieval.errors import ReadError


def read(data: bytes, name: str) -> Document:
    """Cells of a row joined by tabs, empty ones left out. Raises ReadError for files that are no workbook."""
    if name.lower().endswith(".csv"):
        text, encoding, _ = decode(data, name)
        try:
            rows = list(csv.reader(io.StringIO(text)))
        except csv.Error as error:
            raise ReadError(
                f"{name}：不是可读的 CSV（{error}）", f"{name}: not a readable CSV file ({error})"
            ) from error
        return Document(tuple(_blocks(rows, "row")), encoding)
    with refusing(lambda error: _unreadable(name, error)):
        blocks = tuple(_workbook(data))
    return Document(blocks)


def _unreadable(name: str, error: Exception) -> ReadError:
    return ReadError(
        f"{name}：不是完整的 .xlsx 文件（{error}）；请重新另存", f"{name}: not a complete .xlsx file ({error})"
    )


def _workbook(data: bytes) -> Iterator[Block]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        for sheet in book.worksheets:
            rows = (
                [str(value) if value is not None else "" for value in row] for row in sheet.iter_rows(values_only=True)
            )
            yield from _blocks(rows, f"sheet={sheet.title};row")
    finally:
        book.close()


def _blocks(rows: Iterable[list[str]], where: str) -> Iterator[Block]:
    for number, row in enumerate(rows, start=1):
        text = "\t".join(cell.strip() for cell in row if cell.strip())
        for line in text.splitlines():
            if line.strip():
                yield Block((Piece(line, f"{where}={number}"),)).stripped()
