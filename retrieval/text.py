"""Normalise text for matching, with a map back to the original's offsets, and cut it into sentences.

Nothing made here is ever displayed or cited; it only decides what is equal to what.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from opencc import OpenCC

from retrieval.repair import INVISIBLE, repaired

_SENTENCE_END = re.compile(r"[。！？；!?;]+[”’』」）)》]*")
# Half of a character, as damaged files have it: OpenCC takes UTF-8, which cannot express one.
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
# Words of Taiwan and Hong Kong for things that the reports call otherwise; for queries only.
REGIONAL_WORDS = {
    "诉愿": "行政复议",
    "国家赔偿请求": "国家赔偿",
    "公务人员": "公务员 行政机关工作人员",
    "资讯公开": "信息公开",
    "资讯": "信息",
    "数位": "数字",
    "网路": "网络",
    "行政救济": "行政复议 行政诉讼",
    "首长": "负责人 首长",
    "里长": "村居负责人",
    "律政": "司法",
    "法律扶助": "法律援助",
    "透明度": "公开 透明",
}


@dataclass(frozen=True, slots=True)
class Normalised:
    """`text` for matching; `offsets[i]` is where `text[i]` comes from, with one more for the end."""

    text: str
    offsets: tuple[int, ...]


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


def simplify(text: str) -> str:
    """Traditional to Simplified by OpenCC t2s: one code point for one."""
    converted: str = _converter().convert(_SURROGATE.sub("\ufffd", text))
    # Phrases of the converter's dictionaries could change the length; offsets matter more.
    return converted if len(converted) == len(text) else text


def normalise(text: str) -> str:
    """Repaired where certain, NFKC, Simplified, lower case, white space squeezed to one space and trimmed."""
    text = unicodedata.normalize("NFKC", simplify(repaired(text))).lower()
    return _SPACE.sub(" ", text).strip()


def normalise_query(text: str) -> str:
    """As `normalise`, and words of Taiwan and Hong Kong get the mainland's words beside them."""
    text = normalise(text)
    added = [words for word, words in REGIONAL_WORDS.items() if word in text]
    return " ".join([text, *added])


def normalise_with_offsets(text: str) -> Normalised:
    """As `normalise` without trimming, one original code point at a time, keeping the map back."""
    out: list[str] = []
    offsets: list[int] = []
    for index, pieces in enumerate([_PIECES[char] for char in simplify(text)]):
        for piece in pieces:
            if piece == " " and out and out[-1] == " ":
                continue
            out.append(piece)
            offsets.append(index)
    return Normalised("".join(out), (*offsets, len(text)))


class _Pieces(dict[str, str]):
    """What each code point becomes by itself, any white space a plain space; made when it is first met."""

    def __missing__(self, char: str) -> str:
        plain = "" if INVISIBLE.match(char) else unicodedata.normalize("NFKC", char).lower()
        self[char] = "".join(" " if piece.isspace() else piece for piece in plain)
        return self[char]


_PIECES = _Pieces()


def bare(text: str) -> str:
    """`normalise` with all white space gone: for comparing lines and names."""
    return normalise(text).replace(" ", "")


class _Folds(dict[int, str]):
    """What each code point becomes, whatever stands beside it; made when it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = "" if INVISIBLE.match(char) else unicodedata.normalize("NFKC", char).lower()
        self[code] = "".join(simplify(plain).split())
        return self[code]


_FOLDS = _Folds()


def fold(text: str) -> str:
    """What is counted in: `normalise_with_offsets` without white space.

    Each code point is also Simplified by itself: phrases of the converter keep some characters as they are (乾隆),
    and a word must be found wherever it stands.
    """
    return simplify(text).translate(_FOLDS)


def fold_offsets(text: str) -> tuple[int, ...]:
    """Where each code point of `fold(text)` comes from."""
    return tuple(index for index, char in enumerate(simplify(text)) for _ in _FOLDS[ord(char)])


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences and clauses of `text`, ends included, leading space left out."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if _inside_number(text, match.start()):
            continue
        spans.append((start, match.end()))
        start = match.end()
    if text[start:].strip():
        spans.append((start, len(text)))
    return [(a + len(text[a:b]) - len(text[a:b].lstrip()), b) for a, b in spans if text[a:b].strip()]


def _inside_number(text: str, at: int) -> bool:
    """A half-width mark between ASCII letters or digits belongs to a URL or a number."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return bool(text[at] in "!?;" and before.isascii() and before.isalnum() and after.isascii() and after.isalnum())


def tokens(text: str) -> list[str]:
    """Terms for BM25 of already normalised text: character bigrams of Han runs, whole Latin words and numbers.

    Bigrams do at least as well as dictionary words on legal Chinese and need no dictionary.
    """
    terms: list[str] = []
    for run in re.findall(r"[\u3400-\u9fff\U00020000-\U0003ffff]+|[a-z]+|\d+(?:\.\d+)?", text):
        if run[0].isascii() or len(run) == 1:
            terms.append(run)
        else:
            terms.extend(run[i : i + 2] for i in range(len(run) - 1))
    return terms
