"""Bytes → str: byte order marks, then UTF-8, then what charset-normalizer finds among the encodings in use."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from retrieval.errors import ReadError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What mainland pages call gb2312 or gbk is read as its superset.
_ALIASES = {"gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "big5-hkscs": "big5hkscs"}
_CANDIDATES = ["gb18030", "big5", "big5hkscs", "utf_16_le", "utf_16_be"]
_META = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)""", re.I)
_HAN = re.compile(r"[\u4e00-\u9fff]")
# The commonest characters of both scripts: a wrong guess among Chinese encodings hardly contains any.
_COMMON = re.compile(r"[的和在年政府法治工作行部人一二三是了不有制度以為为、。,，]")


def decode(data: bytes, name: str, *, html: bool = False) -> tuple[str, str, int]:
    """The text, the encoding, and how many bytes of byte order mark stand before it.

    Raises ReadError when no encoding fits.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding, name), encoding, len(mark)
    for encoding in _declared(data) if html else []:
        try:
            return data.decode(encoding), encoding, 0
        except (ValueError, LookupError):
            continue
    try:
        return data.decode("utf-8"), "utf-8", 0
    except UnicodeDecodeError:
        encoding = _guess(data, name)
    return _strict(data, encoding, name), encoding, 0


def _declared(data: bytes) -> list[str]:
    match = _META.search(data[:4096])
    if not match:
        return []
    name = match.group(1).decode("ascii").lower()
    # Python knows codecs of that name which are no encodings of pages.
    return [] if "escape" in name else [_ALIASES.get(name, name)]


def _guess(data: bytes, name: str) -> str:
    sample = data[:200_000]
    matches = [m.encoding for m in from_bytes(sample, cp_isolation=_CANDIDATES, threshold=0.5)]
    scored = [(_plausibility(sample, encoding), encoding) for encoding in (*matches, *_CANDIDATES)]
    score, best = max(scored, key=lambda pair: pair[0])
    if score < 0.02:
        raise ReadError(
            f"{name}：认不出文字编码（试过 UTF-8、UTF-16、GB18030、Big5）；可另存为 UTF-8 后重试",
            f"{name}: unknown text encoding (tried UTF-8, UTF-16, GB18030, Big5); save it as UTF-8 and try again",
        )
    return best


def _plausibility(sample: bytes, encoding: str) -> float:
    """Share of the characters that are among the commonest Chinese ones; 0 when it does not decode."""
    text = sample.decode(encoding, errors="replace")
    if not text or text.count("\ufffd") > len(text) / 1000 + 1 or not _HAN.search(text):
        return 0.0
    return len(_COMMON.findall(text)) / len(text)


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        share = error.start / max(1, len(data))
        raise ReadError(
            f"{name}：第 {error.start} 字节（全文 {share:.0%} 处）不是有效的 {encoding} 文字；可另存为 UTF-8 后重试",
            f"{name}: byte {error.start} is not valid {encoding}; save the file as UTF-8 and try again",
        ) from error
