"""Bytes → blocks of text with the place of each piece in the file. One file a format."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from indexer.readers.document import Block, Document, Piece
from retrieval.errors import ReadError

__all__ = ["READABLE", "Block", "Document", "Piece", "media_type", "read"]

# Each reader brings its own heavy library: it is imported when its first file comes.
_READERS = {
    ".txt": ("indexer.readers.txt", "text/plain"),
    ".html": ("indexer.readers.html", "text/html"),
    ".htm": ("indexer.readers.html", "text/html"),
    ".mht": ("indexer.readers.mhtml", "multipart/related"),
    ".mhtml": ("indexer.readers.mhtml", "multipart/related"),
    ".md": ("indexer.readers.markdown", "text/markdown"),
    ".csv": ("indexer.readers.sheet", "text/csv"),
    ".xlsx": ("indexer.readers.sheet", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ".doc": ("indexer.readers.office", "application/msword"),
    ".rtf": ("indexer.readers.office", "application/rtf"),
    ".wps": ("indexer.readers.office", "application/vnd.ms-works"),
    ".pdf": ("indexer.readers.pdf", "application/pdf"),
    ".docx": (
        "indexer.readers.docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
}
READABLE = frozenset(_READERS)


def media_type(name: str) -> str:
    """The media type by the file's ending."""
    return _READERS[Path(name).suffix.lower()][1]


def read(data: bytes, name: str) -> Document:
    """The file's blocks in reading order.

    Raises ReadError naming the file, the fault and the way out.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in _READERS:
        raise ReadError(
            f"{name}：不支持 {suffix or '无扩展名的'} 文件；可读 {'、'.join(sorted(READABLE))}",
            f"{name}: cannot read {suffix or 'files without an ending'}; readable: {', '.join(sorted(READABLE))}",
        )
    if not data.strip():
        raise ReadError(f"{name}：文件是空的", f"{name}: the file is empty")
    reader: Callable[[bytes, str], Document] = import_module(_READERS[suffix][0]).read
    document = reader(data, name)
    if not any(block.text.strip() for block in document.blocks):
        raise ReadError(f"{name}：文件里没有文字", f"{name}: there is no text in this file")
    return document
