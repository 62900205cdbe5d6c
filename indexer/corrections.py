"""manifest.csv or manifest.json beside the reports: what people know better than the text tells."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from indexer.place import FIELDS
from retrieval.errors import ReadError
from retrieval.types import LEVELS

NAMES = ("manifest.csv", "manifest.json")
COLUMNS = (
    "file", "url", "title", "region", *FIELDS, "code", "level", "department", "issuing_body", "year",
    "publication_date", "index_number", "document_number", "invented", "reference",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Corrections:
    """Values by file path relative to the manifest's folder."""

    by_file: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, relative: str) -> dict[str, str]:
        return self.by_file.get(relative, {})


def load_corrections(folder: Path) -> Corrections:
    """The manifest in a folder, or none. Raises ReadError naming the row and column at fault."""
    for name in NAMES:
        path = folder / name
        if path.is_file():
            return Corrections({row.pop("file"): row for row in map(_checked(path), enumerate(_rows(path), start=2))})
    return Corrections()


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        if path.suffix == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                return list(csv.DictReader(file))
        rows = json.loads(path.read_text(encoding="utf-8-sig"))
        return [{key: str(value) for key, value in row.items() if value is not None} for row in rows]
    except (OSError, ValueError, AttributeError, csv.Error) as error:
        raise ReadError(
            f"{path} 读不懂：{error}；请存为 UTF-8 的 CSV 或 JSON 列表", f"cannot read {path}: {error}"
        ) from error


def _checked(path: Path):  # type: ignore[no-untyped-def]  # a closure over the path for messages
    def check(numbered: tuple[int, dict[str, str]]) -> dict[str, str]:
        number, raw = numbered
        row = {str(key).strip(): str(value).strip() for key, value in raw.items() if value and str(value).strip()}
        fault = _fault(row)
        if fault:
            raise ReadError(f"{path} 第 {number} 行：{fault[0]}", f"{path} row {number}: {fault[1]}")
        row["file"] = row["file"].replace("\\", "/")
        if "region" in row:
            row.update(_region(row.pop("region")))
        return row

    return check


def _fault(row: dict[str, str]) -> tuple[str, str] | None:
    unknown = set(row) - set(COLUMNS)
    if unknown:
        return f"不认识的列 {'、'.join(sorted(unknown))}", f"unknown column {', '.join(sorted(unknown))}"
    if "file" not in row:
        return "缺 file 列", "no file given"
    if "year" in row and not re.fullmatch(r"20\d\d", row["year"]):
        return f"年份 {row['year']} 不对", f"bad year {row['year']}"
    if "level" in row and row["level"] not in LEVELS:
        return f"级别应为 {'、'.join(LEVELS)}", f"level must be one of {', '.join(LEVELS)}"
    return None


def _region(chain: str) -> dict[str, str]:
    """`云南省/楚雄彝族自治州/武定县/白路镇` by level; empty parts are levels that do not exist."""
    parts = [part.strip() for part in chain.replace("／", "/").split("/")]
    return {name: part for name, part in zip(FIELDS, parts, strict=False) if part}
