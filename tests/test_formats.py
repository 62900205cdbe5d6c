"""Files of every kind that a researcher's folder holds, made with the real programs where they are installed."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import openpyxl
import pytest

from indexer.archives import Limits, expand
from indexer.build import build
from indexer.discover import discover
from indexer.readers import office, read
from indexer.readers.document import Document
from retrieval.errors import ReadError
from retrieval.store import open_index
from tests.conftest import SAMPLES, quiet

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
TEXT = (SAMPLES / "linxi-2021.txt").read_text(encoding="utf-8")
SENTENCE = "全年收到申请196件"


def words(document: Document) -> str:
    return "\n".join(block.text for block in document.blocks)


def converted(source: Path, kind: str) -> bytes:
    """The file as LibreOffice saves it."""
    place = source.parent / "converted"
    profile = (place / "profile").as_uri()
    subprocess.run(
        [OFFICE, "--headless", f"-env:UserInstallation={profile}", "--convert-to", kind, "--outdir", place, source],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return (place / f"{source.stem}.{kind}").read_bytes()


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed: sudo apt install libreoffice-writer-nogui")
@pytest.mark.parametrize("kind", ["doc", "rtf"])
def test_old_word_files_are_read_through_libreoffice(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "songhe.docx"
    shutil.copy(SAMPLES / "songhe-2022.docx", source)
    before = words(read(source.read_bytes(), "songhe.docx"))
    after = words(read(converted(source, kind), f"songhe.{kind}"))
    assert "".join(before.split()) == "".join(after.split())


@pytest.mark.skipif(
    shutil.which("antiword") is None or OFFICE is None, reason="antiword or LibreOffice is not installed"
)
def test_a_doc_is_read_by_antiword_where_libreoffice_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "songhe.docx"
    shutil.copy(SAMPLES / "songhe-2022.docx", source)
    data = converted(source, "doc")
    antiword = shutil.which("antiword")
    monkeypatch.setattr(office.shutil, "which", lambda name: antiword if name == "antiword" else None)
    assert "松鹤县" in words(read(data, "songhe.doc"))


def test_without_a_converter_the_message_names_the_file_and_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.shutil, "which", lambda _: None)
    with pytest.raises(ReadError, match=r"旧报告\.wps.*sudo apt install") as caught:
        read(b"x", "旧报告.wps")
    assert "sudo apt install" in caught.value.en


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_a_broken_doc_is_refused_by_name() -> None:
    with pytest.raises(ReadError, match=r"broken\.doc"):
        read(b"\xd0\xcf\x11\xe0" + b"\x00\x01" * 300, "broken.doc")


def test_a_web_archive_gives_its_page_and_its_address() -> None:
    page = f"<html><head><title>t</title></head><body><p>{SENTENCE}，依法办结。</p><img src='cid:1'></body></html>"
    message = (
        "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://www.example.gov.cn/a.html\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/related; type="text/html"; boundary="B"\r\n\r\n--B\r\n'
        "Content-Type: text/html; charset=gbk\r\nContent-Transfer-Encoding: base64\r\n"
        "Content-Location: https://www.example.gov.cn/a.html\r\n\r\n"
    )
    import base64

    data = message.encode() + base64.encodebytes(page.encode("gbk")) + b"\r\n--B--\r\n"
    document = read(data, "a.mhtml")
    assert words(document) == f"{SENTENCE}，依法办结。"
    assert document.hints["url"] == "https://www.example.gov.cn/a.html"
    with pytest.raises(ReadError, match=r"empty\.mht"):
        read(b"From: x\r\n\r\nno page", "empty.mht")


def test_markdown_marks_are_no_words_and_places_stay_exact() -> None:
    data = f"# 临溪市法治政府建设报告\n\n## 一、成效\n\n- **{SENTENCE}**，`依法`办结*乙*。\n\n---\n".encode()
    document = read(data, "a.md")
    assert words(document).splitlines() == ["临溪市法治政府建设报告", "一、成效", f"{SENTENCE}，依法办结乙。"]
    assert [block.heading for block in document.blocks] == [0, 1, 0]


def test_a_list_of_paragraphs_in_a_sheet_is_read_row_by_row() -> None:
    book = openpyxl.Workbook()
    book.active.title = "段落"
    book.active.append(["一、成效", None])
    book.active.append([f"{SENTENCE}。", 12])
    out = io.BytesIO()
    book.save(out)
    document = read(out.getvalue(), "a.xlsx")
    assert [(block.text, block.pieces[0].locator) for block in document.blocks] == [
        ("一、成效", "sheet=段落;row=1"),
        (f"{SENTENCE}。\t12", "sheet=段落;row=2"),
    ]
    table = f"标题,正文\r\n甲,“{SENTENCE}”\r\n".encode("gb18030")
    assert words(read(table, "a.csv")).splitlines()[1] == f"甲\t“{SENTENCE}”"
    with pytest.raises(ReadError, match=r"broken\.xlsx"):
        read(b"PK\x03\x04 broken", "broken.xlsx")


def zipped(members: dict[str, bytes], encoding: str = "utf-8") -> bytes:
    """A zip whose names are written in an encoding without saying which, as Windows programs do."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, data in enumerate(members.values()):
            archive.writestr(f"{'x' * 9}{number}", data)
    raw = out.getvalue()
    for number, name in enumerate(members):
        coded = name.encode(encoding)
        stand_in = f"{'x' * 9}{number}".encode()
        assert len(coded) == len(stand_in), "names of ten bytes keep the offsets"
        raw = raw.replace(stand_in, coded)
    return raw


def test_names_in_gbk_and_utf8_are_read_right(tmp_path: Path) -> None:
    for encoding, name in (("gbk", "报告a1.txt"), ("utf-8", "报告.txt")):
        path = tmp_path / f"{encoding}.zip"
        path.write_bytes(zipped({name: TEXT.encode()}, encoding))
        scratch = tmp_path / f"{encoding}-out"
        scratch.mkdir()
        assert [member.name for member in expand(path, path.name, scratch)] == [f"{path.name}!/{name}"]


def test_members_cannot_choose_where_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../escaped.txt", TEXT)
        archive.writestr("/etc/escaped.txt", TEXT)
    scratch = tmp_path / "a" / "b" / "scratch"
    scratch.mkdir(parents=True)
    members = expand(path, "evil.zip", scratch)
    assert {member.path.parent for member in members} == {scratch}
    assert list(tmp_path.rglob("escaped*")) == []


def test_members_of_a_tar_lead_nowhere_either(tmp_path: Path) -> None:
    path, scratch = tmp_path / "evil.tar", tmp_path / "a" / "scratch"
    scratch.mkdir(parents=True)
    with tarfile.open(path, "w") as archive:
        for name in ("../../escaped.txt", "/etc/escaped.txt"):
            info = tarfile.TarInfo(name)
            info.size = len(TEXT.encode())
            archive.addfile(info, io.BytesIO(TEXT.encode()))
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    members = expand(path, "evil.tar", scratch)
    assert [member.path.parent for member in members] == [scratch, scratch]
    assert list(tmp_path.rglob("escaped*")) == []


@pytest.mark.parametrize(
    ("limits", "fault"),
    [(Limits(members=2), "超过 2 个"), (Limits(size=100), "解开后超过"), (Limits(depth=1), "套了 2 层")],
)
def test_an_archive_beyond_a_limit_is_refused_whole(tmp_path: Path, limits: Limits, fault: str) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("c.txt", "丙" * 50)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "甲")
        archive.writestr("b.txt", "乙")
        archive.writestr("inner.zip", inner.getvalue())
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(ReadError, match=fault):
        expand(path, "a.zip", scratch, limits)


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_a_broken_archive_is_a_failed_file_and_the_run_goes_on(tmp_path: Path, name: str, config, encoder) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / name).write_bytes(b"PK\x03\x04 not an archive")
    shutil.copy(SAMPLES / "linxi-2021.txt", folder)
    summary = build([folder], tmp_path / "index", config, encoder, quiet, rebuild=False)
    assert {(o.source_name, o.status) for o in summary.outcomes} == {(name, "failed"), ("linxi-2021.txt", "new")}
    assert name in next(o.reason for o in summary.outcomes if o.status == "failed")


def test_reports_in_nested_archives_are_indexed_under_their_names_and_stay_the_same_reports(
    tmp_path: Path, config, encoder
) -> None:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as archive:
        archive.add(SAMPLES / "linxi-2021.txt", "内/linxi-2021.txt")
    folder = tmp_path / "reports"
    folder.mkdir()
    with zipfile.ZipFile(folder / "同事发来.zip", "w") as archive:
        archive.writestr("2021/inner.tar.gz", inner.getvalue())
        archive.writestr("__MACOSX/._x.txt", b"junk")
        archive.writestr("logo.png", b"picture")
    root = tmp_path / "index"
    summary = build([folder], root, config, encoder, quiet, rebuild=False)
    name = "同事发来.zip!/2021/inner.tar.gz!/内/linxi-2021.txt"
    statuses = {outcome.source_name: outcome.status for outcome in summary.outcomes}
    assert statuses == {name: "new", "同事发来.zip!/logo.png": "skipped"}
    (report,) = open_index(root).reports
    assert report.source_name == name
    again = build([folder], root, config, encoder, quiet, rebuild=False)
    assert {o.status for o in again.outcomes} == {"unchanged", "skipped"}
    assert open_index(root).original(report).read_bytes() == (SAMPLES / "linxi-2021.txt").read_bytes()


def test_what_is_not_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "script.js").write_text("x", encoding="utf-8")
    (tmp_path / "README.md").write_text("# 说明", encoding="utf-8")
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    found = {source.name: bool(source.skipped) for source in discover([tmp_path], tmp_path)}
    assert found == {"README.md": True, "a.txt": False, "script.js": True}


def test_damaged_and_odd_archives_never_stop_a_run(tmp_path: Path, config, encoder) -> None:
    import lzma

    folder = tmp_path / "reports"
    folder.mkdir()
    data = bytearray(lzma.compress(TEXT.encode() * 20))
    data[40:60] = b"\xff" * 20
    (folder / "broken.tar.xz").write_bytes(bytes(data))
    with tarfile.open(folder / "gbk.tar.gz", "w:gz", encoding="gb18030") as archive:
        info = tarfile.TarInfo("法治报告.txt")
        info.size = len(TEXT.encode())
        archive.addfile(info, io.BytesIO(TEXT.encode()))
    with zipfile.ZipFile(folder / "long.zip", "w") as archive:
        archive.writestr("1." + "关于法治政府建设情况的报告" * 12, "没有扩展名")
    summary = build([folder], tmp_path / "index", config, encoder, quiet, rebuild=False)
    found = {outcome.source_name: outcome.status for outcome in summary.outcomes}
    assert found["broken.tar.xz"] == "failed"
    assert found["gbk.tar.gz!/法治报告.txt"] == "new"
    assert "skipped" in found.values()
