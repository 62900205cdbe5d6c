"""What a search is restricted to: read from words, and held against reports."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache

from retrieval.errors import QueryError
from retrieval.text import bare
from retrieval.types import LEVELS, ROLES, Filters, Region, ReportSummary

# Names of places stand in many reports.
bare_name = lru_cache(1 << 16)(bare)
# What a place's name ends in.
_KIND = r"(?:[\u4e00-\u9fff]{0,12}自治[区州县旗]|特别行政区|省|市|县|区|地区|盟|州|旗|镇|乡|街道)"


def parse_filters(values: dict[str, str | None]) -> Filters:
    """Filters from the words of a command line or URL: region, year (2021 or 2019-2023), level, role, department.

    Raises QueryError naming the value and what is possible.
    """
    year = (values.get("year") or "").strip()
    match = re.fullmatch(r"(\d{4})?\s*(?:([-–~至])\s*(\d{4})?)?", year)
    if year and (not match or not (match.group(1) or match.group(3))):
        raise QueryError(f"年份 {year} 看不懂；写成 2022 或 2019-2023", f"bad year {year}; write 2022 or 2019-2023")
    first = match.group(1) if match else None
    last = (match.group(3) if match.group(2) else first) if match else None
    level, role = values.get("level") or None, values.get("role") or None
    if level and level not in LEVELS:
        raise QueryError(f"级别 {level} 不存在；可用 {'、'.join(LEVELS)}", f"no level {level}; use {', '.join(LEVELS)}")
    if role and role not in ROLES:
        raise QueryError(f"类别 {role} 不存在；可用 {'、'.join(ROLES)}", f"no role {role}; use {', '.join(ROLES)}")
    return Filters(
        region=(values.get("region") or "").strip() or None,
        year_from=int(first) if first else None,
        year_to=int(last) if last else None,
        level=level,
        role=role,
        measure=(values.get("measure") or "").strip() or None,
        department=(values.get("department") or "").strip() or None,
        report_id=(values.get("report") or "").strip() or None,
    )


def admitting(filters: Filters) -> Callable[[ReportSummary], bool]:
    """What says of a report whether it passes the filters that concern whole reports. An unknown year passes no year
    filter. A place or department that reports share is held against the filters once."""
    wanted = bare(filters.department or "")
    in_department = cache(lambda department: wanted in bare(department or ""))

    def passes(summary: ReportSummary) -> bool:
        metadata = summary.metadata
        year = metadata.year
        return (
            (filters.year_from is None or (year is not None and year >= filters.year_from))
            and (filters.year_to is None or (year is not None and year <= filters.year_to))
            and (not filters.level or metadata.level == filters.level)
            and (not filters.report_id or summary.id == filters.report_id)
            and (not wanted or in_department(metadata.department))
            and (filters.region is None or _in_places(filters.region, filters.own_reports_only, metadata.region))
        )

    return passes


# An answer asks it of every report's place three times.
@lru_cache(1 << 16)
def _in_places(wanted: str, own_only: bool, region: Region) -> bool:
    """Whether a place is one of those wanted, or lies in one where that is enough."""
    places = [place for place in re.split("[、,，]", wanted) if place.strip()]
    if own_only:
        return any(
            in_region(region, place) and is_name_of(_names(place)[-1], bare_name(region.name)) for place in places
        )
    return any(in_region(region, place) for place in places)


def in_region(region: Region, wanted: str) -> bool:
    """Whether a place is, or lies in, the place wanted: a name of any level, a chain such as 云南省/武定县, or a code."""
    if wanted.isdigit():
        return (region.code or "").startswith(wanted.removesuffix("00").removesuffix("00"))
    parts = _names(wanted)
    names = [bare_name(name) for name in region.chain]
    return bool(parts) and all(any(is_name_of(part, name) for name in names) for part in parts)


@lru_cache(1 << 10)
def _names(wanted: str) -> tuple[str, ...]:
    """The names of a chain as people write it, in bare form."""
    return tuple(bare(part) for part in re.split(r"[/／\s>›]+", wanted) if part)


def is_name_of(part: str, name: str) -> bool:
    """Whether `part` (in bare form) is a place's name, whole, without its kind, or short as in 楚雄州 for 楚雄彝族自治州."""
    if part == name:
        return True
    # What every other form of a name begins with.
    if not name.startswith(part[:-1]):
        return False
    if re.fullmatch(re.escape(part) + _KIND, name):
        return len(part) >= 2
    short = re.fullmatch(r"(.{2,})([州县旗])", part)
    return bool(
        short and re.fullmatch(rf"{re.escape(short.group(1))}[\u4e00-\u9fff]{{1,12}}自治{short.group(2)}", name)
    )
