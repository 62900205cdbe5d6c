"""How long counting takes beside a plain scan, on full-text files of a made-up corpus; nothing is embedded.

python bench/count.py [--reports 2500] [--characters 8000]
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from retrieval import layout
from retrieval.fulltext import FulltextReader, write_fulltext
from retrieval.text import fold
from retrieval.types import Filters, Metadata, Paragraph, Passage, Region, Report, ReportSummary
from webapp.counting import count
from webapp.tally import GROUPED

ROOT = Path(__file__).parent.parent
ROLES = ("done", "done", "done", "planned", "shortcoming")
RARE = "石榆河畔骑马普法"
QUERIES = (
    "行政复议",
    RARE,
    "复议",
    "行政复议 AND 应诉",
    "(执法 OR 复议) NEAR/5 案件",
    "行政复议 NOT 信访",
    "的",
)


class Corpus:
    """As much of an index as counting asks for."""

    def __init__(self, folder: Path, reports: list[Report]) -> None:
        path = folder / layout.SEGMENT_FULLTEXT
        self.write_seconds = timed(lambda: write_fulltext(path, reports), 1)
        self.size = path.stat().st_size
        self.fulltext = [FulltextReader(path)]
        self.folded = [fold(report.text) for report in reports]
        self.texts = {report.summary.id: report.text for report in reports}
        self.reports = [report.summary for report in reports]
        self.numbers = {summary.version_id: number for number, summary in enumerate(self.reports)}
        self.starts = np.array([0, sum(len(report.passages) for report in reports)])

    def admitted(self, _filters: Filters) -> np.ndarray:
        return np.ones(len(self.reports), bool)

    def allowed(self, _filters: Filters) -> np.ndarray:
        return np.ones(self.starts[-1], bool)

    def text(self, summary: ReportSummary) -> str:
        return self.texts[summary.id]

    def passage(self, _row: int) -> None:
        """Not looked up here: a few microseconds a line."""


def made(number: int, characters: int, sentences: list[str], chance: random.Random) -> Report:
    """A report of sentences of the samples with their numbers and some words changed, in paragraphs of passages."""
    place = f"第{number // 5}县"
    text, passages = f"{place}{2018 + number % 5}年法治政府建设情况报告\n", []
    while len(text) < characters:
        start = len(text)
        for sentence in chance.choices(sentences, k=3):
            text += sentence.translate({ord(digit): str(chance.randint(0, 9)) for digit in "0123456789"})
        if number == 0 and not passages:
            text += f"{RARE}。"
        role = chance.choice(ROLES)
        passages.append(Passage(f"{number}.{len(passages)}", str(number), start, len(text), text[start:], (), role))  # type: ignore[arg-type]  # a role
        text += "\n"
    paragraphs = tuple(Paragraph(p.start, p.end, "body") for p in passages)
    region = Region(province=f"第{number // 500}省", county=place)
    metadata = Metadata("标题", False, region, "county", year=2018 + number % 5)
    summary = ReportSummary(str(number), str(number), f"{number}.txt", "", "text/plain", metadata)
    return Report(summary, text, paragraphs, (), (), tuple(passages))


def timed(act: Callable[[], object], times: int = 5) -> float:
    """Median seconds of the processor: other work on the machine counts less than it would by the clock."""
    taken = []
    for _ in range(times):
        begin = time.process_time()
        act()
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


def sample_sentences() -> list[str]:
    """Sentences of the samples."""
    texts = [path.read_text("utf-8", "ignore") for path in sorted((ROOT / "samples").rglob("*.txt"))]
    return [f"{part}。" for text in texts for part in text.replace("\n", "。").split("。") if len(part) > 12]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=2500)
    parser.add_argument("--characters", type=int, default=8000)
    given = parser.parse_args()
    chance, sentences = random.Random(1), sample_sentences()  # noqa: S311  # texts, not secrets
    reports = [made(number, given.characters, sentences, chance) for number in range(given.reports)]
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(Path(folder), reports)
        lines = [
            "# Counting", "",
            f"`python bench/count.py --reports {given.reports} --characters {given.characters}` on {platform.machine()}; processor time, "
            "medians of five, tallies by year, level, role and place included, the first 50 lines apart. "
            "The plain scan counts one phrase in all texts, folded and in memory beforehand, without passages, places or tallies.",
            "",
            f"{len(reports)} reports, {sum(len(r.text) for r in reports):,} characters, {corpus.starts[-1]:,} passages; "
            f"file {corpus.size / 1e6:.0f} MB ({corpus.size / len(reports) / 1e3:.0f} kB a report), "
            f"written in {1000 * corpus.write_seconds / len(reports):.1f} ms a report.",
            "", "| query | occurrences | reports | count, ms | 50 lines, ms | plain scan, ms | plain scan finds |", "|---|---|---|---|---|---|---|",
        ]  # fmt: skip
        count(corpus, "一")  # type: ignore[arg-type]  # what counting asks of an index; the first opens the file
        for query in QUERIES:
            lines.append(row(corpus, query))
            print(lines[-1])
    (ROOT / "bench" / "results" / "count.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def row(corpus: Corpus, query: str) -> str:
    """One query's line of the table."""

    def counted() -> None:
        done = count(corpus, query)  # type: ignore[arg-type]  # as above
        for by in GROUPED:
            done.groups(by)

    done = count(corpus, query)  # type: ignore[arg-type]  # as above
    shown = timed(lambda: list(done.lines(0, 50)))
    plain, found = "", ""
    if " " not in query:
        plain = f"{1000 * timed(lambda: [text.count(query) for text in corpus.folded]):.0f}"
        found = f"{sum(text.count(query) for text in corpus.folded):,}"
    total = done.total
    return f"| `{query}` | {total.occurrences:,} | {total.reports:,} | {1000 * timed(counted):.0f} | {1000 * shown:.0f} | {plain} | {found} |"


if __name__ == "__main__":
    main()
