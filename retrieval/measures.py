"""The controlled vocabulary of measures: official term, variants, everyday, Taiwan and English wording."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from retrieval.config import Config
from retrieval.errors import ConfigError

BUNDLED = Path(__file__).parent / "measures.csv"
COLUMNS = ("section", "term", "variants", "everyday", "taiwan", "english")
SEPARATOR = "；"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure; `term` is its official name and identifies it."""

    section: str
    term: str
    variants: tuple[str, ...]
    everyday: tuple[str, ...]
    taiwan: tuple[str, ...]
    english: tuple[str, ...]


def vocabulary_path(config: Config) -> Path:
    """The researchers' own vocabulary, or the bundled one."""
    return Path(config.search.vocabulary).expanduser() if config.search.vocabulary else BUNDLED


def load_measures(path: Path = BUNDLED) -> tuple[Measure, ...]:
    """Read a vocabulary (docs/measures.md). Raises ConfigError naming the file, the line and the fault."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"词表 {path} 读不了：{error}", f"cannot read the vocabulary {path}: {error}") from error
    rows = csv.DictReader(io.StringIO(text))
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise ConfigError(
            f"词表 {path} 的第一行应为 {','.join(COLUMNS)}", f"the first line of {path} must be {','.join(COLUMNS)}"
        )
    measures: dict[str, Measure] = {}
    for row in rows:
        term = (row["term"] or "").strip()
        if not term or term in measures or None in row or None in row.values():
            raise ConfigError(
                f"词表 {path} 第 {rows.line_num} 行：正式名称为空或重复，或列数不对",
                f"{path}, line {rows.line_num}: the term is empty or repeated, or the number of columns is wrong",
            )
        lists = {name: _listed(row[name]) for name in COLUMNS[2:]}
        measures[term] = Measure(row["section"].strip(), term, **lists)
    return tuple(measures.values())


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.replace(";", SEPARATOR).split(SEPARATOR) if part.strip())
