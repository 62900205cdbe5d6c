"""An hour of everything at once: does any answer fail, does the site grow, does a change of the corpus show?

    python bench/soak.py [--minutes N] [--clients N] [--reindexes N] [--seed N]            (or: make soak)

Writes bench/results/soak.md. `wenzheng serve` runs over invented reports (bench/planted.py) which `wenzheng index` reads;
visitors (bench/visitors.py) search, ask, compare, take files away, cite and keep quotations, as fast as they are
answered. At even intervals every report is changed and indexed again beside them. Each answer is checked, the
collections are read back, and the site's memory, open files and threads are noted every few seconds (Linux only).
Exits with 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import processes
from bench.checked import Answered
from bench.generations import write_generation
from bench.planted import MEASURES, write
from bench.processes import Sample
from bench.visitors import Crowd

RESULTS = processes.ROOT / "bench" / "results" / "soak.md"
# Seconds between two samples.
_EVERY = 5
# Faults that are listed one by one.
_LISTED = 50


@dataclass(frozen=True, slots=True)
class Run:
    """What a soak gave: `indexing` are the seconds of each indexing run, `items` what the collections hold at the end."""

    answered: Sequence[Answered]
    faults: Sequence[str]
    samples: Sequence[Sample]
    indexing: Sequence[float]
    items: int


def soak(place: Path, options: argparse.Namespace) -> Run:
    """Index, serve, visit, change, read back. Raises CalledProcessError or RuntimeError when a process fails."""
    originals, reports, into, log = place / "originals", place / "reports", place / "index", place / "log"
    write(originals)
    write_generation(originals, reports, 1)
    indexing = [processes.index(reports, into)]
    with processes.serving(into, log) as (address, pid):
        crowd = Crowd(address, options.clients, [measure.query for measure in MEASURES], options.seed)
        with sampled(pid) as samples:
            begin, step = time.monotonic(), options.minutes * 60 / (options.reindexes + 1)
            crowd.come()
            for number in range(1, options.reindexes + 1):
                time.sleep(max(0, begin + number * step - time.monotonic()))
                write_generation(originals, reports, number + 1)
                indexing.append(processes.index(reports, into))
                crowd.wait_until_shown(number + 1)
            time.sleep(max(0, begin + options.minutes * 60 - time.monotonic()))
            items = crowd.leave()
    return Run(crowd.journal.answered, [*crowd.journal.faults, *logged(log)], samples, indexing, items)


@contextmanager
def sampled(pid: int) -> Iterator[list[Sample]]:
    """Samples of a process, one every few seconds for as long as the block lasts."""
    samples: list[Sample] = []
    begin, done = time.monotonic(), threading.Event()

    def take() -> None:
        while not done.wait(_EVERY):
            samples.append(processes.sample(pid, time.monotonic() - begin))

    sampler = threading.Thread(target=take)
    sampler.start()
    try:
        yield samples
    finally:
        done.set()
        sampler.join()


def logged(log: Path) -> list[str]:
    """What the site's own log says went wrong."""
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    return [f"in the log: {line[:300]}" for line in lines if "error" in json.loads(line)]


def later(samples: Sequence[Sample]) -> list[Sample]:
    """The last two thirds: what a site needs once it is warm."""
    return list(samples[len(samples) // 3 :])


def slope(samples: Sequence[Sample]) -> float:
    """Megabytes an hour, by least squares."""
    hours, held = [one.seconds / 3600 for one in samples], [one.megabytes for one in samples]
    return float(np.polyfit(hours, held, 1)[0])


def report(run: Run, options: argparse.Namespace) -> str:
    warm = later(run.samples)
    wrong = f"{len(run.faults)} errors." if run.faults else "No errors."
    held, files, threads = ([getattr(one, name) for one in warm] for name in ("megabytes", "files", "threads"))
    first, *again = (f"{seconds:.0f}" for seconds in run.indexing)
    lines = [
        "# Soak",
        f"\nMade by `make soak` ({options.minutes:g} minutes, {options.clients} clients, {options.reindexes} re-indexes, "
        f"seed {options.seed}).\n",
        f"{len(run.answered)} requests. {wrong} The collections held {run.items} items at the end, all as they were kept.\n"
        if not run.faults
        else f"{len(run.answered)} requests. {wrong}\n",
        *(f"- {fault}" for fault in run.faults[:_LISTED]),
        "\n| the site's process, last two thirds | |",
        "|---|---|",
        f"| RssAnon, least-squares slope | {slope(warm):+.1f} MB/hour |",
        f"| RssAnon, least to most | {min(held):.0f}–{max(held):.0f} MB |",
        f"| open files, least to most | {min(files)}–{max(files)} |",
        f"| threads, least to most | {min(threads)}–{max(threads)} |",
        f"| first indexing | {first} s |",
        f"| re-indexing under load | {', '.join(again) or 'none'} s |",
        "\n| RssAnon by time | MB | open files |",
        "|---|---|---|",
        *(f"| {one.seconds / 60:.1f} min | {one.megabytes:.0f} | {one.files} |" for one in twelfths(run.samples)),
        "\n| kind | requests | median ms | 95 % | most |",
        "|---|---|---|---|---|",
        *latencies(run.answered),
    ]
    return "\n".join(lines) + "\n"


def twelfths(samples: Sequence[Sample]) -> list[Sample]:
    """Thirteen samples at even intervals, the first and the last among them."""
    places = sorted({round(place) for place in np.linspace(0, len(samples) - 1, 13)})
    return [samples[place] for place in places]


def latencies(answered: Sequence[Answered]) -> Iterator[str]:
    kinds: dict[str, list[float]] = {}
    for one in answered:
        kinds.setdefault(one.kind, []).append(one.seconds * 1000)
    for kind, times in [*sorted(kinds.items()), ("all", [one.seconds * 1000 for one in answered])]:
        median, high = np.percentile(times, [50, 95])
        yield f"| {kind} | {len(times)} | {median:.0f} | {high:.0f} | {max(times):.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--reindexes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run = soak(Path(name), options)
    text = report(run, options)
    RESULTS.write_text(text, encoding="utf-8")
    print(text)
    sys.exit(bool(run.faults))


if __name__ == "__main__":
    main()
