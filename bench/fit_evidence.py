"""Fit the model that tells whether a passage answers a question, and measure it by cross-validation.

    python bench/fit_evidence.py            (or: make evidence)

Writes webapp/evidence.json and bench/results/evidence.md. Only this project's own questions are used: those over the
samples and, where they are at hand, those over the five real reports. Each question's passages are predicted by a
model that never saw the question (five folds).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from evaluate import ROOT, SHARED, indexed
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from retrieval.config import load_config
from retrieval.encoder import open_encoder
from retrieval.filters import admits
from retrieval.search import Searcher
from webapp.answer import DEPTH
from webapp.evidence import FEATURES, FILE, features, gives_figure
from webapp.finding import find
from wenzheng.evaluation import held_passages, holders

FOLDS = 5
STRENGTH = 0.3
# The least share of questions without an answer that get none.
CAREFUL = 0.85


@dataclass(frozen=True)
class Asked:
    """One question: `features` and `labels` (1 relevant, 0 not, -1 partial) of its hits, in their order."""

    id: str
    kind: str
    answerable: bool
    features: np.ndarray
    labels: np.ndarray
    usable: np.ndarray
    places: tuple[str, ...]
    wanted: frozenset[str]


def questions(searcher: Searcher, path: Path) -> Iterator[Asked]:
    passages = held_passages(searcher)
    for line in path.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        relevant = {i for quote in question["relevant"] for i in holders(searcher, quote, passages)}
        partial = {i for quote in question.get("partial", []) for i in holders(searcher, quote, passages)}
        found = find(searcher, question["query"], limit=DEPTH)
        in_scope = any(admits(found.question.filters, summary) for summary in searcher.index.reports)
        hits = found.results.hits if in_scope and not found.question.missing else ()
        yield Asked(
            id=question["id"],
            kind="places" if question["kind"] not in ("fact", "compare") else question["kind"],
            answerable=bool(relevant),
            features=features(found.results, found.question, searcher.background(found.query), searcher.naming)[
                : len(hits)
            ],
            labels=np.array([1 if h.passage.id in relevant else -1 * (h.passage.id in partial) for h in hits], int),
            usable=np.array([gives_figure(h, found.question, searcher.naming) for h in hits], bool),
            places=tuple(h.report.id for h in hits),
            wanted=frozenset(s.id for p, s, _ in passages if p.id in relevant),
        )


def fitted(asked: list[Asked]) -> tuple[StandardScaler, LogisticRegression]:
    rows = np.concatenate([question.features for question in asked])
    labels = np.concatenate([question.labels for question in asked])
    judged = labels >= 0
    scaler = StandardScaler().fit(rows[judged])
    model = LogisticRegression(C=STRENGTH, max_iter=5000).fit(scaler.transform(rows[judged]), labels[judged])
    return scaler, model


def predicted(scaler: StandardScaler, model: LogisticRegression, question: Asked) -> np.ndarray:
    if not len(question.features):
        return np.zeros(0)
    return model.predict_proba(scaler.transform(question.features))[:, 1] * question.usable


def cross_validated(asked: list[Asked]) -> list[np.ndarray]:
    """Each question's probabilities from a model fitted without it."""
    folds = np.random.default_rng(0).permutation(len(asked)) % FOLDS
    chances: list[np.ndarray] = [np.zeros(0)] * len(asked)
    for fold in range(FOLDS):
        scaler, model = fitted([question for question, own in zip(asked, folds, strict=True) if own != fold])
        for number in np.flatnonzero(folds == fold):
            chances[number] = predicted(scaler, model, asked[number])
    return chances


def figures(asked: list[Asked], chances: list[np.ndarray], answer_from: float, entry_from: float) -> dict[str, float]:
    """What cross-validation gives at a pair of thresholds."""
    found, rejected, scores, missed = [], [], [], []
    for question, chance in zip(asked, chances, strict=True):
        taken = {place for place, p in zip(question.places, chance, strict=True) if p >= entry_from}
        taken = taken if chance.max(initial=0) >= answer_from else set()
        (found if question.answerable else rejected).append(bool(taken) == question.answerable)
        if question.answerable and question.kind == "places":
            scores.append(2 * len(taken & question.wanted) / (len(taken) + len(question.wanted)))
            missed += [place not in taken for place in question.wanted]
    return {
        "region F1": float(np.mean(scores)),
        "found": float(np.mean(found)),
        "rejected": float(np.mean(rejected)),
        "balanced accuracy": float(np.mean(found) + np.mean(rejected)) / 2,
        "miss rate": float(np.mean(missed)),
    }


def chosen(tried: dict[tuple[float, float], dict[str, float]]) -> tuple[float, float]:
    """The thresholds that find the places best and tell best whether there is an answer, of those that are careful.

    A place wrongly said to have a measure is worse than no answer.
    """
    careful = [pair for pair, values in tried.items() if values["rejected"] >= CAREFUL]
    return max(careful, key=lambda pair: tried[pair]["region F1"] + tried[pair]["balanced accuracy"])


def risk_and_coverage(asked: list[Asked], chances: list[np.ndarray]) -> list[tuple[float, float, float]]:
    """(least strength answered, share of questions answered, share of those answered wrongly).

    An answer is wrong when the question has none, or when its likeliest passage is not relevant.
    """
    strength = np.array([chance.max(initial=0) for chance in chances])
    best = [int(chance.argmax()) if len(chance) else -1 for chance in chances]
    wrong = np.array([b < 0 or q.labels[b] == 0 or not q.answerable for q, b in zip(asked, best, strict=True)])
    order = np.argsort(-strength)
    points = []
    for share in np.arange(0.1, 1.01, 0.1):
        kept = order[: max(1, round(share * len(order)))]
        points.append((float(strength[kept].min()), float(share), float(wrong[kept].mean())))
    return points


def main() -> None:
    config = load_config(ROOT / "config.toml")
    encoder = open_encoder(config)
    sets: dict[str, list[Asked]] = {}
    sources = [("samples", ROOT / "samples", "samples"), ("real reports", SHARED / "reports", "reports")]
    for name, folder, file in sources:
        if not folder.is_dir():
            sys.exit(f"{folder} is not there: the model is fitted on both sets")
        with indexed(folder, config, encoder) as searcher:
            asked = ROOT / "bench" / "questions"
            sets[name] = list(questions(searcher, asked / f"{file}.jsonl"))
            sets[f"{name}, everyday words"] = list(questions(searcher, asked / f"everyday_{file}.jsonl"))
    asked = [question for members in sets.values() for question in members]
    chances = cross_validated(asked)
    steps = np.arange(0.1, 0.6, 0.025).round(3)
    tried = {(a, e): figures(asked, chances, a, e) for a in steps for e in steps if e <= a}
    best = chosen(tried)
    scaler, model = fitted(asked)
    held: dict[str, Any] = {
        "mean": dict(zip(FEATURES, scaler.mean_.round(5).tolist(), strict=True)),
        "scale": dict(zip(FEATURES, scaler.scale_.round(5).tolist(), strict=True)),
        "weights": dict(zip(FEATURES, model.coef_[0].round(4).tolist(), strict=True)),
        "intercept": round(float(model.intercept_[0]), 4),
        "answer_from": float(best[0]),
        "entry_from": float(best[1]),
        "miss_rate": round(tried[best]["miss rate"], 3),
        "questions": len(asked),
    }
    FILE.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    report(asked, chances, sets, held, tried)


def report(
    asked: list[Asked],
    chances: list[np.ndarray],
    sets: dict[str, list[Asked]],
    held: dict[str, Any],
    tried: dict[tuple[float, float], dict[str, float]],
) -> None:
    labels = np.concatenate([question.labels for question in asked])
    ranked = roc_auc_score(labels[labels >= 0], np.concatenate(chances)[labels >= 0])
    whole = roc_auc_score([q.answerable for q in asked], [chance.max(initial=0) for chance in chances])
    lines = [
        "# Evidence: does a passage answer?",
        "\nMade by `make evidence`; five-fold cross-validation over questions.",
    ]
    lines.append(f"\nAUC over passages {ranked:.3f}; over questions (answerable or not, by the likeliest) {whole:.3f}.")
    names = list(next(iter(tried.values())))
    pair_chosen = (held["answer_from"], held["entry_from"])
    lines += [f"\n| answer from | entry from | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
    for pair, values in tried.items():
        if pair == pair_chosen or pair[1] == min(pair[0], pair_chosen[1]):
            mark = " (chosen)" if pair == pair_chosen else ""
            lines.append(f"| {pair[0]}{mark} | {pair[1]} | " + " | ".join(f"{v:.3f}" for v in values.values()) + " |")
    lines += [f"\n| set | questions | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
    by_id = {question.id: chance for question, chance in zip(asked, chances, strict=True)}
    for name, members in sets.items():
        values = figures(members, [by_id[q.id] for q in members], *pair_chosen)
        lines.append(f"| {name} | {len(members)} | " + " | ".join(f"{v:.3f}" for v in values.values()) + " |")
    lines += ["\n## Risk and coverage\n", "| answered from strength | coverage | risk |", "|---|---|---|"]
    lines += [f"| {least:.3f} | {share:.1f} | {risk:.3f} |" for least, share, risk in risk_and_coverage(asked, chances)]
    lines += ["\n## Weights (standardised features)\n", "| feature | weight |", "|---|---|"]
    lines += [f"| {name} | {weight:+.3f} |" for name, weight in held["weights"].items()]
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / "evidence.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
