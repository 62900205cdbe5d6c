"""The numbers that Word puts before paragraphs by itself: they are what its reader sees, and stand nowhere in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DIGITS = "〇一二三四五六七八九"
_CHINESE = {
    "chineseCounting", "chineseCountingThousand", "ideographDigital", "japaneseCounting", "japaneseDigitalTenThousand",
    "taiwaneseCounting", "taiwaneseCountingThousand", "chineseLegalSimplified",
}  # fmt: skip
_PLACE = re.compile(r"%(\d)")


@dataclass(frozen=True, slots=True)
class _Level:
    """`gap` is what stands between number and text."""

    form: str
    words: str
    start: int
    gap: str


@dataclass(frozen=True, slots=True)
class _List:
    """A `w:num`: lists of one `kind` count on together, but for the `restarts` that one of them brings, by level."""

    kind: str
    levels: dict[int, _Level]
    restarts: dict[int, int]


@dataclass(slots=True)
class Numbering:
    """Counts through a document's lists; `number` must be asked for every paragraph, in order."""

    lists: dict[str, _List]
    styles: dict[str, tuple[str, int]]
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    begun: set[tuple[str, int]] = field(default_factory=set)

    def number(self, paragraph: Any) -> str:
        """What stands before a `w:p` element, empty for none and for bullets."""
        own = _properties(paragraph.find(f"{_W}pPr"))
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        inherited = self.styles.get(style.get(f"{_W}val"), ("", 0)) if style is not None else ("", 0)
        number, level = (own[0] or inherited[0], own[1]) if own else inherited
        used = self.lists.get(number)
        if used is None or level not in used.levels:
            return ""
        levels, counts = used.levels, self.counts.setdefault(used.kind, {})
        if level in used.restarts and (number, level) not in self.begun:
            counts[level] = used.restarts[level] - 1
        self.begun.add((number, level))
        counts[level] = counts.get(level, levels[level].start - 1) + 1
        for lower in [other for other in counts if other > level]:
            del counts[lower]
        if levels[level].form in ("bullet", "none"):
            return ""

        def shown(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            own_level = levels.get(at, levels[level])
            return _written(counts.get(at, own_level.start), own_level.form)

        words = _PLACE.sub(shown, levels[level].words)
        # A figure or a point must not run into the figures of the text.
        return words + (levels[level].gap if words[-1:].isascii() else "")


def numbering(document: Any) -> Numbering:
    """The lists that a python-docx document defines, with those that its styles carry. Raises ValueError for a damaged part."""
    part = next((r.target_part for r in document.part.rels.values() if (r.reltype or "").endswith("/numbering")), None)
    if part is None:
        return Numbering({}, {})
    root = getattr(part, "element", None)
    if root is None:
        raise ValueError("the numbering of its lists is no XML")
    kinds = {one.get(f"{_W}abstractNumId"): one for one in root.findall(f"{_W}abstractNum")}
    linked = {_value(one, "styleLink", ""): one for one in kinds.values()}
    lists = {one.get(f"{_W}numId"): _list(one, kinds, linked) for one in root.findall(f"{_W}num")}
    return Numbering(lists, _styles(document.styles.element))


def _list(one: Any, kinds: dict[str, Any], linked: dict[str, Any]) -> _List:
    """A `w:num` with the levels of its kind, its own levels in their place, and where it starts anew."""
    kind = kinds.get(_value(one, "abstractNumId", ""))
    if kind is not None and (style := _value(kind, "numStyleLink", "")):
        kind = linked.get(style, kind)
    if kind is None:
        return _List("", {}, {})
    levels = _levels(kind)
    restarts: dict[int, int] = {}
    for override in one.findall(f"{_W}lvlOverride"):
        levels |= _levels(override)
        start = _value(override, "startOverride", "")
        if start.isdecimal():
            restarts[_number(override.get(f"{_W}ilvl"))] = int(start)
    return _List(kind.get(f"{_W}abstractNumId"), levels, restarts)


def _levels(element: Any) -> dict[int, _Level]:
    return {_number(level.get(f"{_W}ilvl")): _level(level) for level in element.findall(f"{_W}lvl")}


def _styles(root: Any) -> dict[str, tuple[str, int]]:
    """(list, level) of every style, its own or that of the style it is based on."""
    own = {style.get(f"{_W}styleId"): _properties(style.find(f"{_W}pPr")) for style in root.findall(f"{_W}style")}
    based = {style.get(f"{_W}styleId"): _value(style, "basedOn", "") for style in root.findall(f"{_W}style")}
    found = {}
    for name in own:
        above, seen = name, set[str]()
        while above in own and own[above] is None and above not in seen:
            seen.add(above)
            above = based[above]
        if known := own.get(above):
            found[name] = known
    return found


def _properties(properties: Any) -> tuple[str, int] | None:
    """(list, level) of a paragraph's or a style's own properties; ("0", 0) takes an inherited number away."""
    found = properties.find(f"{_W}numPr") if properties is not None else None
    if found is None:
        return None
    return _value(found, "numId", ""), _number(_value(found, "ilvl", "0"))


def _level(level: Any) -> _Level:
    start = _value(level, "start", "1")
    form, words = _value(level, "numFmt", "decimal"), _value(level, "lvlText", "")
    gap = "" if _value(level, "suff", "tab") == "nothing" else " "
    return _Level(form, words, int(start) if start.isdecimal() else 1, gap)


def _number(level: str | None) -> int:
    """A level's number; the first where the file gives none that can be read."""
    return int(level) if level and level.isdecimal() else 0


def _value(element: Any, name: str, default: str) -> str:
    found = element.find(_W + name)
    return default if found is None else found.get(f"{_W}val") or default


def _written(number: int, form: str) -> str:
    if form in _CHINESE:
        return _han(number)
    if form == "decimalEnclosedCircle" and 1 <= number <= 20:
        return chr(0x2460 + number - 1)
    if form in ("upperLetter", "lowerLetter") and 1 <= number <= 26:
        return chr((65 if form == "upperLetter" else 97) + number - 1)
    return str(number)


def _han(number: int) -> str:
    """As headings count: 九, 十, 十一, 二十, 二十一; larger numbers digit by digit."""
    tens, ones = divmod(number, 10)
    if number >= 100:
        return "".join(_DIGITS[int(digit)] for digit in str(number))
    return ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "") + (_DIGITS[ones] if ones or not tens else "")
