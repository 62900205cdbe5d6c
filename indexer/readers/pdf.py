"""PDF files with a text layer: lines joined into paragraphs by their geometry, with page and box."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from dataclasses import replace

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect

from indexer.readers.document import Block, Document, Piece, refusing
from indexer.readers.pdf_fonts import OwnCMaps
from indexer.readers.pdf_page import Line, page_lines
from indexer.readers.pdf_paragraphs import Paragraphs, carried_over
from indexer.readers.pdf_tables import Tables, repeated_headers
from retrieval.errors import ReadError

# Fonts with odd descriptors are the rule here, and pdfminer reports each glyph of them.
logging.getLogger("pdfminer").setLevel(logging.ERROR)

_PAGE_NUMBER = re.compile(r"^[\s\-—–_·.]*(第\s*)?\d{1,4}(\s*页)?(\s*[/／,，]?\s*(共\s*)?\d{1,4}(\s*页)?)?[\s\-—–_·.]*$")
# Between two lines that end and begin so stood a space.
_WORDS = re.compile(r"[A-Za-z][!-~]|[,;:.!?)][A-Za-z]")
_NO_UNICODE = re.compile(r"\(cid:\d+\)")


def read(data: bytes, name: str) -> Document:
    """Paragraphs in reading order; pages without text are named in `warnings`.

    Raises ReadError for encrypted and broken files, for scans, and for fonts without a Unicode map.
    """
    with refusing(lambda error: _unreadable(name, error)), pdfplumber.open(io.BytesIO(data)) as pdf:
        pdf.rsrcmgr = OwnCMaps()
        gutters: set[float] = set()
        tables = Tables(pdf.pages)
        pages = [
            page_lines(page, number, tables.of(number - 1), gutters) for number, page in enumerate(pdf.pages, start=1)
        ]
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
    text = carried_over([line for line in lines if not _is_page_furniture(line, repeated)])
    headers = repeated_headers([(line.page, line.row) for line in text])
    paragraphs, rest = Paragraphs([line for line in text if not line.row]), iter(enumerate(text))
    blocks: list[Block] = []
    current: list[Line] = []
    for found in lines:
        if _is_page_furniture(found, repeated):
            reason = "页码 page number" if _PAGE_NUMBER.match(found.text) else "页眉页脚 running header"
            blocks.append(Block((found.piece,), reason))
            continue
        number, line = next(rest)
        if number in headers:
            blocks.append(Block((line.piece,), "重复的表头 repeated table header"))
            continue
        if current and paragraphs.begins(line, current):
            blocks.append(_joined(current))
            current = []
        current.append(line)
    if current:
        blocks.append(_joined(current))
    return blocks


def _running_lines(lines: list[Line], pages: int) -> set[str]:
    """Texts that stand at the edge of at least half of the pages, three at the least."""
    seen = Counter((line.text, line.page) for line in lines if line.edge)
    counts = Counter(text for text, _page in seen)
    return {text for text, count in counts.items() if count >= max(3, pages / 2)}


def _is_page_furniture(line: Line, repeated: set[str]) -> bool:
    return line.edge and (line.text in repeated or bool(_PAGE_NUMBER.match(line.text)))


def _joined(lines: list[Line]) -> Block:
    if lines[0].row and len(lines) > 1:
        cells = lines[0].row.joined([line.row for line in lines[1:] if line.row])
        return Block(tuple(replace(lines[number].piece, text=text) for text, number in cells))
    pieces: list[Piece] = []
    for line in lines:
        if pieces and _WORDS.match(pieces[-1].text[-1:] + line.text[:1]):
            pieces.append(Piece(" ", line.piece.locator, line.page))
        pieces.append(line.piece)
    return Block(tuple(pieces))
