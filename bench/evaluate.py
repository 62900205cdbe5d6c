"""Score the present configuration and its ablations on every set of judged questions at hand.

    python bench/evaluate.py            (or: make eval)

Writes bench/results/evaluation.md. The real reports and the given questions lie beside the project, in ../shared;
without them only the samples are scored. A public set of lay people's legal questions against statutes (STARD) is
scored in the same run, with paired confidence intervals, to see that nothing is tuned to five reports alone.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import Qrel, ScoredDoc, nDCG

from indexer.build import build
from retrieval.config import Config, load_config
from retrieval.encoder import Encoder, open_encoder
from retrieval.expansion import open_expander
from retrieval.late import maxsim, quantise
from retrieval.lexical import LexicalIndex, write_lexical
from retrieval.ranking import filled, spread, standardise
from retrieval.search import Query, Searcher, open_searcher
from retrieval.store import open_index
from retrieval.text import normalise, normalise_query, tokens
from wenzheng.evaluation import RANKING, Evaluation, compare, evaluate, interval

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
QUESTIONS = ROOT / "bench" / "questions"
CANDIDATES = 100


@contextmanager
def indexed(folder: Path, config: Config, encoder: Encoder) -> Iterator[Searcher]:
    with tempfile.TemporaryDirectory() as place:
        build([folder], Path(place), config, encoder, lambda *_: None, rebuild=False)
        yield open_searcher(config, open_index(Path(place)), encoder)


def sets() -> list[tuple[str, Path, Path]]:
    found = [("samples (own questions)", ROOT / "samples", QUESTIONS / "samples.jsonl")]
    if (SHARED / "reports").is_dir():
        found.append(("five real reports (own questions)", SHARED / "reports", QUESTIONS / "reports.jsonl"))
        found.append(("five real reports (given questions)", SHARED / "reports", SHARED / "eval" / "dev.jsonl"))
    return found


class PlainSearcher(Searcher):
    """The plain system: whole-passage vectors and BM25."""

    def prepare(self, text: str, *, expand: bool = True) -> Query:  # noqa: ARG002  # it never expands
        query = super().prepare(text, expand=False)
        return replace(query, encoded=replace(query.encoded, tokens=query.encoded.tokens[:0]))


def variants(searcher: Searcher) -> dict[str, Searcher]:
    """The present configuration last, and what it is made of."""
    index, encoder, settings = searcher.index, searcher.encoder, searcher.settings
    return {
        "whole-passage vectors + BM25": PlainSearcher(index, encoder, replace(settings, meaning_weight=0.65)),
        "late interaction alone": Searcher(index, encoder, replace(settings, meaning_weight=1)),
        "late interaction + BM25": Searcher(index, encoder, settings),
        "late interaction + BM25 + vocabulary": searcher,
    }


def row(name: str, evaluation: Evaluation) -> str:
    groups = evaluation.as_dict()["groups"]
    figures = [groups["all"][measure]["value"] for measure in RANKING]
    low = groups.get("overlap low", {}).get("nDCG@10", {}).get("value", float("nan"))
    rest = [groups["all"].get(m, {}).get("value", float("nan")) for m in ("region F1", "found balanced accuracy")]
    cells = [figures[0], low, *figures[1:], *rest]
    return f"| {name} | " + " | ".join(f"{value:.3f}" for value in cells) + " |"


def ablations(name: str, reports: Path, questions: Path, models: dict[str, tuple[Config, Encoder]]) -> list[str]:
    header = "| configuration | nDCG@10 | low overlap | P@1 | MRR | recall@10 | region F1 | found bal. acc. |"
    lines = [f"\n## {name}\n", header, "|---" * 8 + "|"]
    results: dict[str, Evaluation] = {}
    times: dict[str, float] = {}
    for model, (config, encoder) in models.items():
        with indexed(reports, config, encoder) as searcher:
            for variant, configured in variants(searcher).items():
                label = f"{model}: {variant}"
                results[label] = evaluate(configured, questions)
                times[label] = median_time(configured, questions)
                lines.append(row(label, results[label]))
    first, default = next(iter(results)), list(results)[-1]
    lines.append(
        f"\nMedian search time: {times[default]:.1f} ms for the default, {times[first]:.1f} ms for the plain system "
        f"({times[default] / times[first]:.1f}x)."
    )
    lines.append("\nThe default in full, and against the first row:\n")
    lines.append(compare(results[default], results[first]).as_markdown())
    return lines


def median_time(searcher: Searcher, questions: Path) -> float:
    """Milliseconds for a first page of results."""
    asked = [json.loads(line)["query"] for line in questions.read_text("utf-8").splitlines()]
    return statistics.median(searcher.search(query).took_ms for query in asked)


def held_out(models: dict[str, tuple[Config, Encoder]]) -> list[str]:
    """One everyday question for each measure of the vocabulary, none of them trained on, and one passage that answers."""
    rows = [json.loads(line) for line in (QUESTIONS / "measures.jsonl").read_text("utf-8").splitlines()]
    lines = [f"\n## {len(rows)} everyday questions, one for each measure, and one passage for each (none trained on)\n"]
    lines += ["| model | measure understood | nDCG@10 late | with vocabulary | gain (95 %) |", "|---" * 5 + "|"]
    for model, (config, encoder) in models.items():
        passages = [each.tokens for each in encoder.passages([normalise(row["passage"]) for row in rows])]
        codes = [quantise(tokens) for tokens in passages]
        expander = open_expander(config, encoder)
        understood, plain, expanded = [], [], []
        for number, encoded in enumerate(encoder.queries([normalise_query(row["query"]) for row in rows])):
            meant = expander.of(encoded)
            understood.append(meant is not None and meant.measure.term == rows[number]["measure"])
            late = standardise(maxsim(encoded.tokens, codes))
            plain.append(gain_of(late, number))
            if meant:
                weight = config.search.expansion_weight
                late = (1 - weight) * late + weight * standardise(maxsim(meant.tokens, codes))
            expanded.append(gain_of(late, number))
        gains = np.array(expanded) - np.array(plain)
        low, high = interval(gains)
        lines.append(
            f"| {model} | {np.mean(understood):.3f} | {np.mean(plain):.3f} | {np.mean(expanded):.3f} "
            f"| {gains.mean():+.3f} ({low:+.3f} to {high:+.3f}) |"
        )
    return lines


def gain_of(scores: np.ndarray, relevant: int) -> float:
    """nDCG@10 with one relevant passage."""
    place = int((scores > scores[relevant]).sum())
    return float(1 / np.log2(place + 2)) if place < 10 else 0.0


def stard(models: dict[str, tuple[Config, Encoder]]) -> list[str]:
    folder = SHARED / "eval" / "stard"
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines()]
    queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()]
    judged = [line.split("\t") for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()]
    qrels = [Qrel(q, d, int(grade)) for q, d, grade in judged if grade.strip().isdigit()]
    texts = [normalise(doc["text"]) for doc in corpus]
    ids = [str(doc["id"]) for doc in corpus]
    lines = ["\n## STARD: 154 legal questions of lay people, 4,387 statutes (nDCG@10)\n"]
    lines += [
        "| model | BM25 | vectors | late interaction | late + BM25 | with vocabulary (default) | recall@100 of candidates |",
        "|---" * 7 + "|",
    ]
    with tempfile.TemporaryDirectory() as place:
        write_lexical(Path(place) / "lexical", texts)
        lexical = LexicalIndex(Path(place) / "lexical")
        for model, (config, encoder) in models.items():
            expander = open_expander(config, encoder)
            encoded = encoder.passages(texts)
            pooled = np.stack([each.pooled for each in encoded])
            codes = [quantise(each.tokens) for each in encoded]
            runs: dict[str, list[ScoredDoc]] = {name: [] for name in ("bm25", "dense", "late", "fused", "default")}
            held = []
            for query in queries:
                normalised = normalise_query(query["text"])
                vectors = encoder.queries([normalised])[0]
                words = lexical.scores(tokens(normalised))
                near = pooled @ vectors.pooled
                first, second = np.argsort(-words)[:CANDIDATES], np.argsort(-near)[:CANDIDATES]
                rows = np.union1d(first, second)
                late = maxsim(vectors.tokens, [codes[i] for i in rows])
                weight = config.search.meaning_weight
                meaning = standardise(late)
                meant = expander.of(vectors)
                if meant:
                    share = config.search.expansion_weight
                    official = standardise(maxsim(meant.tokens, [codes[i] for i in rows]))
                    meaning = (1 - share) * meaning + share * official
                lexical_part = (1 - weight) * filled(spread(rows, np.sort(first), standardise(words[np.sort(first)])))
                parts = {
                    "bm25": words[rows],
                    "dense": near[rows],
                    "late": late,
                    "fused": weight * standardise(late) + lexical_part,
                    "default": weight * meaning + lexical_part,
                }
                name = str(query["id"])
                wanted = {r.doc_id for r in qrels if r.query_id == name and r.relevance > 0}
                held.append(len(wanted & {ids[i] for i in rows}) / max(1, len(wanted)))
                for part, scores in parts.items():
                    runs[part] += [ScoredDoc(name, ids[i], float(s)) for i, s in zip(rows, scores, strict=True)]
            by_query = {
                part: {m.query_id: m.value for m in ir_measures.iter_calc([nDCG @ 10], qrels, run)}
                for part, run in runs.items()
            }
            means = [float(np.mean(list(values.values()))) for values in by_query.values()]
            lines.append(f"| {model} | " + " | ".join(f"{v:.3f}" for v in means) + f" | {np.mean(held):.3f} |")
            for part in ("bm25", "dense", "late", "fused"):
                gains = np.array([by_query["default"][q] - by_query[part][q] for q in by_query["default"]])
                low, high = interval(gains)
                lines.append(
                    f"| {model}: default minus {part} | {gains.mean():+.3f} ({low:+.3f} to {high:+.3f}) | | | | | |"
                )
    return lines


def main() -> None:
    config = load_config(ROOT / "config.toml")
    base = replace(config, model=replace(config.model, adapted=False))
    models = {"base": (base, open_encoder(base)), "adapted": (config, open_encoder(config))}
    lines = ["# Evaluation", "\nMade by `make eval`. Intervals are 95 % bootstrap intervals over questions."]
    for name, reports, questions in sets():
        lines += ablations(name, reports, questions, models)
    lines += held_out(models)
    if (SHARED / "eval" / "stard").is_dir():
        lines += stard(models)
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / "evaluation.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
