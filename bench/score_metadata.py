"""How often place, level and year of a report are found, over titles and openings of real shapes.

    python bench/score_metadata.py      (or: make metadata)

Writes bench/results/metadata.md. bench/metadata/labelled.csv was written for this project: invented texts about real
places of all provinces and levels, same names, departments, zones, joint issuers, abolished places, years with traps.
A chain left open is right where nothing decides it; a wrong province is counted apart, because it is worse.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from indexer.clean import clean
from indexer.metadata import extract
from indexer.place import FIELDS
from indexer.readers import read
from retrieval.types import Metadata

HERE = Path(__file__).parent
BODY = (
    "认真落实各项部署，严格规范公正文明执法，全年组织执法人员培训六期，办理行政复议案件三十一件，群众满意度持续提升。"
)


def metadata_of(row: dict[str, str]) -> Metadata:
    lines = [row["around"], row["title"], row["opening"], "一、主要成效", BODY, BODY]
    document = read("\n".join(filter(None, lines)).encode(), "report.txt")
    return extract(clean(document), "report.txt")


def main() -> None:
    with (HERE / "metadata" / "labelled.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right: Counter[str] = Counter()
    faults = []
    for row in rows:
        wanted = (row["chain"].split("/") + [""] * 4)[:4]
        found = metadata_of(row)
        chain = [getattr(found.region, name) or "" for name in FIELDS]
        level = next((name for name, value in reversed(list(zip(FIELDS, wanted, strict=True))) if value), None)
        checks = {
            "region chain": chain == wanted,
            "level": found.level == level,
            "year": str(found.year) == row["year"],
            "no wrong province": chain[0] in ("", wanted[0]),
        }
        right.update(name for name, ok in checks.items() if ok)
        if not all(checks.values()):
            missed = ", ".join(name for name, ok in checks.items() if not ok)
            faults.append(
                f"| {row['title']} | {row['chain']} {row['year']} | {'/'.join(chain)} {found.year} | {missed} |"
            )
    lines = [
        "# Metadata",
        "\nMade by `make metadata`.",
        f"\n{len(rows)} titles and openings.\n",
        "| field | right |",
        "|---|---|",
    ]
    lines += [
        f"| {name} | {right[name] / len(rows):.3f} ({right[name]}/{len(rows)}) |"
        for name in ("region chain", "level", "year", "no wrong province")
    ]
    lines += ["\n| title | labelled | found | wrong |", "|---|---|---|---|", *faults]
    text = "\n".join(lines) + "\n"
    (HERE / "results" / "metadata.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
