"""Every format and encoding, on files made by the tools that make them."""

from __future__ import annotations

import contextlib
import io
import time
import zipfile

import docx
import docx.document
import openpyxl
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from fpdf import FPDF

from indexer.readers import read
from retrieval.errors import ReadError

SENTENCE = "2022年，云台县坚持依法行政，全面推进法治政府建设。"
TRADITIONAL = "2022年，雲臺縣堅持依法行政，全面推進法治政府建設，現將有關情況報告如下。"


def texts(data: bytes, name: str) -> list[str]:
    return [block.text for block in read(data, name).blocks]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_simplified_text_is_read_in_every_encoding(encoding: str) -> None:
    data = ("\ufeff" if encoding == "utf-16-le" else "") + SENTENCE + "\r\n第二行。"
    assert texts(data.encode(encoding), "a.txt") == [SENTENCE, "第二行。"]


@pytest.mark.parametrize("encoding", ["utf-8", "big5", "gb18030"])
def test_traditional_text_is_read_in_every_encoding(encoding: str) -> None:
    assert texts((TRADITIONAL * 5).encode(encoding), "a.txt") == [TRADITIONAL * 5]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_text_lines_are_located_by_their_bytes(encoding: str) -> None:
    data = f"  标题行\r\n\r\n\u3000\u3000{SENTENCE}  \n尾".encode(encoding)
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
    for block in read(data, "a.txt").blocks:
        start, end = map(int, block.pieces[0].locator.removeprefix("bytes=").split("-"))
        assert data[start:end].decode(plain) == block.text


def test_web_pages_give_paragraphs_located_by_their_text_nodes() -> None:
    from lxml import html

    page = f"<html><body><div><p>一<b>加粗</b>尾</p><p>{SENTENCE}</p>裸文本<br>第二行</div></body></html>"
    document = read(page.encode(), "a.html")
    assert [block.text for block in document.blocks] == ["一加粗尾", SENTENCE, "裸文本", "第二行"]
    tree = html.document_fromstring(page)
    for block in document.blocks:
        for piece in block.pieces:
            (node,) = tree.xpath(piece.locator)
            assert node.strip() == piece.text


def test_web_furniture_is_marked_with_the_reason_but_wrappers_of_prose_are_not() -> None:
    prose = f"<p>{SENTENCE * 3}</p><p>{SENTENCE * 2}</p>"
    page = f"<nav><a href=/>首页</a></nav><div class='content-nav'>{prose}</div><div class=share>分享到：微信</div>"
    blocks = read(page.encode(), "a.html").blocks
    assert [bool(block.furniture) for block in blocks] == [True, False, False, True]


def test_scripts_and_styles_are_no_text() -> None:
    page = f"<style>p{{}}</style><script>var a='正文。';</script><p>{SENTENCE}</p>"
    assert texts(page.encode(), "a.html") == [SENTENCE]


def test_a_declared_charset_is_believed() -> None:
    page = f"<html><head><meta charset='gb2312'></head><body><p>{SENTENCE}</p></body></html>"
    assert texts(page.encode("gb18030"), "a.htm") == [SENTENCE]


def test_deep_pages_are_read_and_too_deep_ones_refused_rather_than_cut() -> None:
    assert texts(("<div>" * 500 + SENTENCE).encode(), "a.html") == [SENTENCE]
    with pytest.raises(ReadError, match="deep"):
        read((f"<p>{SENTENCE}</p>" + "<div>" * 50000 + SENTENCE).encode(), "a.html")


def test_word_files_give_paragraphs_headings_and_table_rows() -> None:
    document = docx.Document()
    document.add_heading("一、主要工作", level=1)
    document.add_paragraph(SENTENCE)
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "受理", "87件"
    document.add_paragraph("表后一段。")
    file = io.BytesIO()
    document.save(file)
    blocks = read(file.getvalue(), "a.docx").blocks
    assert [(block.text, block.heading) for block in blocks] == [
        ("一、主要工作", 1), (SENTENCE, 0), ("受理\t87件", 0), ("表后一段。", 0),
    ]  # fmt: skip


def numbered(*levels: tuple[str, str]) -> docx.document.Document:
    """A Word file with one list of the given (form, words) levels, its first paragraph style carrying it."""
    document = docx.Document()
    inner = "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{words}"/></w:lvl>'
        for n, (form, words) in enumerate(levels)
    )
    root = document.part.numbering_part.element
    root.insert(0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90">{inner}</w:abstractNum>'))
    root.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="90"><w:abstractNumId w:val="90"/></w:num>'))
    return document


def add(document: docx.document.Document, text: str, level: int | None = None) -> None:
    paragraph = document.add_paragraph(text)
    if level is not None:
        numbers = f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="90"/></w:numPr>'
        paragraph._p.get_or_add_pPr().append(parse_xml(numbers))


def test_numbers_that_word_makes_by_itself_are_read() -> None:
    document = numbered(("chineseCountingThousand", "%1、"), ("chineseCountingThousand", "（%2）"), ("decimal", "%3."))
    for text, level in [("成效", 0), ("制度", 1), ("监督", 1), ("其一", 2), ("不足", 0), ("差距", 1), (SENTENCE, None)]:
        add(document, text, level)
    for _ in range(9):
        add(document, "又一项", 0)
    file = io.BytesIO()
    document.save(file)
    texts_ = [block.text for block in read(file.getvalue(), "a.docx").blocks]
    assert texts_[:7] == ["一、成效", "（一）制度", "（二）监督", "1. 其一", "二、不足", "（一）差距", SENTENCE]
    assert texts_[14:] == ["十、又一项", "十一、又一项"]


def saved(document: docx.document.Document) -> list[str]:
    file = io.BytesIO()
    document.save(file)
    return [block.text for block in read(file.getvalue(), "a.docx").blocks]


def test_a_list_that_starts_anew_and_a_style_based_on_a_numbered_one_are_counted_as_word_does() -> None:
    document = numbered(("chineseCounting", "%1、"))
    start = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    document.part.numbering_part.element.append(
        parse_xml(f'<w:num {nsdecls("w")} w:numId="91"><w:abstractNumId w:val="90"/>{start}</w:num>')
    )
    styles = document.styles.element
    numbers = '<w:pPr><w:numPr><w:numId w:val="90"/></w:numPr></w:pPr>'
    styles.append(parse_xml(f'<w:style {nsdecls("w")} w:type="paragraph" w:styleId="N1">{numbers}</w:style>'))
    based = '<w:basedOn w:val="N1"/>'
    styles.append(parse_xml(f'<w:style {nsdecls("w")} w:type="paragraph" w:styleId="N2">{based}</w:style>'))
    for text, style in (("甲", "N1"), ("乙", "N2")):
        paragraph = document.add_paragraph(text)
        paragraph._p.get_or_add_pPr().append(parse_xml(f'<w:pStyle {nsdecls("w")} w:val="{style}"/>'))
    for text in ("丙", "丁"):
        paragraph = document.add_paragraph(text)
        new = f'<w:numPr {nsdecls("w")}><w:ilvl w:val="0"/><w:numId w:val="91"/></w:numPr>'
        paragraph._p.get_or_add_pPr().append(parse_xml(new))
    assert saved(document) == ["一、甲", "二、乙", "一、丙", "二、丁"]


def test_tables_in_tables_text_boxes_and_hidden_words() -> None:
    document = docx.Document()
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text = "外面"
    table.rows[0].cells[1].add_table(1, 2).rows[0].cells[1].text = "里面789件"
    paragraph = document.add_paragraph("正文")
    paragraph.add_run("看不见").font.hidden = True
    words = "<w:txbxContent><w:p><w:r><w:t>框里的话。</w:t></w:r></w:p></w:txbxContent>"
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    both = f"<mc:Choice Requires='wps'>{words}</mc:Choice><mc:Fallback>{words}</mc:Fallback>"
    paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')} {mc}><mc:AlternateContent>{both}</mc:AlternateContent></w:r>"))
    assert saved(document) == ["外面", "里面789件", "正文", "框里的话。"]


def test_a_cell_that_holds_the_report_gives_its_paragraphs() -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "单位", "某县"
    cell = table.rows[1].cells[0].merge(table.rows[1].cells[1])
    cell.text = "一、主要工作"
    cell.add_paragraph(SENTENCE)
    assert saved(document) == ["单位\t某县", "一、主要工作", SENTENCE]


def test_bullets_of_word_are_no_text() -> None:
    document = numbered(("bullet", "\uf06c"))
    add(document, SENTENCE, 0)
    file = io.BytesIO()
    document.save(file)
    assert [block.text for block in read(file.getvalue(), "a.docx").blocks] == [SENTENCE]


def test_pdf_lines_become_paragraphs_with_their_page_and_boxes() -> None:
    from tests.conftest import SAMPLES

    document = read((SAMPLES / "chenghu-2023.pdf").read_bytes(), "chenghu-2023.pdf")
    found = [block for block in document.blocks if "扫描企业二维码" in block.text]
    assert len(found) == 1
    assert found[0].text.endswith("扫码入企检查2.1万次。")
    assert {piece.page for piece in found[0].pieces} == {1}
    assert all(piece.locator.startswith("page=1;box=") for piece in found[0].pieces)
    assert {piece.page for block in document.blocks for piece in block.pieces} == {1, 2}


def test_columns_of_latin_type_are_read_one_after_the_other() -> None:
    texts = [
        f"Part {n} tells, for Alder Vale, how {n * 37} cases were heard" + ", and why" * 60 + "." for n in range(6)
    ]
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    with pdf.text_columns(ncols=2, gutter=6, text_align="J") as columns:
        for text in texts:
            columns.paragraph(bottom_margin=4).write(text)
            columns.end_paragraph()
    assert [block.text for block in read(bytes(pdf.output()), "a.pdf").blocks] == texts


def test_page_numbers_and_running_headers_are_marked() -> None:
    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    for number in range(1, 5):
        pdf.add_page()
        pdf.text(80, 10, "Annual report")
        pdf.text(20, 100, f"Sentence {'again ' * number}stands here.")
        pdf.text(100, 290, f"- {number} -")
    blocks = read(bytes(pdf.output()), "a.pdf").blocks
    kept = [block.text for block in blocks if not block.furniture]
    assert kept == [f"Sentence {'again ' * number}stands here." for number in range(1, 5)]


def test_a_scan_is_reported_as_such() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.rect(10, 10, 50, 50, style="F")
    with pytest.raises(ReadError, match="OCR"):
        read(bytes(pdf.output()), "scan.pdf")


def test_a_locked_pdf_is_reported_as_such() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_encryption(owner_password="a", user_password="b")  # noqa: S106  # a test file
    with pytest.raises(ReadError, match="password"):
        read(bytes(pdf.output()), "locked.pdf")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.txt", b"  \n"), ("binary.txt", bytes(range(256)) * 20), ("broken.pdf", b"%PDF-1.4 nothing"),
        ("broken.docx", b"PK\x03\x04 nothing"), ("noise.txt", bytes([0x81, 0x20] * 400)), ("empty.html", b"<html></html>"),
        ("picture.png", b"\x89PNG"),
    ],
)  # fmt: skip
def test_unreadable_files_get_a_message_that_names_them_in_both_languages(name: str, data: bytes) -> None:
    with pytest.raises(ReadError) as caught:
        read(data, name)
    assert name in caught.value.zh
    assert name in caught.value.en
    assert any("\u4e00" <= char <= "\u9fff" for char in caught.value.zh)


def test_anchors_without_an_address_are_no_links_and_preformatted_lines_are_paragraphs() -> None:
    page = f"<p><a name='_Toc1'>主要工作</a></p><p><a href='/x'>更多新闻</a></p><pre>标题\n\n{SENTENCE}\n第二段。</pre>"
    blocks = read(page.encode(), "a.html").blocks
    assert [(block.text, bool(block.furniture)) for block in blocks] == [
        ("主要工作", False),
        ("更多新闻", True),
        ("标题", False),
        (SENTENCE, False),
        ("第二段。", False),
    ]


def test_a_paragraph_in_a_wrapper_with_an_unlucky_name_stays() -> None:
    page = f"<div class='related'><p>{SENTENCE}</p></div><p class='search'>一、主要工作</p><p>{SENTENCE}</p>"
    assert [block.furniture for block in read(page.encode(), "a.html").blocks] == [None, None, None]


def test_word_insertions_layout_tables_and_equal_cells_are_kept() -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    document = docx.Document()
    paragraph = document.add_paragraph("甲")
    inserted = parse_xml(f"<w:ins {nsdecls('w')} w:id='1' w:author='a'><w:r><w:t>乙</w:t></w:r></w:ins>")
    paragraph._p.append(inserted)
    layout = document.add_table(rows=1, cols=1)
    layout.rows[0].cells[0].text = "标题"
    layout.rows[0].cells[0].add_paragraph(SENTENCE)
    figures = document.add_table(rows=1, cols=3)
    for cell, text in zip(figures.rows[0].cells, ("处罚案件", "100", "100"), strict=True):
        cell.text = text
    file = io.BytesIO()
    document.save(file)
    assert texts(file.getvalue(), "a.docx") == ["甲乙", "标题", SENTENCE, "处罚案件\t100\t100"]


def with_cid_font(encoding: bytes, *maps: bytes) -> bytes:
    """A PDF whose only font is a CID font, written by hand; objects 8 and on are `maps`, 9 maps to Unicode."""
    unicode_map = b" /ToUnicode 9 0 R" if len(maps) > 1 else b""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
        b"<< /Length 60 >>\nstream\nBT /F 16 Tf 50 700 Td <00100011001200130014001500160017> Tj ET\nendstream",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding %b /DescendantFonts [6 0 R]%b >>"
        % (encoding, unicode_map),
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /DW 1000 /FontDescriptor 7 0 R"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>",
        b"<< /Type /FontDescriptor /FontName /X /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0 /Ascent 800 /Descent 0"
        b" /CapHeight 800 /StemV 80 >>",
        *(b"<< /CMapName /Own /Length %d >>\nstream\n%b\nendstream" % (len(cmap), cmap) for cmap in maps),
    ]
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return data + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)


def test_a_font_without_a_unicode_map_is_reported_as_such() -> None:
    with pytest.raises(ReadError, match="Unicode map"):
        read(with_cid_font(b"/Identity-H"), "cid.pdf")


@pytest.mark.parametrize(
    ("own", "first"),
    [
        (b"1 begincidrange <0000> <FFFF> 0 endcidrange", 0x10), (b"/Identity-H usecmap", 0x10),
        (b"1 begincidrange <0010> <0017> 64 endcidrange", 64),
        (b"8 begincidchar %b endcidchar" % b" ".join(b"<00%d> %d" % (n, n) for n in range(10, 18)), 10),
    ],
)  # fmt: skip
def test_a_font_with_a_cmap_of_its_own_is_read(own: bytes, first: int) -> None:
    glyphs = zip(range(first, first + 8), "禾溪县依法行政报", strict=True)
    pairs = b" ".join(b"<%04X> <%04X>" % (glyph, ord(char)) for glyph, char in glyphs)
    data = with_cid_font(
        b"8 0 R", b"begincmap %b endcmap" % own, b"begincmap 8 beginbfchar %b endbfchar endcmap" % pairs
    )
    assert texts(data, "own.pdf") == ["禾溪县依法行政报"]


def test_pages_without_text_are_named() -> None:
    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    for number in range(3):
        pdf.add_page()
        if number != 1:
            pdf.text(20, 100, f"A sentence on sheet {number}.")
    assert read(bytes(pdf.output()), "a.pdf").warnings == ("没有文字层的页 pages without text: 2",)


def rewritten(data: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """A file of parts with something else in one of them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        assert old in source.read(part)
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(old, new) if name == part else content)
    return out.getvalue()


def word_file() -> bytes:
    document, out = docx.Document(), io.BytesIO()
    document.add_paragraph(SENTENCE)
    document.save(out)
    return out.getvalue()


def sheet() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append([SENTENCE])
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("[Content_Types].xml", b"</Types>", b""),
        ("[Content_Types].xml", b"<Types", b"<Other"),
        ("_rels/.rels", b"Target=", b"T="),
        ("docProps/core.xml", b"coreProperties", b"other"),
        ("[Content_Types].xml", b"wordprocessingml.numbering+xml", b"other"),
    ],
)
def test_a_word_file_with_a_damaged_part_is_refused_by_name(part: str, old: bytes, new: bytes) -> None:
    with pytest.raises(ReadError, match=r"damaged\.docx：不是完整的 \.docx"):
        read(rewritten(word_file(), part, old, new), "damaged.docx")


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("word/numbering.xml", b"w:ilvl=", b"w:x="),
        ("word/numbering.xml", b'w:val="1"', b'w:val="\xc2\xb2"'),
        ("word/_rels/document.xml.rels", b' Id="rId3"', b' Id="rId3" Other=""'),
    ],
)
def test_a_word_file_whose_lists_are_odd_is_read(part: str, old: bytes, new: bytes) -> None:
    assert SENTENCE in texts(rewritten(word_file(), part, old, new), "odd.docx")[0]


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/workbook.xml", b"<sheets>", b"<sheets"),
        ("xl/worksheets/sheet1.xml", b"</row>", b""),
        ("xl/workbook.xml", b"firstSheet", b"otherSheet"),
        ("[Content_Types].xml", b"ContentType=", b"Content="),
    ],
)
def test_a_workbook_with_a_damaged_part_is_refused_by_name(part: str, old: bytes, new: bytes) -> None:
    with pytest.raises(ReadError, match=r"damaged\.xlsx：不是完整的 \.xlsx"):
        read(rewritten(sheet(), part, old, new), "damaged.xlsx")


def test_a_pdf_with_a_broken_page_size_is_refused_by_name() -> None:
    pdf = FPDF()
    pdf.add_page()
    data = bytes(pdf.output())
    assert b"595.28" in data
    with pytest.raises(ReadError, match=r"damaged\.pdf：PDF 已损坏"):
        read(data.replace(b"595.28", b"59\xff\xfe28"), "damaged.pdf")


def test_a_pdf_with_type_of_no_size_is_read() -> None:
    pdf = FPDF()
    pdf.set_compression(False)
    pdf.add_page()
    pdf.set_font("helvetica", size=12)
    for number in range(4):
        pdf.cell(0, 8, f"Report {number} was closed.", new_x="LMARGIN", new_y="NEXT")
    data = bytes(pdf.output())
    assert b"12.00 Tf" in data
    assert "Report 3" in "".join(texts(data.replace(b"12.00 Tf", b"00.00 Tf"), "a.pdf"))


@pytest.mark.parametrize("charset", ["idna", "hex", "unicode_escape", "undefined", "no-such"])
def test_a_charset_that_is_none_of_text_is_not_believed(charset: str) -> None:
    page = f"<meta charset={charset}><p>{SENTENCE}</p>"
    assert texts(page.encode(), "a.html") == [SENTENCE]


BOMB = (
    '<!DOCTYPE a [<!ENTITY a "哈哈哈哈哈哈哈哈哈哈">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)


def test_entities_that_multiply_are_never_expanded() -> None:
    page = f'<?xml version="1.0"?>{BOMB}<html><body><p>{SENTENCE}</p><p>&j;</p></body></html>'
    assert sum(map(len, texts(page.encode(), "a.html"))) < 1000
    kinds = (
        ("a.docx", word_file(), "word/document.xml", b"<w:document", SENTENCE.encode()),
        ("a.xlsx", sheet(), "xl/worksheets/sheet1.xml", b"<worksheet", SENTENCE.encode("ascii", "xmlcharrefreplace")),
    )
    for name, data, part, start, words in kinds:
        declared = rewritten(data, part, start, BOMB.encode() + start)
        with pytest.raises(ReadError, match=name):
            read(rewritten(declared, part, words, b"&j;"), name)


def test_ten_thousand_headings_are_read_in_the_time_of_a_report() -> None:
    page = "".join(f"<h2>{n}、监督</h2><p>{SENTENCE}</p>" for n in range(10_000))
    begin = time.process_time()
    blocks = read(page.encode(), "a.html").blocks
    assert time.process_time() - begin < 20
    assert len(blocks) == 20_000
    assert blocks[-1].pieces[0].locator == "/html/body/p[10000]/text()[1]"


@pytest.mark.parametrize("data", [b"%PDF-1.4 nothing", b"PK\x03\x04 nothing", b"\x89PNG\r\n\0\0\0"])
@pytest.mark.parametrize("ending", ["txt", "md", "csv", "html", "mht", "docx", "xlsx", "pdf"])
def test_a_file_under_a_wrong_ending_is_refused_or_read_as_what_it_says(data: bytes, ending: str) -> None:
    with contextlib.suppress(ReadError):
        assert all("nothing" in words or "PNG" in words for words in texts(data, f"a.{ending}"))


@pytest.mark.parametrize(
    ("name", "library"),
    [("a.docx", "docx.Document"), ("a.xlsx", "openpyxl.load_workbook"), ("a.pdf", "pdfplumber.open")],
)
def test_too_little_memory_is_not_told_as_damage(name: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def eat(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(library, eat)
    with pytest.raises(MemoryError):
        read(b"x", name)
