"""Which place a report is about: the names it calls itself by, made one chain by the gazetteer and by context.

What the evidence does not decide stays unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from indexer.gazetteer import Mention, gazetteer
from retrieval.text import simplify
from retrieval.types import Level, Region

FIELDS: tuple[Level, ...] = ("province", "prefecture", "county", "township")
# Names in a text that no gazetteer knows, by their ending.
_STEM = "[^省市县区州盟旗镇乡，。、\\s]"
_UNKNOWN = re.compile(
    rf"(?:(?P<province>{_STEM}{{2,4}}(?:省|自治区|特别行政区))?(?P<prefecture>{_STEM}{{2,8}}(?:市(?!场)|州|盟|地区))?"
    rf"(?P<county>{_STEM}{{2,8}}(?:县|区|旗|市(?!场)))?(?P<township>{_STEM}{{2,6}}(?:镇|乡|街道|苏木))?)"
)
_SELF = re.compile(
    r"(?:^|[，。、；：,;:\s“])(?P<name>[\u4e00-\u9fff]{2,5}?(?:街道|镇|乡|县|区|市|州|旗|省))"
    r"(?=坚持|始终|认真|深入|全面|以|在|按照|积极|高度|党委|人民政府|政府|严格|结合|围绕|将|共|不断|切实|扎实|紧紧|虽然|持续|着力|成立|制定)"
)
_NOT_A_NAME = re.compile(r"^[全我本各该此两在对由为县市区省乡镇街]|各|全[市县区镇乡]|[本我]")
# A place's name right before the first name that the gazetteer knows: then that one lies in no place known to it.
_UNKNOWN_ABOVE = re.compile(r"[\u4e00-\u9fff]{2,}(?:省|自治区|市|州|盟|地区|县|旗|区)$")
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
    mentions = _consistent(gazetteer().mentions(text))
    unknown = _unknown(text)
    if not mentions or _UNKNOWN_ABOVE.search(text[: mentions[0].start]):
        return Place(unknown, f"{where}（地名词典未收录）") if unknown.chain else None
    candidates, backed = _candidates(mentions)
    chosen, reason = (candidates[0], "") if backed and len(candidates) == 1 else _decide(candidates, evidence)
    if chosen is None:
        alone = _own_level(candidates, mentions[-1].name)
        return Place(alone, f"{where}（同名地方多，未定）", tuple(candidates))
    place = Place(chosen, f"{where}、地名词典{reason}")
    township = unknown.township
    if township and chosen.township is None and text.find(township) >= mentions[-1].end:
        return Place(replace(chosen, township=township), place.where + "（乡镇名未收录）")
    return place


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


def _consistent(mentions: list[Mention]) -> list[Mention]:
    """Short names of provinces count only at the head of a chain (`云南楚雄州`), not inside other words."""
    kept = [m for m in mentions if len(m.name) > 2 or m is mentions[0]]
    return [m for m in kept if m.start == 0 or len(m.name) > 2] or kept


def _candidates(mentions: list[Mention]) -> tuple[list[Region], bool]:
    """Places of the lowest name mentioned that lie within most of the other names, and whether they lie in any."""
    best: list[Region] = []
    best_key = (-1, -1)
    for mention in mentions:
        others = [m for m in mentions if m is not mention]
        for region in mention.regions:
            score = sum(1 for m in others if any(_within(region, r) for r in m.regions))
            key = (score, _depth(region))
            if key > best_key:
                best, best_key = [region], key
            elif key == best_key and region not in best:
                best.append(region)
    return best, best_key[0] > 0


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


def _own_level(candidates: list[Region], name: str) -> Region:
    """The name itself at its level, and above it what all candidates share.

    Lists of townships have gaps, so a township's candidates prove nothing about what is above it.
    """
    level = level_of(candidates[0]) or "county"
    shared: dict[str, str | None] = {level: getattr(candidates[0], level) or name}
    if level != "township":
        for field in FIELDS[: FIELDS.index(level)]:
            values = {getattr(candidate, field) for candidate in candidates}
            shared[field] = values.pop() if len(values) == 1 else None
    return Region(**shared)


def _unknown(text: str) -> Region:
    """Names by their endings, as a text itself states them; a second 市 is of county level."""
    head = re.split(r"关于|\d{4}|人民政府|[〇○零]|[局厅委办]", text)[0].strip()
    head = re.sub(r"^中共|\s", "", head)
    match = _UNKNOWN.fullmatch(head) or _UNKNOWN.match(head)
    if not match:
        return Region()
    names = match.groupdict()
    if (
        names["province"] is None
        and names["prefecture"]
        and not names["prefecture"].endswith(("市", "州", "盟", "地区"))
    ):
        names["prefecture"] = None
    return Region(names["province"], names["prefecture"], names["county"], names["township"])
