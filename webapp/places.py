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
_AFTER_SHORT = re.compile(
    r"20\d\d|[的、和与跟及,\s在]|有没有|去年|今年|行政|政府|法治|推行|开展|办理|受理|复议|处罚|案件|比|对比|各|两地|$"
)
_UNKNOWN_AT_HEAD = re.compile(rf"^[\u4e00-\u9fff]{{2,6}}?{_KIND}(?=20\d\d|人民政府|政府|去年|今年)")
# Names of places that are common words as well: as short names, and as full names without the place above them.
_COMMON_WORDS = frozenset(
    [
        "公安",
        "民权",
        "解放",
        "和平",
        "团结",
        "民主",
        "公平",
        "平安",
        "幸福",
        "建设",
        "发展",
        "安全",
        "城市",
        "法治",
        "文明",
        "文化",
        "农业",
        "工业",
        "交通",
        "卫生",
        "教育",
    ]
)
_GENERIC = frozenset(
    ["城区", "郊区", "东区", "西区", "南区", "北区", "矿区", "市中区", "南山区", "山区", "新区", "开发区"]
)
_NO_NAME = re.compile(
    r"哪|各|全|本|我|级|乡镇|镇街|社区|园区|地区|辖区|城区|几个|多少|设区|其他|有些|部分|试点|示范|贫困|直辖|开发区|高新区|新区|自贸|^[省市县区乡镇州]+$"
)


class PlaceNames:
    """The places of a corpus by their full and short names; built once, so that a question costs no walk over them."""

    def __init__(self, regions: Iterable[Region], departments: Iterable[str | None] = ()) -> None:
        self._departments = sorted({name for name in departments if name}, key=len, reverse=True)
        # A name may be borne by several places: 鼓楼区 of two cities.
        self._chains: dict[str, set[tuple[str, ...]]] = {}
        for region in regions:
            for depth, name in enumerate(region.chain, start=1):
                self._chains.setdefault(name, set()).add(region.chain[:depth])
        self._full = {bare(name): name for name in self._chains}
        stems = {re.sub(rf"{_KIND}$", "", plain): name for plain, name in self._full.items()}
        self._short = {
            stem: name
            for stem, name in stems.items()
            if len(stem) >= 2 and stem not in self._full and stem not in _COMMON_WORDS
        }
        self._longest = max(map(len, self._full), default=0)

    def named(self, plain: str) -> tuple[tuple[str, ...], str | None]:
        """The corpus's places that a normalised question names, the lowest of each chain; else one unknown to it.

        A place that others share its name with is given as far down as the question tells it: 南京市/鼓楼区.
        """
        spans = self._spans(plain)
        kept = [n for n in spans if not any(_inside(spans[n], spans[other]) for other in spans if other != n)]
        rest = plain
        for name in kept:
            start, end = spans[name]
            rest = rest[:start] + "，" * (end - start) + rest[end:]
        missing = _missing(rest, self._chains)
        if missing:
            # 武威市凉州区 is not 武威市; 兰州市 beside 武威市 is not answered by 武威市 alone.
            return (), missing
        above = {upper for name in kept for upper in kept if upper != name and self._is_above(upper, name)}
        ordered = sorted((name for name in kept if name not in above), key=lambda name: spans[name])
        return tuple(self._told_apart(name, kept) for name in ordered), None

    def department(self, plain: str, places: Iterable[str]) -> str | None:
        """The department of one of these places that a normalised question names: 某市交通运输局."""
        named = [bare(re.split(r"[/／]", place)[-1]) for place in places]
        for one in self._departments:
            for place in named:
                # 某市和某市司法局 asks of both.
                if f"{place}{bare(one)}" in plain and place not in plain.replace(f"{place}{bare(one)}", ""):
                    return one
        return None

    def _is_above(self, upper: str, name: str) -> bool:
        return any(upper in chain[:-1] for chain in self._chains[name])

    def _told_apart(self, name: str, kept: list[str]) -> str:
        """The name, behind those named places above it where other places bear it too."""
        if len(self._chains[name]) == 1:
            return name
        return "/".join([*(upper for upper in kept if upper != name and self._is_above(upper, name)), name])

    def _spans(self, plain: str) -> dict[str, tuple[int, int]]:
        """Where each known name stands first; a short name only where a place can stand."""
        spans: dict[str, tuple[int, int]] = {}
        for start in range(len(plain)):
            for end in range(start + 2, min(len(plain), start + self._longest) + 1):
                words = plain[start:end]
                name = self._full.get(words)
                if name is not None and words in _GENERIC and not _follows_place(start, spans):
                    name = None
                if name is None and words in self._short and _stands_alone(plain, start, end):
                    name = self._short[words]
                if name is not None:
                    spans.setdefault(name, (start, end))
        return spans


def _follows_place(start: int, spans: dict[str, tuple[int, int]]) -> bool:
    """Whether another place's name ends where this one begins."""
    return any(end == start for _, end in spans.values())


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
        after = plain[mention.end :]
        if mention.name.endswith("乡") and after[:1] in ("村", "镇", "风", "土"):
            continue
        dated = re.match(r"\s*20\d\d", after)
        if (kinds.search(mention.name) or dated) and not _NO_NAME.search(mention.name) and len(mention.name) > 2:
            return mention.name
        if dated and len(mention.name) == 2:
            return mention.name
    unknown = _UNKNOWN_AT_HEAD.search(plain)
    return unknown.group() if unknown and not _NO_NAME.search(unknown.group()) and unknown.group() not in held else None
