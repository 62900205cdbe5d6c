"""Old word processors' files (.doc, .rtf, .wps): LibreOffice makes a .docx of them, or antiword reads a .doc."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from indexer.readers import docx, txt
from indexer.readers.document import Document
from retrieval.errors import ReadError

# Seconds that a converter may take for one file; a broken file can hang it.
_TIMEOUT = 120
_INSTALL = "sudo apt install libreoffice-writer-nogui"


def read(data: bytes, name: str) -> Document:
    """Paragraphs and table rows, located as in the .docx made of the file.

    Raises ReadError where no converter is installed or none can read the file.
    """
    suffix = Path(name).suffix.lower()
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office:
        return docx.read(_converted(office, data, suffix, name), name)
    if suffix == ".doc" and shutil.which("antiword"):
        return txt.read(_by_antiword(data, name), name)
    raise ReadError(
        f"{name}：读 {suffix} 文件需要 LibreOffice；请先执行 {_INSTALL}，或用 Word/WPS 另存为 .docx",
        f"{name}: reading {suffix} files needs LibreOffice; run {_INSTALL}, or save the file as .docx",
    )


def _converted(office: str, data: bytes, suffix: str, name: str) -> bytes:
    """The file as .docx. A profile of its own lets several conversions run at once."""
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / f"report{suffix}"
        source.write_bytes(data)
        profile = (Path(place) / "profile").as_uri()
        command = [office, "--headless", f"-env:UserInstallation={profile}", "--convert-to", "docx", "--outdir", place]
        _run([*command, str(source)], name)
        made = source.with_suffix(".docx")
        if not made.is_file():
            raise ReadError(
                f"{name}：LibreOffice 打不开这个文件；请用 Word/WPS 打开后另存为 .docx",
                f"{name}: LibreOffice cannot open it; open it in Word or WPS and save it as .docx",
            )
        return made.read_bytes()


def _by_antiword(data: bytes, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "report.doc"
        source.write_bytes(data)
        return _run(["antiword", "-w", "0", "-m", "UTF-8.txt", str(source)], name)


def _run(command: list[str], name: str) -> bytes:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=True)  # noqa: S603  # fixed programs, our own file names
    except subprocess.TimeoutExpired as error:
        raise ReadError(
            f"{name}：转换超过 {_TIMEOUT} 秒，已放弃", f"{name}: the conversion took over {_TIMEOUT} seconds"
        ) from error
    except subprocess.CalledProcessError as error:
        fault = error.stderr.decode(errors="replace").strip()[:200]
        raise ReadError(f"{name}：转换失败（{fault}）", f"{name}: the conversion failed ({fault})") from error
    return done.stdout
