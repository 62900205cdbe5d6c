"""Plain text: a block a line, located by its bytes in the file."""

from __future__ import annotations

import re

from indexer.readers.charset import decode
from indexer.readers.document import Block, Document, Piece
from retrieval.errors import ReadError

_LINE = re.compile(r"[^\r\n\v\f\x85\u2028\u2029]+")
# A line this long at the least can have been wrapped by a program, in display columns.
_NARROWEST_WRAP = 40


def read(data: bytes, name: str) -> Document:
    """A block for each line that is not blank. Raises ReadError for binary files and unknown encodings."""
    if b"\0" in data[:2000] and not data.startswith((b"\xff\xfe", b"\xfe\xff")) and not _looks_utf16(data):
        raise ReadError(f"{name}：不是文本文件（含空字节）", f"{name}: not a text file (it has NUL bytes)")
    text, encoding, mark = decode(data, name)
    blocks: list[Block] = []
    at, done = mark, 0
    for match in _LINE.finditer(text):
        line = match.group()
        kept = line.strip()
        if not kept:
            continue
        start = match.start() + len(line) - len(line.lstrip())
        at += len(text[done:start].encode(encoding))
        end = at + len(kept.encode(encoding))
        blocks.append(Block((Piece(kept, f"bytes={at}-{end}"),)))
        at, done = end, start + len(kept)
    return Document(tuple(blocks), encoding, wrapped=_is_wrapped(blocks))


def _looks_utf16(data: bytes) -> bool:
    """Half of the bytes of UTF-16 text without Han characters are zero, always on the same side."""
    sample = data[:2000]
    return max(sample[0::2].count(0), sample[1::2].count(0)) > len(sample) * 0.05 and (
        min(sample[0::2].count(0), sample[1::2].count(0)) == 0
    )


def _is_wrapped(blocks: list[Block]) -> bool:
    """Whether a program broke the lines at a fixed width: many lines equally long, and cut inside sentences."""
    widths = [_columns(block.text) for block in blocks]
    longest = max(widths, default=0)
    if longest < _NARROWEST_WRAP or longest > 160:
        return False
    full = [b for b, width in zip(blocks, widths, strict=True) if width >= longest - 3]
    cut = [block for block in full if block.text[-1] not in "。！？!?；;：:”》）)"]
    return len(full) >= max(3, len(blocks) * 0.3) and len(cut) >= len(full) * 0.5


def _columns(text: str) -> int:
    return sum(1 if char.isascii() else 2 for char in text)
