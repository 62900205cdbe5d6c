"""What a search is restricted to, and what it was taken to mean, as chips that can each be taken away. No Flask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from retrieval.types import Filters
from webapp.question import NAMED


@dataclass(frozen=True, slots=True)
class Chip:
    """`name` is the filter; `changes` are the address's parameters without it; `asked` when the question named it."""

    name: str
    value: str
    changes: dict[str, str | None]
    asked: bool


def chips(arguments: Mapping[str, str], filters: Filters, named: tuple[str, ...], measure: str | None) -> list[Chip]:
    """One for each filter given in the address, each that the question's words named, and the measure it means."""
    values = {
        "region": filters.region,
        "year": _years(filters),
        "level": filters.level,
        "role": filters.role,
        "department": filters.department,
        "report": filters.report_id,
        "measure": filters.measure,
    }
    found = [
        Chip(name, value, {name: None}, asked=False) for name, value in values.items() if value and name not in named
    ]
    found += [Chip(name, value, _ignoring(arguments, name), asked=True) for name in named if (value := values[name])]
    if measure:
        found.append(Chip("means", measure, _ignoring(arguments, "measure"), asked=True))
    return found


def _years(filters: Filters) -> str:
    first, last = filters.year_from, filters.year_to
    if first == last:
        return str(first or "")
    return f"{first or ''}–{last or ''}"


def _ignoring(arguments: Mapping[str, str], name: str) -> dict[str, str | None]:
    before = [part for part in arguments.get("ignore", "").split(",") if part in NAMED]
    return {"ignore": ",".join(dict.fromkeys([*before, name]))}
