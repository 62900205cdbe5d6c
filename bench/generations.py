"""Reports that tell of which generation they are: every sentence says so, and an answer made of two gives itself away."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

_MARK = "（第{}次修订）。"
_MARKED = re.compile(r"第(\d+)次修订")
# Lasting links and the notes of files name the version of the corpus: it has the generation's number, as each
# generation is indexed once.
_CORPUS = re.compile(r"corpus=(\d+)|corpus version\W*(\d+)（")
_TAG = re.compile(r"<[^>]*>")


def write_generation(originals: Path, folder: Path, generation: int) -> None:
    """Every report in `originals` again in `folder`, with the generation at the end of each sentence."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in originals.glob("*.txt"):
        text = path.read_text(encoding="utf-8").replace("。", _MARK.format(generation))
        (folder / path.name).write_text(text, encoding="utf-8")


def generations_in(body: bytes) -> set[int]:
    """The generations of an answer's words, and of the corpus that it says it was made from; also in Office files."""
    text = _text(body)
    # A search may mark a part of the words: they are read across tags. Links stand within tags.
    marks = {*_MARKED.findall(text), *_MARKED.findall(plain := _TAG.sub("", text))}
    named = {number for found in (*_CORPUS.findall(text), *_CORPUS.findall(plain)) for number in found if number}
    return {int(number) for number in marks | named}


def _text(body: bytes) -> str:
    if not body.startswith(b"PK"):
        return body.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        return "\n".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))
