"""Small sound files of every format that is read, and ways to damage them: bytes anywhere, and the parts of archives."""

from __future__ import annotations

import io
import tarfile
import zipfile
from functools import cache
from pathlib import Path
from random import Random

import docx
import openpyxl
from fpdf import FPDF

SAMPLES = Path(__file__).parent.parent.parent / "samples"
TEXT = (
    "云台县人民政府2022年法治政府建设情况报告\n\n县委、县人民政府：\n2022年，云台县坚持依法行政，全面推进法治政府建设，现将有关情况报告如下。\n"
    "一、主要成效\n（一）执法监督。一是推行说理式执法，制作说理式处罚决定书20份；二是办理行政复议案件1,234件。\n"
    "二、下一步打算\n2023年，将继续规范行政执法。\n云台县人民政府\n2023年1月15日\n"
)
# What parsers take for more than it is.
_SPLICED = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"&#xD800;", b"&#0;", b"&a;", b"<!DOCTYPE a [<!ENTITY a 'x'>]>", b"<div>" * 300, b"</p>",
    b"<pre>", b"<td>", b"<svg>", b"<meta charset=unicode_escape>", b"<meta charset=utf-7>", b"<meta charset=idna>", b"\\ud800", b"charset=hex",
    b"-1", b"99999999999999999999", b"0", b"''", b"]]>", b"\r\n", b"\n\n", b"\x85", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x81", b"w:p",
    b"endobj", b"stream", b"<<", b">>", b"/Type /Page", b"xref", b"=?utf-8?q?=00?=", b"Content-Transfer-Encoding: base64\n",
    b"Content-Type: text/html; charset=\n", b"multipart/mixed; boundary=", b"\t", b'"', b"|", b"#", b"**", b"A" * 5000,
)  # fmt: skip
_PAGE = (
    "<html><head><title>公开</title><meta name=pubdate content=2023-01-15></head><body><nav><a href=/>首页</a></nav><table><tr><td>索引号"
    "</td><td>11530000</td></tr></table>{body}<pre>{text}</pre></body></html>"
)
_MHT = (
    "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b1\r\nSnapshot-Content-Location: https://a.example/1.html\r\n\r\n--b1\r\n"
    "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nContent-Location: https://a.example/1.html\r\n\r\n{page}\r\n--b1--\r\n"
)


@cache
def sound_files() -> dict[str, tuple[bytes, ...]]:
    """By ending; made by the tools that make them, with the samples where they are small."""
    page = _PAGE.format(body="".join(f"<p>{line}</p>" for line in TEXT.splitlines()), text=TEXT)
    sheet = "标题,正文\r\n" + "".join(f'"{line}",{n}\r\n' for n, line in enumerate(TEXT.splitlines()))
    encodings = ("utf-8", "gb18030", "utf-16", "big5hkscs")
    return {
        ".txt": tuple(TEXT.encode(encoding, "replace") for encoding in encodings),
        ".md": (f"# {TEXT}\n- **要点**\n> 引文\n\n---\n## 三、其他\n```\n代码\n```\n".encode(),),
        ".html": (page.encode(), page.replace("<head>", "<head><meta charset=gbk>").encode("gb18030")),
        ".mht": (_MHT.format(page=page).encode(),),
        ".csv": tuple(sheet.encode(encoding) for encoding in ("utf-8-sig", "gb18030")),
        ".xlsx": (_workbook(),),
        ".docx": (_document(), (SAMPLES / "songhe-2022.docx").read_bytes()),
        ".pdf": (_pdf(), (SAMPLES / "liutang-2022.pdf").read_bytes()),
        ".zip": (_zip(),),
        ".tar.gz": (_tar(),),
    }


def _workbook() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for line in TEXT.splitlines():
        book.active.append([line, 12, None, 3.5])
    book.create_sheet("第二张").append(["_xD800_", True])
    book.save(out)
    return out.getvalue()


def _document() -> bytes:
    document, out = docx.Document(), io.BytesIO()
    document.add_heading("云台县2022年法治政府建设情况报告", level=1)
    for line in TEXT.splitlines():
        document.add_paragraph(line)
    document.add_paragraph("第一项", style="List Number")
    table = document.add_table(rows=2, cols=2)
    table.rows[0].cells[0].text, table.rows[1].cells[1].text = "受理", "87件"
    table.rows[1].cells[0].add_table(1, 1).rows[0].cells[0].text = "里面"
    document.save(out)
    return out.getvalue()


def _pdf() -> bytes:
    """Uncompressed, so that a changed byte is a changed command."""
    pdf = FPDF()
    pdf.set_compression(False)
    for _ in range(2):
        pdf.add_page()
        pdf.set_font("helvetica", size=12)
        for line in range(6):
            pdf.cell(
                0, 8, f"Report 2022, line {line}: 1,234 cases were closed.", border=1, new_x="LMARGIN", new_y="NEXT"
            )
    return bytes(pdf.output())


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("报告/a.txt", TEXT)
        archive.writestr("../../etc/b.txt", TEXT)
        archive.writestr("in.tar.gz", _tar())
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name in ("a.txt", "/etc/b.txt", "../c.txt"):
            info = tarfile.TarInfo(name)
            info.size = len(TEXT.encode())
            archive.addfile(info, io.BytesIO(TEXT.encode()))
    return out.getvalue()


def damaged(data: bytes, chance: Random) -> bytes:
    """The file with a few changes; what is inside an archive of parts is changed there as often as not."""
    if data.startswith(b"PK") and chance.random() < 0.75:
        return _damaged_inside(data, chance)
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 8, 40))):
        _change(changed, chance)
    return bytes(changed)


def _change(data: bytearray, chance: Random) -> None:
    at = chance.randrange(len(data) + 1)
    size = min(chance.choice((1, 1, 2, 8, 100, 3000)), len(data) - at)
    match chance.randrange(6):
        case 0:
            data[at : at + size] = chance.randbytes(size)
        case 1:
            del data[at : at + size]
        case 2:
            data[at:at] = chance.choice(_SPLICED)
        case 3:
            data[at : at + size] = data[at : at + size] * chance.choice((2, 3, 30))
        case 4:
            other = chance.randrange(len(data) + 1)
            data[at:at] = data[other : other + size]
        case _:
            if at < len(data):
                data[at] ^= 1 << chance.randrange(8)


def _damaged_inside(data: bytes, chance: Random) -> bytes:
    """Every part written again, one or two of them changed, now and then one left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        names = source.namelist()
        chosen = {chance.choice(names) for _ in range(chance.choice((1, 1, 2)))}
        missing = chance.choice(names) if chance.random() < 0.1 else None
        for name in names:
            part = bytearray(source.read(name))
            if name in chosen:
                for _ in range(chance.choice((1, 1, 3))):
                    _attribute(part, chance) if chance.random() < 0.4 else _change(part, chance)
            if name != missing:
                target.writestr(name, bytes(part))
    return out.getvalue()


def _attribute(part: bytearray, chance: Random) -> None:
    """Another value for an attribute or a number: the XML stays sound, what it says does not."""
    quotes = [at for at, byte in enumerate(part) if byte == ord('"')]
    if len(quotes) < 4:
        return
    first = chance.randrange(0, len(quotes) - 1)
    part[quotes[first] + 1 : quotes[first + 1]] = chance.choice(
        (b"", b"-1", b"x", b"9" * 30, b"1.5", b"\xd9\xa3", b"rId99")
    )
