"""How long the evidence matrix, the wording and the spread of a measure take over 300 places × 8 years.

    python bench/matrix.py            (or: make bench-matrix)

Writes bench/results/matrix.md. The 2,400 reports are strung from a pool of sentences, so that each is embedded once.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from distractors import templates  # the pool of sentences that keep clear of judged measures
from planted import MEASURES

from indexer.build import build
from retrieval.config import load_config
from retrieval.encoder import open_encoder
from retrieval.search import Searcher, open_searcher
from retrieval.store import open_index
from retrieval.types import Filters
from webapp import create_app
from webapp.service import Service
from webapp.survey import ask_each

ROOT = Path(__file__).parent.parent
PLACES, YEARS, PARAGRAPHS = 300, range(2016, 2024), 10
_SYLLABLES = "岚溪榆柳松桐枫槐澄涧峪垣塬汀泽沅潼汾栗梓"


def write(folder: Path, pool: list[str], seed: int = 3) -> None:
    """Reports of ten paragraphs each, every tenth place with a planted measure from some year on."""
    chance = random.Random(seed)  # noqa: S311  # drawing invented reports is no secret
    names = [f"{a}{b}县" for a in _SYLLABLES for b in _SYLLABLES if a != b][:PLACES]
    for number, place in enumerate(names):
        measure, start = MEASURES[number // 3 % len(MEASURES)], 2016 + number % 8
        for year in YEARS:
            paragraphs = ["".join(chance.sample(pool, 2)) for _ in range(PARAGRAPHS)]
            if number % 3 == 0 and year >= start:
                paragraphs[0] = measure.original.format(n=100 + number, s=9, p=90)
            body = "\n".join(paragraphs)
            text = f"{place}人民政府{year}年法治政府建设年度报告\n\n一、主要举措\n{body}\n"
            (folder / f"{place}-{year}.txt").write_text(text, encoding="utf-8")


def timed(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def rows(searcher: Searcher, service: Service) -> list[str]:
    client = create_app(service.config, service=service).test_client()

    def page(path: str) -> float:
        return timed(lambda: client.get(path))

    lines = []
    for measure in MEASURES:
        alone = timed(lambda query=measure.query: ask_each(searcher, query, Filters()))
        cells = []
        for path in ("compare", "wording", "spread"):
            cells += [page(f"/{path}?q={measure.query}") for _ in range(2)]
        lines.append(f"| {measure.query} | {alone:.2f} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |")
    return lines


def main() -> None:
    config = load_config(ROOT / "config.toml")
    encoder = open_encoder(config)
    # Without numbers in them sentences recur, and what recurs is embedded once.
    pool = [
        sentence.format(n=80, s=6, p=91, k=120, m=5)
        for _, sentences in templates(config, encoder)
        for sentence in sentences
    ]
    chance = random.Random(1)  # noqa: S311  # as above
    pool = chance.sample(pool, 60)
    with tempfile.TemporaryDirectory() as place:
        folder, root = Path(place) / "reports", Path(place) / "index"
        folder.mkdir()
        write(folder, pool)
        summary = build([folder], root, config, encoder, lambda *_: None, rebuild=False)
        index = open_index(root)
        service = Service(config, root, encoder)
        lines = [
            "# The matrix over 300 places × 8 years",
            "\nMade by `make bench-matrix`; seconds, the first time and the next.",
        ]
        lines += [f"\n{summary.reports} reports, {summary.passages} passages.\n"]
        header = ["measure", "survey alone", "compare", "again", "wording", "again", "spread", "again"]
        lines += [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
        lines += rows(open_searcher(config, index, encoder), service)
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / "matrix.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
