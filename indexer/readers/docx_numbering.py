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
    form: str
    words: str
    start: int


@dataclass(slots=True)
class Numbering:
    """Counts through a document's lists; `number` must be asked for every paragraph, in order."""

    lists: dict[str, tuple[str, dict[int, _Level]]]
    styles: dict[str, tuple[str, int]]
    counts: dict[str, dict[int, int]] = field(default_factory=dict)

    def number(self, paragraph: Any) -> str:
        """What stands before a `w:p` element, empty for none and for bullets."""
        own = _properties(paragraph.find(f"{_W}pPr"))
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        inherited = self.styles.get(style.get(f"{_W}val"), ("", 0)) if style is not None else ("", 0)
        number, level = own or inherited
        kind, levels = self.lists.get(number, ("", {}))
        if level not in levels:
            return ""
        counts = self.counts.setdefault(kind, {})
        counts[level] = counts.get(level, levels[level].start - 1) + 1
        for lower in [other for other in counts if other > level]:
            del counts[lower]
        if levels[level].form in ("bullet", "none"):
            return ""

        def shown(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            own_level = levels.get(at, levels[level])
            return _written(counts.get(at, own_level.start), own_level.form)

        return _PLACE.sub(shown, levels[level].words)


def numbering(document: Any) -> Numbering:
    """The lists that a python-docx document defines, with those that its styles carry."""
    part = next((r.target_part for r in document.part.rels.values() if r.reltype.endswith("/numbering")), None)
    if part is None:
        return Numbering({}, {})
    root = part.element
    kinds = {
        abstract.get(f"{_W}abstractNumId"): {
            int(level.get(f"{_W}ilvl")): _level(level) for level in abstract.findall(f"{_W}lvl")
        }
        for abstract in root.findall(f"{_W}abstractNum")
    }
    lists = {}
    for one in root.findall(f"{_W}num"):
        kind = _value(one, "abstractNumId", "")
        lists[one.get(f"{_W}numId")] = (kind, kinds.get(kind, {}))
    styles = {}
    for style in document.styles.element.findall(f"{_W}style"):
        if found := _properties(style.find(f"{_W}pPr")):
            styles[style.get(f"{_W}styleId")] = found
    return Numbering(lists, styles)


def _properties(properties: Any) -> tuple[str, int] | None:
    """(list, level) of a paragraph's or a style's own properties; ("0", 0) takes an inherited number away."""
    found = properties.find(f"{_W}numPr") if properties is not None else None
    if found is None:
        return None
    return _value(found, "numId", ""), int(_value(found, "ilvl", "0"))


def _level(level: Any) -> _Level:
    start = _value(level, "start", "1")
    return _Level(
        _value(level, "numFmt", "decimal"), _value(level, "lvlText", ""), int(start) if start.isdigit() else 1
    )


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
