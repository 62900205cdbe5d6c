"""Pictures of a measure's spread as SVG with accessible text, and as PNG; the only importer of resvg. No Flask.

Colours are attributes and every mark has a title, so a picture needs no style sheet and no script. PNG needs a font
with Chinese characters on the machine; SVG takes the reader's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

import resvg_py

from webapp.spread import Place, Point, Spread

# Rows of the timeline; the table under it has them all.
MOST_ROWS = 40
_FONT = "Noto Sans CJK SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
_INK, _SOFT, _LINE, _DONE, _PLANNED, _PAPER = "#20242a", "#59616b", "#d9d5cc", "#1f6b45", "#8a5a00", "#ffffff"
_WIDTH, _LEFT, _RIGHT, _TOP = 760, 150, 110, 56
_ROW = 22
_WORDS = {
    "zh": {
        "curve": "累计：已做的地方数",
        "timeline": "首次出现的年份",
        "done": "已做",
        "planned": "只有计划",
        "reporting": "有报告",
        "gap": "没有报告",
        "held": "有报告，未检出",
        "more": "另有 {n} 个地方见下表",
    },
    "en": {
        "curve": "Cumulative: places that have done it",
        "timeline": "First reports by year",
        "done": "done",
        "planned": "only planned",
        "reporting": "with a report",
        "gap": "no report",
        "held": "a report, not detected",
        "more": "{n} more places in the table",
    },
}


def curve(found: Spread, points: Sequence[Point], lang: str) -> str:
    """Places that have done a measure by the end of each year, that had only planned it, and that had a report."""
    words, height = _WORDS[lang], 320
    last = points[-1] if points else Point(0, 0, 0, 0)
    told = "；".join(f"{p.year}: {words['done']} {p.done}, {words['planned']} {p.planned}, {words['reporting']} {p.reporting}"
                    for p in points)  # fmt: skip
    root = _picture(f"{found.survey.text} · {words['curve']}", told, height)
    most = max([point.reporting for point in points] + [1])
    floor, room = height - 40, height - 40 - _TOP
    xs = _columns([point.year for point in points])

    def y(count: int) -> float:
        return floor - room * count / most

    for count in sorted({0, most // 2, most}):
        _line(root, _LEFT, y(count), _WIDTH - _RIGHT, y(count), _LINE)
        _text(root, _LEFT - 8, y(count) + 4, str(count), "end", _SOFT)
    for point in points:
        _text(root, xs[point.year], floor + 20, str(point.year), "middle", _SOFT)
    ends: list[float] = []
    for name, colour, dashes in (("reporting", _SOFT, "4 4"), ("done", _DONE, ""), ("planned", _PLANNED, "2 3")):
        values = [getattr(point, name) for point in points]
        path = " ".join(
            f"{'M' if number == 0 else 'L'}{xs[point.year]:.1f},{y(value):.1f}"
            for number, (point, value) in enumerate(zip(points, values, strict=True))
        )
        SubElement(root, "path", {"d": path, "fill": "none", "stroke": colour, "stroke-width": "2.5"}
                   | ({"stroke-dasharray": dashes} if dashes else {}))  # fmt: skip
        for point, value in zip(points, values, strict=True):
            mark = SubElement(root, "circle", _dot(xs[point.year], y(value), 3.5, colour, filled=True))
            SubElement(mark, "title").text = f"{point.year} {words[name]} {value}"
        if points:
            # Labels at the lines' ends, kept from lying on each other.
            at = y(getattr(last, name)) + 4
            while any(abs(at - other) < 16 for other in ends):
                at -= 4
            ends.append(at)
            _text(root, _WIDTH - _RIGHT + 10, at, f"{words[name]} {getattr(last, name)}", "start", colour)
    return _written(root)


def timeline(found: Spread, lang: str) -> str:
    """A row for each place, earliest first: reports held, gaps, the first plan and the first deed."""
    words, rows = _WORDS[lang], found.places[:MOST_ROWS]
    height = _TOP + _ROW * len(rows) + 60
    told = "；".join(_told(place, words) for place in rows)
    root = _picture(f"{found.survey.text} · {words['timeline']}", told, height)
    xs = _columns(found.years)
    for year in found.years:
        _text(root, xs[year], _TOP - 6, str(year), "middle", _SOFT)
    for number, place in enumerate(rows):
        y = _TOP + _ROW * (number + 0.7)
        _text(root, _LEFT - 12, y + 4, place.chain[-1][:11], "end", _INK)
        _line(root, _LEFT, y, _WIDTH - _RIGHT, y, _LINE)
        for year in found.years:
            _year_mark(root, place, year, xs[year], y, words)
    y = height - 22
    for number, (name, colour, filled) in enumerate(
        (("done", _DONE, True), ("planned", _PLANNED, False), ("held", _SOFT, True), ("gap", "", False))
    ):
        x = _LEFT + (0, 100, 220, 400)[number]
        _cross(root, x, y) if name == "gap" else SubElement(
            root, "circle", _dot(x, y, 3 if name == "held" else 6, colour, filled=filled)
        )
        _text(root, x + 12, y + 4, words[name], "start", _SOFT)
    if len(found.places) > len(rows):
        _text(root, _LEFT, height - 4, words["more"].format(n=len(found.places) - len(rows)), "start", _SOFT)
    return _written(root)


def png(svg: str) -> bytes:
    """A picture's pixels, twice its size."""
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=2))


def _told(place: Place, words: dict[str, str]) -> str:
    parts = [f"{words['done']} {place.first_done}" if place.first_done else "",
             f"{words['planned']} {place.first_planned}" if place.first_planned else ""]  # fmt: skip
    return f"{place.chain[-1]}: {', '.join(part for part in parts if part) or words['held']}"


def _year_mark(root: Element, place: Place, year: int, x: float, y: float, words: dict[str, str]) -> None:
    if year == place.first_done:
        mark, name = SubElement(root, "circle", _dot(x, y, 6, _DONE, filled=True)), "done"
    elif year == place.first_planned:
        mark, name = SubElement(root, "circle", _dot(x, y, 6, _PLANNED, filled=False)), "planned"
    elif year in place.held:
        mark, name = SubElement(root, "circle", _dot(x, y, 2, _SOFT, filled=True)), "reporting"
    else:
        mark, name = _cross(root, x, y), "gap"
    SubElement(mark, "title").text = f"{place.chain[-1]} {year}: {words[name]}"


def _columns(years: Sequence[int]) -> dict[int, float]:
    step = (_WIDTH - _LEFT - _RIGHT - 24) / max(1, len(years) - 1)
    return {year: _LEFT + 12 + step * number for number, year in enumerate(years)}


def _picture(title: str, told: str, height: int) -> Element:
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {_WIDTH} {height}", "width": str(_WIDTH),
                           "height": str(height), "role": "img", "font-family": _FONT, "font-size": "13"})  # fmt: skip
    SubElement(root, "title").text = title
    SubElement(root, "desc").text = told
    SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": _PAPER})
    _text(root, 16, 24, title, "start", _INK)
    return root


def _text(root: Element, x: float, y: float, words: str, anchor: str, colour: str) -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "fill": colour}
    SubElement(root, "text", place).text = words


def _line(root: Element, x1: float, y1: float, x2: float, y2: float, colour: str) -> None:
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    SubElement(root, "line", {name: f"{value:.1f}" for name, value in ends.items()} | {"stroke": colour})


def _cross(root: Element, x: float, y: float) -> Element:
    path = f"M{x - 4:.1f},{y - 4:.1f} l8,8 m0,-8 l-8,8"
    return SubElement(root, "path", {"d": path, "stroke": "#9c2b22", "stroke-width": "1.2", "fill": "none"})


def _dot(x: float, y: float, radius: float, colour: str, *, filled: bool) -> dict[str, str]:
    fill = colour if filled else _PAPER
    return {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius}", "fill": fill, "stroke": colour, "stroke-width": "2"}


def _written(root: Element) -> str:
    return tostring(root, encoding="unicode")
