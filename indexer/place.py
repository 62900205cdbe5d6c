"""Which place a report is about: the names it calls itself by, made one chain by the gazetteer and by context.

What the evidence does not decide stays unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from retrieval.gazetteer import Mention, gazetteer
from retrieval.text import simplify
from retrieval.types import Level, Region

FIELDS: tuple[Level, ...] = ("province", "prefecture", "county", "township")
# Names in a text that no gazetteer knows, by their ending.
_STEM = "[^省市县区州盟旗镇乡，。、\\s]"
_LOWER = rf"(?P<county>{_STEM}{{2,8}}(?:县|区|旗|市(?!场)))?(?P<township>{_STEM}{{2,6}}(?:镇|(?<!城)乡|街道|苏木))?"
_UNKNOWN = re.compile(
    rf"(?P<province>{_STEM}{{2,4}}(?:省|自治区|特别行政区))?(?P<prefecture>{_STEM}{{2,8}}(?:市(?!场)|州|盟|地区))?{_LOWER}"
)
_BELOW = re.compile(_LOWER)
_GENERIC = re.compile(
    r"^(?:自治区|市辖区|县市区|市区|城区|辖区|全区|本区|开发区|新区|园区|国家级.*|人民.*|.*行政公署.*)$"
)
# What may stand between a text's start, or one place's name, and the next.
_BETWEEN = re.compile(
    r"(?:\s|中共|国家税务总局|中国共产党|关于|印发|转发|报送|公布|公开|的|通知|[《“（(、和]|20\d\d年?度?|二[〇○零oO].{2}年?度?|委员会|委|人民政府|政府)*"
)
_SELF = re.compile(
    r"(?:^|[，。、；：,;:\s“])(?P<name>[\u4e00-\u9fff]{2,5}?(?:街道|镇|乡|县|区|市|州|旗|省))"
    r"(?=坚持|始终|认真|深入|全面|以|在|按照|积极|高度|党委|人民政府|政府|严格|结合|围绕|将|共|不断|切实|扎实|紧紧|虽然|持续|着力|成立|制定)"
)
_NOT_A_NAME = re.compile(r"^[全我本各该此两在对由为县市区省乡镇街]|各|全[市县区镇乡]|[本我]")
_ZONE = re.compile(r"[\u4e00-\u9fff]{2,10}?(?:开发区|高新区|经开区|新区|风景名胜区|园区|示范区|保税区)")
_INDEX_CODE = re.compile(r"^1[12](\d{6})")


@dataclass(frozen=True, slots=True)
class Place:
    """A region, where its names were found, and the other places it could be when the evidence does not decide."""

    region: Region
    where: str
    candidates: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What may tell which of several places of one name is meant, all in Simplified characters."""

    index_number: str | None
    surroundings: str
    body: str


def resolve(names: str, where: str, evidence: Evidence) -> Place | None:
    """The place that `names` (a title, a signature) says, or None when it names none.

    Raises nothing: an ambiguous name keeps its own level, and its candidates are listed.
    """
    text = simplify(names)
    candidates, end, backed = _read_chain(text)
    if not candidates:
        zone = _zone(text)
        if zone:
            return Place(zone, f"{where}、地名词典（开发区按所在城市）")
        unknown = _unknown(text)
        return Place(unknown, f"{where}（地名词典未收录）") if unknown.chain else None
    below = _below(text[end:])
    chosen, reason = (candidates[0], "") if backed and len(candidates) == 1 else _decide(candidates, evidence)
    if chosen is None:
        alone = _own_level(candidates)
        return Place(_with(alone, below), f"{where}（同名地方多，未定）", tuple(candidates))
    place = Place(_with(chosen, below), f"{where}、地名词典{reason}")
    return replace(place, where=place.where + "（下级地名未收录）") if below.chain else place


def self_name(body: str) -> str | None:
    """The place that a text without a title calls itself by: said at least twice at the head of a clause."""
    counts = Counter(
        match.group("name") for match in _SELF.finditer(simplify(body)) if not _NOT_A_NAME.search(match.group("name"))
    )
    best = counts.most_common(1)
    return best[0][0] if best and best[0][1] >= 2 else None


def level_of(region: Region) -> Level | None:
    """The lowest known level."""
    depth = _depth(region)
    return FIELDS[depth] if depth >= 0 else None


def _read_chain(text: str) -> tuple[list[Region], int, bool]:
    """The places that the names at the head of a text can mean, read from left to right, each within the one before.

    Also where the names that are understood end, and whether one name backs another.
    """
    current: list[Region] = []
    end, backed = 0, False
    mentions = gazetteer().mentions(text)
    for number, mention in enumerate(mentions):
        if not _BETWEEN.fullmatch(text[end : mention.start]):
            break
        if len(mention.name) == 2 and not _heads_chain(text, mention, mentions[number + 1 :]):
            break
        inside = [r for r in mention.regions if any(_within(r, above) for above in current)]
        if current and not inside:
            break
        backed = backed or (bool(current) and inside != current)
        current, end = inside or list(mention.regions), mention.end
    return current, end, backed


def _heads_chain(text: str, mention: Mention, later: list[Mention]) -> bool:
    """Short names of provinces count only right before another place's name (`云南楚雄州`), not inside other words."""
    follows = bool(later) and later[0].start == mention.end
    return follows or bool(re.match(r"[\u4e00-\u9fff]{2,4}(?:新区|市|县|区|州|盟)|生产建设兵团|$", text[mention.end :]))


def _below(rest: str) -> Region:
    """Names of lower levels that follow the known ones and that no gazetteer has."""
    rest = re.split(r"关于|\d{4}|人民政府|[局厅委办]|管理|党", rest)[0].strip()
    zone = re.match(
        r"[\u4e00-\u9fff]{0,8}(?:经济技术|高新技术产业|高新|经济|工业)?(?:开发区|新区|风景名胜区|园区)$", rest
    )
    if zone:
        return Region(county=zone.group())
    match = _BELOW.match(rest)
    names = match.groupdict() if match else {}
    county = names.get("county")
    return Region(county=None if county and _GENERIC.match(county) else county, township=names.get("township"))


def _with(region: Region, below: Region) -> Region:
    """The region with unknown lower levels added where it has none; its code stays that of the level it names."""
    if not below.chain:
        return region
    county = region.county or below.county
    if region.township or (region.county and below.county):
        return region
    return replace(region, county=county, township=below.township)


def _depth(region: Region) -> int:
    """The number of the lowest known level, whatever is known above it."""
    return max((n for n, name in enumerate(FIELDS) if getattr(region, name)), default=-1)


def _within(region: Region, other: Region) -> bool:
    """Whether `other` is `region` or one of the places above it."""
    return all(getattr(other, f) is None or getattr(other, f) == getattr(region, f) for f in FIELDS)


def _decide(candidates: list[Region], evidence: Evidence) -> tuple[Region | None, str]:
    if len(candidates) == 1 and (not candidates[0].township or _is_backed(candidates[0], evidence)):
        return candidates[0], ""
    code = _INDEX_CODE.match(evidence.index_number or "")
    if code:
        for digits, name in ((6, "县"), (4, "市州"), (2, "省")):
            left = [r for r in candidates if (r.code or "")[:digits] == code.group(1)[:digits]]
            if len(left) == 1:
                return left[0], f"、索引号前 {digits} 位（{name}代码）"
    for text, name in ((evidence.surroundings, "网页上下文"), (evidence.body, "正文提到的上级")):
        left = [r for r in candidates if _names_above(r, text)]
        if len(left) == 1:
            return left[0], f"、{name}"
    return None, ""


def _is_backed(region: Region, evidence: Evidence) -> bool:
    """A township's name alone is no proof even when only one is listed: lists of townships have gaps."""
    code = _INDEX_CODE.match(evidence.index_number or "")
    if code and (region.code or "")[:4] == code.group(1)[:4]:
        return True
    return _names_above(region, evidence.surroundings) or _names_above(region, evidence.body)


def _names_above(region: Region, text: str) -> bool:
    """Whether a text names one of the places above the region's own level."""
    above = region.chain[:-1]
    stems = [re.sub(r"(省|市|县|区|自治州|自治区|自治县)$", "", name) for name in above]
    return any(name in text for name in above) or any(len(s) >= 2 and s in text for s in stems[:2])


def _own_level(candidates: list[Region]) -> Region:
    """The name itself at its level, and above it what all candidates share.

    Lists of townships have gaps, so a township's candidates prove nothing about what is above it.
    """
    level = level_of(candidates[0]) or "county"
    shared: dict[str, str | None] = {level: getattr(candidates[0], level)}
    if level != "township":
        for field in FIELDS[: FIELDS.index(level)]:
            values = {getattr(candidate, field) for candidate in candidates}
            shared[field] = values.pop() if len(values) == 1 else None
    return Region(**shared)


def _zone(text: str) -> Region | None:
    """A development zone that is named after the only city of that name."""
    match = _ZONE.match(text)
    for size in range(2, 5):
        cities = gazetteer().by_name.get(text[:size] + "市", []) if match else []
        if match and len(cities) == 1:
            return replace(cities[0], county=match.group(), township=None)
    return None


def _unknown(text: str) -> Region:
    """Names by their endings, as a text itself states them; a second 市 is of county level."""
    head = re.split(r"关于|\d{4}|人民政府|[〇○零]|[局厅委办]", text)[0]
    head = re.sub(r"^(?:中共|关于|印发)+|\s", "", head)
    match = _UNKNOWN.match(head)
    if not match:
        return Region()
    names = {k: None if v and (_GENERIC.match(v) or v.startswith("自治")) else v for k, v in match.groupdict().items()}
    if names["prefecture"] and not names["prefecture"].endswith(("市", "州", "盟", "地区")):
        names["prefecture"] = None
    return Region(names["province"], names["prefecture"], names["county"], names["township"])
