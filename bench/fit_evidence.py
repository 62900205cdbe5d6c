"""Fit the model that tells whether a passage answers a question, and measure it by cross-validation.

    python bench/fit_evidence.py            (or: make evidence)

Writes webapp/evidence.json and bench/results/evidence.md. Only this project's own questions are used: those over the
samples and those over the five real reports, each asked of its reports alone and among distracting passages, since an
index of any size must know what it does not hold. Each question's passages are predicted by a model that never saw the
question at any size (five folds).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from distractors import among, templates
from evaluate import ROOT, SHARED
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from retrieval.config import load_config
from retrieval.encoder import open_encoder
from retrieval.filters import admitting
from retrieval.search import Searcher
from retrieval.types import Filters
from webapp.answer import DEPTH
from webapp.evidence import FEATURES, FILE, NAMED, evidence_model, features, gives_figure
from webapp.finding import find
from webapp.survey import ENTRY_FROM, ask_each
from wenzheng.evaluation import held_passages, holders

# Folders, whose names their questions' files have, by what they are called.
SOURCES = {ROOT / "samples": "samples", SHARED / "reports": "real reports"}
FOLDS = 5
STRENGTH = 3.0
# The least share of the places named that have what is asked, at every size.
PRECISE = 0.75
# Distracting passages beside the reports; the most first, so that they are embedded once.
SIZES = (10_000, 1_000, 0)
# From what strength on passages may count where a measure is asked for by its name.
NAMED_STEPS = (0.05, 0.1, 0.15, 0.2, 0.3)
# Folds are drawn so often: where a question falls moves the figures by more than a step of the thresholds.
DRAWS = 6
# From where strengths are put together in a table.
BOUNDS = (0.1, 0.2, 0.3, 0.5, 0.8)
# The least share of questions without an answer that get none, on the mean of all sizes.
CAREFUL = 0.8


@dataclass(frozen=True)
class Asked:
    """One question at one size: `features` and `labels` (1 relevant, 0 not, -1 partial) of its hits, in their order."""

    id: str
    set: str
    size: int
    kind: str
    answerable: bool
    features: np.ndarray
    labels: np.ndarray
    usable: np.ndarray
    places: tuple[str, ...]
    wanted: frozenset[str]


def questions(searcher: Searcher, path: Path, name: str, size: int) -> Iterator[Asked]:
    passages = held_passages(searcher)
    for line in path.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        relevant = {i for quote in question["relevant"] for i in holders(searcher, quote, passages)}
        partial = {i for quote in question.get("partial", []) for i in holders(searcher, quote, passages)}
        found = find(searcher, question["query"], limit=DEPTH)
        in_scope = any(map(admitting(found.question.filters), searcher.index.reports))
        hits = found.results.hits if in_scope and not found.question.missing else ()
        yield Asked(
            id=question["id"],
            set=name,
            size=size,
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


def fitted(asked: list[Asked], names: Sequence[str] = FEATURES) -> tuple[StandardScaler, LogisticRegression]:
    rows = np.concatenate([_only(names, question) for question in asked])
    labels = np.concatenate([question.labels for question in asked])
    judged = labels >= 0
    scaler = StandardScaler().fit(rows[judged])
    model = LogisticRegression(C=STRENGTH, max_iter=5000).fit(scaler.transform(rows[judged]), labels[judged])
    return scaler, model


def _only(names: Sequence[str], question: Asked) -> np.ndarray:
    """Some of the features, (hits, names)."""
    found: np.ndarray = question.features[:, [FEATURES.index(name) for name in names]]
    return found


def predicted(
    scaler: StandardScaler, model: LogisticRegression, question: Asked, names: Sequence[str] = FEATURES
) -> np.ndarray:
    if not len(question.features):
        return np.zeros(0)
    return model.predict_proba(scaler.transform(_only(names, question)))[:, 1] * question.usable


def cross_validated(asked: list[Asked], seed: int, names: Sequence[str] = FEATURES) -> list[np.ndarray]:
    """Each question's probabilities from a model over some features, fitted without it at any size."""
    own = sorted({(question.set, question.id) for question in asked})
    folds = dict(zip(own, np.random.default_rng(seed).permutation(len(own)) % FOLDS, strict=True))
    chances: list[np.ndarray] = [np.zeros(0)] * len(asked)
    for fold in range(FOLDS):
        scaler, model = fitted([question for question in asked if folds[question.set, question.id] != fold], names)
        for number, question in enumerate(asked):
            if folds[question.set, question.id] == fold:
                chances[number] = predicted(scaler, model, question, names)
    return chances


def figures(asked: list[Asked], chances: list[np.ndarray], answer_from: float, entry_from: float) -> dict[str, float]:
    """What cross-validation gives at a pair of thresholds."""
    found, rejected, scores, missed, right = [], [], [], [], []
    for question, chance in zip(asked, chances, strict=True):
        taken = {place for place, p in zip(question.places, chance, strict=True) if p >= entry_from}
        taken = taken if chance.max(initial=0) >= answer_from else set()
        (found if question.answerable else rejected).append(bool(taken) == question.answerable)
        if question.kind == "places":
            right += [place in question.wanted for place in taken]
        if question.answerable and question.kind == "places":
            scores.append(2 * len(taken & question.wanted) / (len(taken) + len(question.wanted)))
            missed += [place not in taken for place in question.wanted]
    return {
        "region F1": float(np.mean(scores)),
        "precision": float(np.mean(right)) if right else 1.0,
        "found": float(np.mean(found)),
        "rejected": float(np.mean(rejected)),
        "balanced accuracy": float(np.mean(found) + np.mean(rejected)) / 2,
        "miss rate": float(np.mean(missed)),
    }


def chosen(tried: Mapping[tuple[float, float], Mapping[int, dict[str, float]]]) -> tuple[float, float]:
    """The thresholds that find the places best and tell best whether there is an answer, of those that are careful.

    A place wrongly said to have a measure is worse than no answer: most of the places named must be right even where
    ten thousand passages lie about. Figures are by size, and all sizes count alike.
    """

    def mean(pair: tuple[float, float], *measures: str) -> float:
        return float(np.mean([sum(values[measure] for measure in measures) for values in tried[pair].values()]))

    precise = [pair for pair, sizes in tried.items() if min(v["precision"] for v in sizes.values()) >= PRECISE]
    careful = [pair for pair in precise if mean(pair, "rejected") >= CAREFUL]
    return max(careful, key=lambda pair: mean(pair, "region F1", "balanced accuracy"))


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


def all_asked() -> list[Asked]:
    """Every question over its reports, alone and among distracting passages."""
    config = load_config(ROOT / "config.toml")
    encoder = open_encoder(config)
    asked: list[Asked] = []
    for folder, size, searcher in among(SOURCES, SIZES, templates(config, encoder), config, encoder):
        for words, prefix in (("", ""), (", everyday words", "everyday_")):
            path = ROOT / "bench" / "questions" / f"{prefix}{folder.name}.jsonl"
            asked += questions(searcher, path, f"{SOURCES[folder]}{words}", size)
    return asked


def surveys_of_all() -> dict[int, tuple[float, float]]:
    """By size, of the places that surveys name the share that have what is asked, and the share that they miss.

    Asked are the questions for places, with the models that the program has.
    """
    config = load_config(ROOT / "config.toml")
    encoder = open_encoder(config)
    right: dict[int, list[bool]] = {size: [] for size in sorted(SIZES)}
    found: dict[int, list[bool]] = {size: [] for size in sorted(SIZES)}
    for folder, size, searcher in among(SOURCES, SIZES, templates(config, encoder), config, encoder):
        passages = held_passages(searcher)
        for name in (folder.name, f"everyday_{folder.name}"):
            for line in (ROOT / "bench" / "questions" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
                question = json.loads(line)
                relevant = {i for quote in question["relevant"] for i in holders(searcher, quote, passages)}
                if question["kind"] in ("fact", "compare"):
                    continue
                named = set(ask_each(searcher, question["query"], Filters()).entries)
                wanted = {summary.id for passage, summary, _ in passages if passage.id in relevant}
                right[size] += [report in wanted for report in named]
                found[size] += [report in named for report in wanted]
    return {size: (float(np.mean(right[size])), 1 - float(np.mean(found[size]))) for size in right}


def main() -> None:
    for folder in SOURCES:
        if not folder.is_dir():
            sys.exit(f"{folder} is not there: the model is fitted on both sets")
    asked = all_asked()
    draws = [cross_validated(asked, seed) for seed in range(DRAWS)]
    steps = np.arange(0.1, 0.6, 0.025).round(3)
    tried = {(a, e): by_size(asked, draws, a, e) for a in steps for e in steps if e <= a}
    best = chosen(tried)
    scaler, model = fitted(asked)
    draws_by_name = [cross_validated(asked, seed, NAMED) for seed in range(DRAWS)]
    tried_by_name = {least: by_size(asked, draws_by_name, least, least) for least in NAMED_STEPS}
    held: dict[str, Any] = {
        "mean": dict(zip(FEATURES, scaler.mean_.round(5).tolist(), strict=True)),
        "scale": dict(zip(FEATURES, scaler.scale_.round(5).tolist(), strict=True)),
        "weights": dict(zip(FEATURES, model.coef_[0].round(4).tolist(), strict=True)),
        "intercept": round(float(model.intercept_[0]), 4),
        "answer_from": float(best[0]),
        "entry_from": float(best[1]),
        "miss_rate": round(float(np.mean([values["miss rate"] for values in tried[best].values()])), 3),
        "questions": len({(question.set, question.id) for question in asked}),
        "survey_miss_rate": 0.0,
        "named": named_model(asked),
    }
    FILE.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    evidence_model.cache_clear()
    whole = surveys_of_all()
    held["survey_miss_rate"] = round(float(np.mean([missed for _, missed in whole.values()])), 3)
    FILE.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    report(asked, draws, held, tried, tried_by_name, whole)


def named_model(asked: list[Asked]) -> dict[str, Any]:
    """The model for measures that are asked for by their very name."""
    _, model = fitted(asked, NAMED)
    return {
        "weights": dict(zip(NAMED, model.coef_[0].round(4).tolist(), strict=True)),
        "intercept": round(float(model.intercept_[0]), 4),
    }


def by_size(
    asked: list[Asked], draws: list[list[np.ndarray]], answer_from: float, entry_from: float, name: str | None = None
) -> dict[int, dict[str, float]]:
    """The mean figures of all draws at each size, of one set or of all."""
    found = {}
    for size in sorted(SIZES):
        own = [n for n, question in enumerate(asked) if question.size == size and name in (None, question.set)]
        drawn = [
            figures([asked[n] for n in own], [chances[n] for n in own], answer_from, entry_from) for chances in draws
        ]
        found[size] = {measure: float(np.mean([each[measure] for each in drawn])) for measure in drawn[0]}
    return found


def report(
    asked: list[Asked],
    draws: list[list[np.ndarray]],
    held: dict[str, Any],
    tried: dict[tuple[float, float], dict[int, dict[str, float]]],
    tried_by_name: Mapping[float, Mapping[int, dict[str, float]]],
    surveys: Mapping[int, tuple[float, float]],
) -> None:
    chances = draws[0]
    labels = np.concatenate([question.labels for question in asked])
    ranked = roc_auc_score(labels[labels >= 0], np.concatenate(chances)[labels >= 0])
    whole = roc_auc_score([q.answerable for q in asked], [chance.max(initial=0) for chance in chances])
    pair_chosen = (held["answer_from"], held["entry_from"])
    names = list(tried[pair_chosen][0])
    header = [f"{' | '.join(names)} |", "|---" * (len(names) + 3) + "|"]
    lines = [
        "# Evidence: does a passage answer?",
        "\nMade by `make evidence`; five-fold cross-validation over questions, each asked at every size; the mean of six draws of "
        "the folds, but for the AUCs and for risk and coverage, which are of one.",
        f"\nAUC over passages {ranked:.3f}; over questions (answerable or not, by the likeliest) {whole:.3f}.",
        f"\n| answer from | entry from | distracting passages | {header[0]}",
        header[1],
    ]
    for pair, sizes in tried.items():
        if pair == pair_chosen or pair[1] == min(pair[0], pair_chosen[1]):
            mark = " (chosen)" if pair == pair_chosen else ""
            lines += [row(f"{pair[0]}{mark} | {pair[1]} | {size}", values) for size, values in sizes.items()]
    lines += [f"\n| set | questions | distracting passages | {header[0]}", header[1]]
    for name in dict.fromkeys(question.set for question in asked):
        count = len({question.id for question in asked if question.set == name})
        found = by_size(asked, draws, *pair_chosen, name)
        lines += [row(f"{name} | {count} | {size}", values) for size, values in found.items()]
    lines += by_strength(asked, draws)
    lines += ["\n## The model for measures asked for by name, over the same passages\n"]
    lines += [f"| from | distracting passages | {header[0]}", header[1].removesuffix("---|")]
    for least, sizes in tried_by_name.items():
        mark = " (in use)" if least == ENTRY_FROM else ""
        lines += [row(f"{least}{mark} | {size}", values) for size, values in sizes.items()]
    lines += ["\n## Surveys themselves: every report asked, the questions for places, the models as they ship\n"]
    lines += ["| distracting passages | precision | miss rate |", "|---|---|---|"]
    lines += [f"| {size} | {right:.3f} | {missed:.3f} |" for size, (right, missed) in surveys.items()]
    lines += ["\n## Risk and coverage\n", "| answered from strength | coverage | risk |", "|---|---|---|"]
    lines += [f"| {least:.3f} | {share:.1f} | {risk:.3f} |" for least, share, risk in risk_and_coverage(asked, chances)]
    lines += ["\n## Weights (standardised features)\n", "| feature | weight | asked by name |", "|---|---|---|"]
    by_name = held["named"]["weights"]
    for name, weight in held["weights"].items():
        lines.append(f"| {name} | {weight:+.3f} | {f'{by_name[name]:+.3f}' if name in by_name else ''} |")
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / "evidence.md").write_text(text, encoding="utf-8")
    print(text)


def by_strength(asked: list[Asked], draws: list[list[np.ndarray]]) -> list[str]:
    """How many of the places that a passage of a strength would name have what is asked, as a table."""
    named: dict[tuple[int, float], list[bool]] = {}
    for chances in draws:
        for question, chance in zip(asked, chances, strict=True):
            if question.kind == "places":
                # The last of a place's passages counts: in the order of their strength its likeliest.
                best = {question.places[n]: chance[n] for n in np.argsort(chance)}
                for place, strength in best.items():
                    least = max((bound for bound in BOUNDS if bound <= strength), default=0.0)
                    named.setdefault((question.size, least), []).append(place in question.wanted)
    lines = ["\n## Places by the strength of their likeliest passage: the share that have what is asked\n"]
    lines += [f"| distracting passages | {' | '.join(f'from {bound}' for bound in BOUNDS)} |"]
    lines += ["|---" * (len(BOUNDS) + 1) + "|"]
    for size in sorted(SIZES):
        lines.append(f"| {size} | " + " | ".join(f"{np.mean(named[size, bound]):.2f}" for bound in BOUNDS) + " |")
    return lines


def row(name: str, values: Mapping[str, float]) -> str:
    return f"| {name} | " + " | ".join(f"{value:.3f}" for value in values.values()) + " |"


if __name__ == "__main__":
    main()
