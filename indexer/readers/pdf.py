"""PDF files with a text layer: lines joined into paragraphs by their geometry, with page and box."""

from __future__ import annotations

import io
import logging
import re
import statistics
from collections import Counter

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfexceptions import PDFException
from pdfplumber.utils.exceptions import PdfminerException

from indexer.readers.document import Block, Document, Piece
from indexer.readers.pdf_page import CELLS, Line, page_lines
from retrieval.errors import ReadError

# Fonts with odd descriptors are the rule here, and pdfminer reports each glyph of them.
logging.getLogger("pdfminer").setLevel(logging.ERROR)

_PAGE_NUMBER = re.compile(r"^[\s\-—–_·.]*(第\s*)?\d{1,4}(\s*页)?(\s*[/／,，]?\s*(共\s*)?\d{1,4}(\s*页)?)?[\s\-—–_·.]*$")
_NO_UNICODE = re.compile(r"\(cid:\d+\)")


def read(data: bytes, name: str) -> Document:
    """Paragraphs in reading order; pages without text are named in `warnings`.

    Raises ReadError for encrypted and broken files, for scans, and for fonts without a Unicode map.
    """
    try:
        with pdfplumber.open(io.BytesIO(data)) as pdf:
            pages = [page_lines(page, number) for number, page in enumerate(pdf.pages, start=1)]
    except (PDFException, PdfminerException, ValueError, TypeError, KeyError) as error:
        raise _unreadable(name, error) from error
    empty = [number for number, lines in enumerate(pages, start=1) if not lines]
    lines = [line for page in pages for line in page]
    if not lines:
        raise ReadError(
            f"{name}：{len(pages)} 页都没有文字层（大概是扫描件）；请先做文字识别（OCR）",
            f"{name}: none of its {len(pages)} pages has a text layer (a scan?); run OCR on it first",
        )
    if sum(len(_NO_UNICODE.findall(line.text)) for line in lines) > sum(len(line.text) for line in lines) / 60:
        raise ReadError(
            f"{name}：字体没有 Unicode 对照表，文字取不出来；请先做文字识别（OCR）或找原文",
            f"{name}: its fonts have no Unicode map, so its text cannot be extracted; run OCR or find the source",
        )
    warnings = (f"没有文字层的页 pages without text: {', '.join(map(str, empty))}",) if empty else ()
    return Document(tuple(_blocks(lines, len(pages))), warnings=warnings)


def _unreadable(name: str, error: Exception) -> ReadError:
    if "PDFPasswordIncorrect" in repr(error) or isinstance(error, PDFPasswordIncorrect):
        return ReadError(f"{name}：PDF 有密码；请先去掉密码", f"{name}: the PDF has a password; remove it first")
    return ReadError(
        f"{name}：PDF 已损坏（{type(error).__name__}）；请重新下载", f"{name}: broken PDF ({error}); download it again"
    )


def _blocks(lines: list[Line], pages: int) -> list[Block]:
    repeated = _running_lines(lines, pages)
    body = [line for line in lines if not line.row and not _is_page_furniture(line, repeated)]
    borders = {
        column: _borders([line for line in body if line.column == column]) for column in {line.column for line in lines}
    }
    blocks: list[Block] = []
    current: list[Line] = []
    for line in lines:
        if _is_page_furniture(line, repeated):
            reason = "页码 page number" if _PAGE_NUMBER.match(line.text) else "页眉页脚 running header"
            blocks.append(Block((line.piece,), reason))
            continue
        if current and (line.row or _starts_paragraph(line, current[-1], borders)):
            blocks.append(_joined(current))
            current = []
        current.append(line)
    if current:
        blocks.append(_joined(current))
    return blocks


def _borders(lines: list[Line]) -> tuple[float, float]:
    """A column's left and right border: where most of its lines begin, and the farthest that they reach."""
    if not lines:
        return 0, 0
    left = Counter(round(line.x0) for line in lines).most_common(1)[0][0]
    left = min((round(line.x0) for line in lines if abs(line.x0 - left) < 3 * line.size), default=left)
    right = statistics.quantiles([line.x1 for line in lines], n=20)[-1] if len(lines) > 1 else lines[0].x1
    return left, right


def _running_lines(lines: list[Line], pages: int) -> set[str]:
    """Texts that stand at the edge of at least half of the pages, three at the least."""
    seen = Counter((line.text, line.page) for line in lines if line.edge)
    counts = Counter(text for text, _page in seen)
    return {text for text, count in counts.items() if count >= max(3, pages / 2)}


def _is_page_furniture(line: Line, repeated: set[str]) -> bool:
    return line.edge and (line.text in repeated or bool(_PAGE_NUMBER.match(line.text)))


def _starts_paragraph(line: Line, before: Line, borders: dict[int, tuple[float, float]]) -> bool:
    size = before.size
    (left, _), (_, right) = borders[line.column], borders[before.column]
    turns = line.column != before.column
    if before.row or (turns and (0 in (line.column, before.column) or max(line.column, before.column) >= CELLS)):
        return True
    if abs(line.size - size) > 0.1 * size or line.x0 > left + 0.8 * size or before.x1 < right - 1.8 * size:
        return True
    gap = line.top - before.bottom
    return (line.page, line.column) == (before.page, before.column) and gap > 1.6 * size


def _joined(lines: list[Line]) -> Block:
    pieces: list[Piece] = []
    for line in lines:
        if pieces and pieces[-1].text[-1:].isascii() and line.text[:1].isascii() and pieces[-1].text[-1:].isalpha():
            pieces.append(Piece(" ", line.piece.locator, line.page))
        pieces.append(line.piece)
    return Block(tuple(pieces))
