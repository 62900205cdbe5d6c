"""Fit the model that tells sentences with something of their own from those that say the same in other words.

    python bench/fit_distinct.py            (or: make distinct)

Writes webapp/distinct.json and bench/results/distinct.md. The sentences are those of the planted corpora
(bench/planted.toml); each measure's are told by a model that never saw that measure.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from planted import FRESH, MEASURES, MORE, Measure, Truth
from score_comparing import SEEDS, searcher_over
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from retrieval.config import load_config
from retrieval.encoder import open_encoder
from retrieval.search import Searcher
from webapp.distinct import FEATURES, FILE, compare_sentences
from webapp.wording import wording

ROOT = Path(__file__).parent.parent
LEAST = 0.5


@dataclass(frozen=True)
class Told:
    """One place's sentence of a year: `source` is the planted sentence that it was made of."""

    measure: str
    source: tuple[str, str, int]
    distinctive: bool
    features: np.ndarray


def sentences(searcher: Searcher, truth: Truth, measures: tuple[Measure, ...], seed: int) -> Iterator[Told]:
    for measure in measures:
        said = wording(searcher, measure.query)
        every = [*(one for group in said.groups for one in group.sayings), *said.words, *said.distinctive]
        entries = [one.entry for one in every]
        places = [entry.hit.report.metadata.region.name for entry in entries]
        apart = np.array([[one != other for other in places] for one in places])
        if not entries:
            continue
        features = compare_sentences(searcher, measure.query, entries, apart).features
        for entry, place, row in zip(entries, places, features, strict=True):
            wanted = truth.wordings().get((place, entry.hit.report.metadata.year or 0, measure.query))
            # Those found by their likeness to another sentence are told by that.
            if wanted in ("words", "distinctive") and entry.hit.passage.role == "done" and not entry.like:
                yield Told(measure.query, (measure.query, place, seed), wanted == "distinctive", row)


def fitted(told: list[Told]) -> tuple[StandardScaler, LogisticRegression]:
    """A sentence counts once, in however many years its place repeats it."""
    often = Counter(one.source for one in told)
    rows, weights = np.array([one.features for one in told]), np.array([1 / often[one.source] for one in told])
    scaler = StandardScaler().fit(rows, sample_weight=weights)
    labels = [one.distinctive for one in told]
    return scaler, LogisticRegression().fit(scaler.transform(rows), labels, sample_weight=weights)


def cross_validated(told: list[Told]) -> np.ndarray:
    """How likely each is to be distinctive, by a model without its measure, shape (told,)."""
    chances = np.zeros(len(told))
    for measure in {one.measure for one in told}:
        scaler, model = fitted([one for one in told if one.measure != measure])
        for number, one in enumerate(told):
            if one.measure == measure:
                chances[number] = model.predict_proba(scaler.transform(one.features[None]))[0, 1]
    return chances


def main() -> None:
    config = load_config(ROOT / "config.toml")
    encoder = open_encoder(config)
    told: list[Told] = []
    for measures in (MEASURES, FRESH, *MORE):
        for seed in SEEDS if measures in (MEASURES, FRESH) else SEEDS[:1]:
            with tempfile.TemporaryDirectory() as folder:
                searcher, truth = searcher_over(Path(folder), config, encoder, seed, measures)
                told += sentences(searcher, truth, measures, seed)
    chances, labels = cross_validated(told), np.array([one.distinctive for one in told])
    scaler, model = fitted(told)
    held = {
        "mean": dict(zip(FEATURES, scaler.mean_.round(5).tolist(), strict=True)),
        "scale": dict(zip(FEATURES, scaler.scale_.round(5).tolist(), strict=True)),
        "weights": dict(zip(FEATURES, model.coef_[0].round(4).tolist(), strict=True)),
        "intercept": round(float(model.intercept_[0]), 4),
        "least": LEAST,
    }
    FILE.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    report(told, chances, labels, held)


def report(told: list[Told], chances: np.ndarray, labels: np.ndarray, held: dict) -> None:
    found = chances >= LEAST
    lines = ["# Distinctive, or the same in other words?", "\nMade by `make distinct`; each measure left out in turn."]
    lines += [f"\n{len({one.source for one in told})} planted sentences, {len(told)} times in reports; "
              f"AUC {roc_auc_score(labels, chances):.3f}.\n"]  # fmt: skip
    lines += ["| sentences | kind | precision | recall |", "|---|---|---|---|"]
    groups = {"first measures": MEASURES, "fresh measures": FRESH, "those to fit by": sum(MORE, ())}
    groups["all"] = sum(groups.values(), ())
    for name, measures in groups.items():
        queries = {measure.query for measure in measures}
        part = np.array([one.measure in queries for one in told])
        for kind, wanted in (("distinctive", True), ("words", False)):
            right = int(((found == wanted) & (labels == wanted) & part).sum())
            precision = right / max(1, int(((found == wanted) & part).sum()))
            recall = right / max(1, int(((labels == wanted) & part).sum()))
            lines.append(f"| {name} | {kind} | {precision:.3f} | {recall:.3f} |")
    lines += ["\n| feature | weight |", "|---|---|"]
    lines += [f"| {name} | {weight:+.3f} |" for name, weight in held["weights"].items()]
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / "distinct.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
