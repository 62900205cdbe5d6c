"""What every reader returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from retrieval.errors import ReadError


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text and where it stands in the file (see `retrieval.types.Origin`)."""

    text: str
    locator: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A line or paragraph as the file has it.

    `furniture` is a reason when the format itself says that this is not the report's text
    (a <nav> element, a page number); `heading` is the format's own heading level, or 0.
    """

    pieces: tuple[Piece, ...]
    furniture: str | None = None
    heading: int = 0

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    def cut(self, start: int, end: int) -> Block:
        """The block with only `text[start:end]`; a piece cut short keeps its locator."""
        kept: list[Piece] = []
        at = 0
        for piece in self.pieces:
            a, b = max(start - at, 0), min(end - at, len(piece.text))
            if a < b:
                kept.append(Piece(piece.text[a:b], piece.locator, piece.page))
            at += len(piece.text)
        return Block(tuple(kept), self.furniture, self.heading)

    def stripped(self) -> Block:
        """Without white space at either end."""
        text = self.text
        start = len(text) - len(text.lstrip())
        return self.cut(start, max(start, len(text.rstrip())))


@dataclass(frozen=True, slots=True)
class Document:
    """A file's blocks in reading order, and what the format says about the file as a whole.

    `hints` may hold title, url, date and source as the format's own metadata gives them.
    """

    blocks: tuple[Block, ...]
    encoding: str | None = None
    wrapped: bool = False
    hints: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@contextmanager
def refusing(told: Callable[[Exception], ReadError]) -> Iterator[None]:
    """What a library raises over a damaged file, in every way there is, becomes the error that names the file.

    Too little memory passes: whoever set the limit tells it.
    """
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise told(error) from error
