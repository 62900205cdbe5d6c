"""Place names → chains of regions, from jionlp's gazetteer (its only importer)."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass, field
from functools import cache

from retrieval.types import Region

_LONGEST_NAME = 15
_DIRECT = "直辖行政区划"
_PEOPLES = re.compile(r"(?:[\u4e00-\u9fff]{1,8}族)+自治(?P<kind>[州县旗])$|(?:各族)自治(?P<kind2>[县州])$")


@dataclass(frozen=True, slots=True)
class Mention:
    """A place name found in a text, and every place that bears it."""

    name: str
    start: int
    end: int
    regions: tuple[Region, ...]


@dataclass(slots=True)
class Gazetteer:
    """All names down to townships; provinces and autonomous areas also by their short names."""

    by_name: dict[str, list[Region]] = field(default_factory=dict)
    by_code: dict[str, Region] = field(default_factory=dict)

    def add(self, names: set[str], region: Region, code: str | None = None) -> None:
        for name in names:
            self.by_name.setdefault(name, []).append(region)
        if code:
            self.by_code.setdefault(code, region)

    def mentions(self, text: str) -> list[Mention]:
        """Names in `text` (Simplified), the longest at each place, from left to right."""
        found: list[Mention] = []
        at = 0
        while at < len(text):
            for size in range(min(_LONGEST_NAME, len(text) - at), 1, -1):
                regions = self.by_name.get(text[at : at + size])
                if regions:
                    found.append(Mention(text[at : at + size], at, at + size, tuple(regions)))
                    at += size
                    break
            else:
                at += 1
        return found


@cache
def gazetteer() -> Gazetteer:
    """Loaded once; takes about half a second."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        # jionlp greets on import, which must not reach a script's stdout.
        import jionlp

        tree = jionlp.china_location_loader(detail=True)
    book = Gazetteer()
    for province, prefectures in _children(tree):
        code = prefectures["_admin_code"]
        top = Region(province=province, code=code)
        book.add({province, prefectures["_alias"]}, top, code)
        for prefecture, counties in _children(prefectures):
            # Municipalities stand twice in the tree, and counties under the province directly stand in a made-up city.
            city = None if prefecture == province or prefecture.endswith(_DIRECT) else prefecture
            city_code = counties["_admin_code"] if city else code
            if city:
                book.add(_names(city, counties["_alias"]), Region(province, city, code=city_code), city_code)
            for county, towns in _children(counties):
                _add_county(book, Region(province, city, code=city_code), county, towns)
    return book


def _add_county(book: Gazetteer, above: Region, county: str, towns: dict) -> None:  # type: ignore[type-arg]  # jionlp's tree is untyped
    place = above
    if not county.endswith(_DIRECT):
        place = Region(above.province, above.prefecture, county, code=towns["_admin_code"])
        book.add(_names(county, [towns["_alias"]]), place, place.code)
    for town, _ in _children(towns):
        # Zones and farms are listed among townships under names that hundreds of places share.
        if len(town) > 2 and town.endswith(("镇", "乡", "街道", "苏木")):
            book.add({town}, Region(place.province, place.prefecture, place.county, town, place.code))


def _children(node: dict):  # type: ignore[type-arg,no-untyped-def]  # jionlp's tree is untyped
    return [(name, child) for name, child in node.items() if isinstance(child, dict)]


def _names(full: str, aliases: list[str]) -> set[str]:
    """The full name, and for `楚雄彝族自治州` also `楚雄州`."""
    names = {full}
    match = _PEOPLES.search(full)
    if match:
        kind = match.group("kind") or match.group("kind2")
        names.update(alias + kind for alias in aliases if len(alias) >= 2)
        stem = full[: match.start()]
        if len(stem) >= 2:
            names.add(stem + kind)
    return names
