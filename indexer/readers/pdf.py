"""PDF files with a text layer: lines joined into paragraphs by their geometry, with page and box."""

from __future__ import annotations

import io
import logging
import re
import statistics
import unicodedata
from collections import Counter
from dataclasses import dataclass

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfexceptions import PDFException
from pdfplumber.utils.exceptions import PdfminerException

from indexer.readers.document import Block, Document, Piece
from retrieval.errors import ReadError

# Fonts with odd descriptors are the rule here, and pdfminer reports each glyph of them.
logging.getLogger("pdfminer").setLevel(logging.ERROR)

# Many PDF writers map a glyph to the radical that shares its shape (⼈ for 人). A report's words hold no radicals,
# so the ideograph is certain; NFKC knows the Kangxi ones, these supplements it does not.
_SUPPLEMENT = dict(
    zip(
        "⺁⺃⺊⺎⺏⺐⺓⺘⺙⺝⺞⺟⺠⺢⺣⺤⺥⺦⺧⺩⺪⺫⺬⺭⺮⺯⺱⺲⺳⺴⺵⺶⺷⺸⺹⺺⺻⺼⺽⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻘⻙⻚⻛⻜⻝⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
        "厂乚卜兀尣尢幺扌攵月歺母民氵灬爪爫丬牛王疋目示礻竹糹罒罒罒罓网羊羊羊老肀聿月臼艹虎衤覀西见角角讠贝车辶辶辶阝钅長镸长门青韦页风飞食飠饣首马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟",
        strict=True,
    )
)
_RADICALS = {ord(radical): ideograph for radical, ideograph in _SUPPLEMENT.items()} | {
    code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)
}
_PAGE_NUMBER = re.compile(r"^[\s\-—–_·.]*(第\s*)?\d{1,4}(\s*页)?(\s*[/／,，]?\s*(共\s*)?\d{1,4}(\s*页)?)?[\s\-—–_·.]*$")
_NO_UNICODE = re.compile(r"\(cid:\d+\)")
# The part of a page, at its top and at its bottom, where running headers and page numbers stand.
_MARGIN = 0.1


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    page: int
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    edge: bool

    @property
    def piece(self) -> Piece:
        box = f"{self.x0:.1f},{self.top:.1f},{self.x1:.1f},{self.bottom:.1f}"
        return Piece(self.text, f"page={self.page};box={box}", self.page)


def read(data: bytes, name: str) -> Document:
    """Paragraphs in reading order; pages without text are named in `warnings`.

    Raises ReadError for encrypted and broken files, for scans, and for fonts without a Unicode map.
    """
    try:
        with pdfplumber.open(io.BytesIO(data)) as pdf:
            pages = [_lines(page, number) for number, page in enumerate(pdf.pages, start=1)]
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


def _lines(page: pdfplumber.page.Page, number: int) -> list[_Line]:
    # Fonts of one line may hang differently from its baseline (figures in Latin type beside Han characters).
    size = statistics.median([char["size"] for char in page.chars]) if page.chars else 0
    found = page.extract_text_lines(return_chars=True, x_tolerance=2, y_tolerance=max(3, 0.4 * size))
    height = float(page.height)
    return [
        _Line(
            text=line["text"].strip().translate(_RADICALS),
            page=number,
            x0=line["x0"],
            x1=line["x1"],
            top=line["top"],
            bottom=line["bottom"],
            size=statistics.median(char["size"] for char in line["chars"]),
            edge=line["top"] < height * _MARGIN or line["bottom"] > height * (1 - _MARGIN),
        )
        for line in found
        if line["text"].strip()
    ]


def _blocks(lines: list[_Line], pages: int) -> list[Block]:
    repeated = _running_lines(lines, pages)
    body = [line for line in lines if not _is_page_furniture(line, repeated)]
    if not body:
        body = lines
    # The text's left and right borders: where most lines of the body begin, and the farthest that lines reach.
    left = Counter(round(line.x0) for line in body).most_common(1)[0][0]
    left = min((round(line.x0) for line in body if abs(line.x0 - left) < 3 * line.size), default=left)
    right = statistics.quantiles([line.x1 for line in body], n=20)[-1] if len(body) > 1 else body[0].x1
    blocks: list[Block] = []
    current: list[_Line] = []
    for line in lines:
        if _is_page_furniture(line, repeated):
            reason = "页码 page number" if _PAGE_NUMBER.match(line.text) else "页眉页脚 running header"
            blocks.append(Block((line.piece,), reason))
            continue
        if current and _starts_paragraph(line, current[-1], left, right):
            blocks.append(_joined(current))
            current = []
        current.append(line)
    if current:
        blocks.append(_joined(current))
    return blocks


def _running_lines(lines: list[_Line], pages: int) -> set[str]:
    """Texts that stand at the edge of at least half of the pages, three at the least."""
    seen = Counter((line.text, line.page) for line in lines if line.edge)
    counts = Counter(text for text, _page in seen)
    return {text for text, count in counts.items() if count >= max(3, pages / 2)}


def _is_page_furniture(line: _Line, repeated: set[str]) -> bool:
    return line.edge and (line.text in repeated or bool(_PAGE_NUMBER.match(line.text)))


def _starts_paragraph(line: _Line, before: _Line, left: float, right: float) -> bool:
    size = before.size
    if abs(line.size - size) > 0.1 * size or line.x0 > left + 0.8 * size or before.x1 < right - 1.8 * size:
        return True
    gap = line.top - before.bottom
    return line.page == before.page and gap > 1.6 * size


def _joined(lines: list[_Line]) -> Block:
    pieces: list[Piece] = []
    for line in lines:
        if pieces and pieces[-1].text[-1:].isascii() and line.text[:1].isascii() and pieces[-1].text[-1:].isalpha():
            pieces.append(Piece(" ", line.piece.locator, line.page))
        pieces.append(line.piece)
    return Block(tuple(pieces))
