"""Which places a question names: those that reports are about, or one that no report is about. No Flask."""

from __future__ import annotations

import re
from collections.abc import Iterable

from retrieval.gazetteer import gazetteer
from retrieval.text import bare
from retrieval.types import Region

_KIND = r"(?:自治区|自治州|自治县|省|市|县|区|镇|乡|街道|州|盟|旗)"
# Something that may be a place's name, in full anywhere, or short before a year.
_MAYBE = re.compile(rf"[\u4e00-\u9fff]{{1,8}}?{_KIND}|[\u4e00-\u9fff]{{2,4}}(?=20\d\d)")
# A short name (武威 for 武威市) is taken for a place only where a place can stand.
_BEFORE_SHORT = r"(?:^|[、和与跟及,:\s在])"
_AFTER_SHORT = r"(?=20\d\d|[的、和与跟及,\s在]|有没有|去年|今年|市|县|区|行政|政府|法治|推行|开展|办理|受理|$)"
_UNKNOWN_AT_HEAD = re.compile(rf"^[\u4e00-\u9fff]{{2,6}}?{_KIND}(?=20\d\d|人民政府|政府|去年|今年)")
_NO_NAME = re.compile(r"哪|各|全|本|我|级|乡镇|镇街|社区|园区|地区|辖区|城区|几个|多少|设区")


def places_named(plain: str, regions: Iterable[Region]) -> tuple[tuple[str, ...], str | None]:
    """Names of the corpus's places in a normalised question, the lowest of each chain; else a place unknown to it."""
    held = {name: region for region in regions for name in region.chain}
    found = _held(plain, held)
    if found:
        return found, None
    return (), _missing(plain, set(held))


def _held(plain: str, held: dict[str, Region]) -> tuple[str, ...]:
    spans: dict[str, tuple[int, int]] = {}
    for name in held:
        match = re.search(re.escape(bare(name)), plain) or _short(bare(name), plain)
        if match:
            spans[name] = match.span()
    kept = [n for n in spans if not any(_inside(spans[n], spans[other]) for other in spans if other != n)]
    above = {upper for name in kept for upper in held[name].chain[: held[name].chain.index(name)]}
    return tuple(sorted((name for name in kept if name not in above), key=lambda name: spans[name]))


def _short(name: str, plain: str) -> re.Match[str] | None:
    stem = re.sub(rf"{_KIND}$", "", name)
    if len(stem) < 2 or stem == name:
        return None
    match = re.search(rf"{_BEFORE_SHORT}({re.escape(stem)}){_AFTER_SHORT}", plain)
    return re.compile(re.escape(stem)).search(plain, match.start()) if match else None


def _inside(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return other[0] <= span[0] and span[1] <= other[1] and other != span


def _missing(plain: str, held: set[str]) -> str | None:
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
