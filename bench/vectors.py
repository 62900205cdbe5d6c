"""The first stage alone: when inverted lists overtake a scan, what they miss, and how both grow.

    python bench/vectors.py [--sizes N,N,…]            (or: make bench-vectors)

Writes bench/results/vectors.md. Vectors are those of real passages (the public ones of ../shared/train where they are,
else the vocabulary's measures) with as much noise added as passages of one measure differ by; queries are our own
judged questions. Large sizes lie in segments as an index has them, with one set of lists over all.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from bench import processes
from indexer.segments import _LARGEST
from retrieval.config import load_config
from retrieval.encoder import Encoder, open_encoder
from retrieval.measures import load_measures, vocabulary_path
from retrieval.text import normalise, normalise_query
from retrieval.vectors import CROSSOVER, Vectors, write_lists, write_vectors

ROOT = Path(__file__).parent.parent
PUBLIC = ROOT.parent / "shared" / "train"
WANTED = 100
TEXTS, QUERIES = 1500, 60
# Passages on one measure have cosines of about 0.93 in the mean.
NOISE = 0.27


def texts() -> list[str]:
    if not PUBLIC.is_dir():
        config = load_config(ROOT / "config.toml")
        return ["，".join((m.term, *m.variants, *m.everyday)) for m in load_measures(vocabulary_path(config))]
    rows = [
        json.loads(line) for path in sorted(PUBLIC.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()
    ]
    found = dict.fromkeys(text[:200] for row in rows for text in row.get("passages", [row.get("passage")]))
    return list(found)[:: max(1, len(found) // TEXTS)][:TEXTS]


def like(real: np.ndarray, count: int, chance: np.random.Generator) -> np.ndarray:
    """So many vectors like the real ones."""
    size = NOISE * real.shape[1] ** -0.5
    vectors = real[chance.integers(0, len(real), count)] + chance.normal(0, size, (count, real.shape[1])).astype(
        np.float32
    )
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def written(folder: Path, real: np.ndarray, size: int) -> tuple[Vectors, float]:
    """Segments of so many vectors in all with lists over them, and the seconds that writing them took."""
    chance, parts, starts, spent = np.random.default_rng(size), [], range(0, size, _LARGEST), 0.0
    for start in starts:
        parts.append(folder / str(start))
        parts[-1].mkdir(parents=True)
        vectors = like(real, min(_LARGEST, size - start), chance)
        begin = time.perf_counter()
        write_vectors(parts[-1], vectors)
        spent += time.perf_counter() - begin
    (folder / "lists").mkdir()
    begin = time.perf_counter()
    write_lists(folder / "lists", parts)
    spent += time.perf_counter() - begin
    return Vectors(parts, starts, np.ones(size, bool), folder / "lists"), spent


def search(vectors: Vectors, query: np.ndarray, everything: np.ndarray, *, exact: bool) -> tuple[list[int], float]:
    begin = time.perf_counter()
    rows, _ = vectors.search(query, WANTED, everything, exact=exact)
    return rows.tolist(), time.perf_counter() - begin


def measured(real: np.ndarray, queries: np.ndarray, size: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        vectors, spent = written(Path(folder), real, size)
        everything = np.ones(size, bool)
        with threadpool_limits(1):
            scan = [search(vectors, query, everything, exact=True) for query in queries]
            lists = [search(vectors, query, everything, exact=False) for query in queries]
        ten, hundred = (
            statistics.mean(len({*a[:n]} & {*b[:n]}) / n for (a, _), (b, _) in zip(scan, lists, strict=True))
            for n in (10, 100)
        )
        times = [statistics.median(seconds for _, seconds in each) * 1000 for each in (scan, lists)]
        kept = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / size / 1000
        held = processes.status()["RssAnon"] // 1024
    return (
        f"| {size} | {times[0]:.2f} | {times[1]:.2f} | {ten:.3f} | {hundred:.3f} | {kept:.2f} | {held} | {spent:.0f} |"
    )


def encoded(encoder: Encoder) -> tuple[np.ndarray, np.ndarray]:
    questions = (ROOT / "bench" / "questions" / "measures.jsonl").read_text("utf-8").splitlines()[:QUERIES]
    passages = encoder.passages([normalise(text) for text in texts()])
    queries = encoder.queries([normalise_query(json.loads(line)["query"]) for line in questions])
    return np.stack([each.pooled for each in passages]), np.stack([each.pooled for each in queries])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,4000,8000,16000,32000,100000,1000000,10000000")
    sizes = [int(size) for size in parser.parse_args().sizes.split(",")]
    real, queries = encoded(open_encoder(load_config(ROOT / "config.toml")))
    lines = [
        "# Vectors",
        f"\nMade by `make bench-vectors`: the nearest {WANTED} for {len(queries)} questions, one thread for questions.",
        f"Lists here at every size; an index has them from {CROSSOVER} passages on.\n",
    ]
    head = [
        "vectors",
        "scan, ms",
        "lists, ms",
        "recall@10 of lists",
        "recall@100",
        "kB each",
        "RssAnon when searching, MB",
        "writing, s",
    ]
    lines += [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for size in sizes:
        lines.append(measured(real, queries, size))
        # After each size, as a large one may not come to its end.
        (ROOT / "bench" / "results" / "vectors.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(lines[-1], flush=True)


if __name__ == "__main__":
    main()
