"""Which places a question names: those that reports are about, or one that no report is about. No Flask."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from retrieval.gazetteer import gazetteer
from retrieval.text import bare
from retrieval.types import Region

_KIND = r"(?:自治区|自治州|自治县|省|市|县|区|镇|乡|街道|州|盟|旗)"
# Something that may be a place's name, in full anywhere, or short before a year.
_MAYBE = re.compile(rf"[\u4e00-\u9fff]{{1,8}}?{_KIND}|[\u4e00-\u9fff]{{2,4}}(?=20\d\d)")
# A short name (武威 for 武威市) is taken for a place only where a place can stand.
_BEFORE_SHORT = re.compile(r"(?:^|[、和与跟及,:\s在])$")
_AFTER_SHORT = re.compile(r"20\d\d|[的、和与跟及,\s在]|有没有|去年|今年|市|县|区|行政|政府|法治|推行|开展|办理|受理|$")
_UNKNOWN_AT_HEAD = re.compile(rf"^[\u4e00-\u9fff]{{2,6}}?{_KIND}(?=20\d\d|人民政府|政府|去年|今年)")
_NO_NAME = re.compile(r"哪|各|全|本|我|级|乡镇|镇街|社区|园区|地区|辖区|城区|几个|多少|设区")


class PlaceNames:
    """The places of a corpus by their full and short names; built once, so that a question costs no walk over them."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self._chains = {name: region.chain for region in regions for name in region.chain}
        self._full = {bare(name): name for name in self._chains}
        stems = {re.sub(rf"{_KIND}$", "", plain): name for plain, name in self._full.items()}
        self._short = {stem: name for stem, name in stems.items() if len(stem) >= 2 and stem not in self._full}
        self._longest = max(map(len, self._full), default=0)

    def named(self, plain: str) -> tuple[tuple[str, ...], str | None]:
        """Names of the corpus's places in a normalised question, the lowest of each chain; else one unknown to it."""
        spans = self._spans(plain)
        kept = [n for n in spans if not any(_inside(spans[n], spans[other]) for other in spans if other != n)]
        above = {upper for name in kept for upper in self._chains[name][: self._chains[name].index(name)]}
        found = tuple(sorted((name for name in kept if name not in above), key=lambda name: spans[name]))
        return (found, None) if found else ((), _missing(plain, self._chains))

    def _spans(self, plain: str) -> dict[str, tuple[int, int]]:
        """Where each known name stands first; a short name only where a place can stand."""
        spans: dict[str, tuple[int, int]] = {}
        for start in range(len(plain)):
            for end in range(start + 2, min(len(plain), start + self._longest) + 1):
                words = plain[start:end]
                name = self._full.get(words)
                if name is None and words in self._short and _stands_alone(plain, start, end):
                    name = self._short[words]
                if name is not None:
                    spans.setdefault(name, (start, end))
        return spans


def _stands_alone(plain: str, start: int, end: int) -> bool:
    return bool(_BEFORE_SHORT.search(plain[:start])) and bool(_AFTER_SHORT.match(plain[end:]))


def _inside(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return other[0] <= span[0] and span[1] <= other[1] and other != span


def _missing(plain: str, held: Container[str]) -> str | None:
    """A place of the country that the question names, or an unknown word that stands where only a place can."""
    if not _MAYBE.search(plain):
        return None
    kinds = re.compile(rf"{_KIND}$")
    for mention in gazetteer().mentions(plain):
        dated = re.match(r"\s*20\d\d", plain[mention.end :])
        if (kinds.search(mention.name) or dated) and not _NO_NAME.search(mention.name) and len(mention.name) > 2:
            return mention.name
        if dated and len(mention.name) == 2:
            return mention.name
    unknown = _UNKNOWN_AT_HEAD.search(plain)
    return unknown.group() if unknown and not _NO_NAME.search(unknown.group()) and unknown.group() not in held else None
