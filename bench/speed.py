"""How fast the site answers and starts as an index grows, through HTTP, with the real model for every query.

    python bench/speed.py [--sizes 1000,10000,100000]            (or: make bench-speed)

Writes bench/results/speed.md. The corpora are made up in the genre's shape (bench/distractors.py). To embed a hundred
thousand of their passages would take hours and tell nothing new: each distinct sentence is embedded once by the real
model, whatever numbers stand in it, and a passage's vectors are put together from those of its sentences. Everything
else is the product itself: `wenzheng serve` in a process of its own, asked by clients in another.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
from curves import RESULTS, draw
from distractors import reports, templates

from bench import processes
from indexer.build import build
from retrieval.config import Config, load_config
from retrieval.encoder import Encoded, Encoder, Progress, open_encoder
from retrieval.layout import current_manifest
from retrieval.text import sentences

ROOT = Path(__file__).parent.parent
# Questions that one client asks one after the other, that several ask at once, and that are asked with each filter.
ALONE, TOGETHER, FILTERED = 120, 240, 30
CLIENTS = 8
FILTERS = {"one county": "region=", "one year": "year=2021", "role planned": "role=planned"}


class BySentence:
    """The real encoder, one pass for each distinct sentence; a passage's vectors are made of those of its sentences."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.fingerprint, self.dimension, self.queries = encoder.fingerprint, encoder.dimension, encoder.queries
        self.token_spans, self.token_counts = encoder.token_spans, encoder.token_counts
        self._known: dict[str, Encoded] = {}
        # Tokens of the prompt and the like, which are not kept.
        self._added = encoder.token_counts(["执法"])[0] - len(encoder.token_spans(["执法"])[0])
        self._noise = np.random.default_rng(1)

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> list[Encoded]:
        parts = [[_plain(text[a:b]) for a, b in sentences(text)] or [_plain(text)] for text in texts]
        new = list(dict.fromkeys(part for each in parts for part in each if part not in self._known))
        self._known.update(zip(new, self._encoder.passages(new), strict=True))
        if progress:
            progress(len(texts))
        counts = self.token_counts(texts)
        return [self._together(count - self._added, each) for count, each in zip(counts, parts, strict=True)]

    def _together(self, wanted: int, parts: list[str]) -> Encoded:
        tokens = np.resize(np.concatenate([self._known[part].tokens for part in parts]), (wanted, self.dimension))
        pooled = tokens.mean(axis=0) + self._noise.normal(0, 0.002, self.dimension)
        return Encoded((pooled / np.linalg.norm(pooled)).astype(np.float32), tokens)


def _plain(sentence: str) -> str:
    """A sentence whatever its numbers and its place in a string are."""
    return re.sub(r"^[一二三四]是|(?<=[。；])[一二三四]是", "", re.sub(r"\d+(?:\.\d+)?", "8", sentence))


def ask(address: str, query: str, extra: str = "", page: str = "/search") -> float:
    """Seconds for one page of hits."""
    begin = time.perf_counter()
    url = f"{address}{page}?q={urllib.parse.quote(query)}&{extra}"
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  # this machine
        answer.read()
    return time.perf_counter() - begin


def queries() -> list[str]:
    """Questions of ours, each once, in an order that mixes their kinds: the site keeps what it understood of a question."""
    files = sorted((ROOT / "bench" / "questions").glob("*.jsonl"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [json.loads(line) for line in lines]
    asked = list(dict.fromkeys(query for row in rows for query in row.get("questions", [row.get("query")])))
    return [asked[i] for i in np.random.default_rng(2).permutation(len(asked))]


def command(name: str, index: Path, *arguments: str | Path) -> float:
    """Seconds for a command of the program, its own start included."""
    begin = time.perf_counter()
    words = [sys.executable, "-m", "wenzheng", "--index", str(index), name, *map(str, arguments)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)  # noqa: S603  # our own command
    return time.perf_counter() - begin


def spread_of(times: Sequence[float]) -> str:
    ordered = sorted(times)
    return f"{statistics.median(ordered) * 1000:.0f} | {ordered[int(len(ordered) * 0.95)] * 1000:.0f}"


def memory(pid: int) -> str:
    held = processes.status(pid)
    return f"{held['RssAnon'] // 1024} | {held['RssFile'] // 1024}"


def measured(size: int, config: Config, encoder: Encoder) -> tuple[str, str]:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "reports").mkdir()
        county = ""
        for file, text in reports(size, templates(config, encoder)):
            (place / "reports" / file).write_text(text, encoding="utf-8")
            county = county or file.split("-")[1]
        begin = time.perf_counter()
        summary = build(
            [place / "reports"], place / "index", config, BySentence(encoder), lambda *_: None, rebuild=False
        )
        built = time.perf_counter() - begin
        unchanged = command("index", place / "index", place / "reports")
        if current_manifest(place / "index").passages != summary.passages:
            sys.exit("a run over the same files changed the index")
        (place / "one").mkdir()
        (place / "one" / "one.txt").write_text(next(iter(reports(60, templates(config, encoder), seed=99)))[1], "utf-8")
        alone_seconds = command("index", place / "alone", place / "one")
        (place / "one" / "one.txt").rename(place / "reports" / "one.txt")
        added = command("index", place / "index", place / "reports")
        own = current_manifest(place / "alone").passages
        if current_manifest(place / "index").passages != summary.passages + own:
            sys.exit("a run did not add the report that it is measured for")
        bytes_each = sum(file.size for file in current_manifest(place / "index").files()) / summary.passages
        begin = time.perf_counter()
        with processes.serving(place / "index", place / "log") as (address, pid):
            ask(address, "行政复议")
            start = time.perf_counter() - begin
            asked = iter(queries())
            for query in islice(asked, 5):
                ask(address, query)
            first = list(islice(asked, ALONE))
            alone = [ask(address, query) for query in first]
            again = [ask(address, query) for query in first]
            begin = time.perf_counter()
            with ThreadPoolExecutor(CLIENTS) as clients:
                together = list(clients.map(lambda query: ask(address, query), islice(asked, TOGETHER)))
            rate = len(together) / (time.perf_counter() - begin)
            filtered = {}
            for kind, part in FILTERS.items():
                wanted = part + (urllib.parse.quote(county) if part.endswith("=") else "")
                filtered[kind] = statistics.median([ask(address, query, wanted) for query in islice(asked, FILTERED)])
            held = memory(pid)
        shell_seconds = command("search", place / "index", "行政复议")
    row = (
        f"| {summary.passages} | {summary.reports} | {spread_of(alone)} | {spread_of(again)} | {rate:.0f} | {spread_of(together)} | "
        + " | ".join(f"{seconds * 1000:.0f}" for seconds in filtered.values())
        + f" | {held} | {start:.1f} | {shell_seconds:.1f} |"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    spent = f"{unchanged:.1f} | {added:.1f} | {alone_seconds:.1f}"
    work = f"| {summary.passages} | {built:.0f} | {peak} | {spent} | {bytes_each / 1000:.1f} |"
    return row, work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000")
    config = load_config(ROOT / "config.toml")
    encoder = open_encoder(config)
    rows = []
    for size in parser.parse_args().sizes.split(","):
        rows.append(measured(int(size), config, encoder))
        write(rows)


def write(rows: Sequence[tuple[str, str]]) -> None:
    """After each size, as a large one may not come to its end."""
    head = ["passages", "reports", "one client: median", "one client: 95 %", "asked again: median", "asked again: 95 %"]
    head += [f"{CLIENTS} clients: queries/s", f"{CLIENTS} clients: median", f"{CLIENTS} clients: 95 %", *FILTERS]
    head += ["RssAnon, MB", "mapped, MB", "first answer after, s", "search from the shell, s"]
    work = [
        "passages",
        "build s, embedding aside",
        "peak memory of the build, MB",
        "a run with nothing new, s",
        "with one report more, s",
        "that report alone, s",
        "kB a passage",
    ]
    lines = [
        "# Speed",
        f"\nMade by `make bench-speed`: a page of hits through HTTP, in ms. {ALONE} questions asked one after the other, each "
        f"for the first time, then again; {TOGETHER} others from {CLIENTS} clients at once; {FILTERED} others with each filter.\n",
    ]
    lines += [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *(row for row, _ in rows), ""]
    lines += [f"| {' | '.join(work)} |", "|---" * len(work) + "|", *(line for _, line in rows)]
    text = "\n".join(lines) + "\n"
    (RESULTS / "speed.md").write_text(text, encoding="utf-8")
    draw(text, RESULTS / "speed.svg")
    print(text)


if __name__ == "__main__":
    main()
