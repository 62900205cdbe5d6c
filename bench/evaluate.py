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

import numpy as np
from stard import STARD, stard

from indexer.build import build
from retrieval.codes import new_rotation, token_codec
from retrieval.config import Config, load_config
from retrieval.encoder import Encoder, open_encoder
from retrieval.expansion import open_expander
from retrieval.late import maxsim
from retrieval.ranking import expansion_share
from retrieval.search import Query, Searcher, open_searcher
from retrieval.store import open_index
from retrieval.text import normalise, normalise_query
from wenzheng.evaluation import RANKING, Evaluation, compare, evaluate, interval

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
QUESTIONS = ROOT / "bench" / "questions"


@contextmanager
def indexed(folder: Path, config: Config, encoder: Encoder) -> Iterator[Searcher]:
    with tempfile.TemporaryDirectory() as place:
        build([folder], Path(place), config, encoder, lambda *_: None, rebuild=False)
        yield open_searcher(config, open_index(Path(place)), encoder)


def sets() -> list[tuple[str, Path, Path]]:
    found = [
        ("samples (own questions)", ROOT / "samples", QUESTIONS / "samples.jsonl"),
        ("samples (everyday questions)", ROOT / "samples", QUESTIONS / "everyday_samples.jsonl"),
    ]
    if (SHARED / "reports").is_dir():
        found.append(("five real reports (own questions)", SHARED / "reports", QUESTIONS / "reports.jsonl"))
        found.append(
            ("five real reports (everyday questions)", SHARED / "reports", QUESTIONS / "everyday_reports.jsonl")
        )
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
        "whole-passage vectors + BM25": PlainSearcher(index, encoder, settings),
        "late interaction alone": Searcher(index, encoder, replace(settings, vector_weight=0, lexical_weight=0)),
        "late interaction + vectors": Searcher(index, encoder, replace(settings, lexical_weight=0)),
        "late interaction + vectors + BM25": Searcher(index, encoder, settings),
        "late interaction + vectors + BM25 + vocabulary": searcher,
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
        codec = token_codec(new_rotation(encoder.dimension), encoder.dimension)
        codes = [codec.encode(tokens) for tokens in passages]
        expander = open_expander(config, encoder)
        understood, plain, expanded = [], [], []
        for number, encoded in enumerate(encoder.queries([normalise_query(row["query"]) for row in rows])):
            meant = expander.of(encoded)
            understood.append(meant is not None and meant.measure.term == rows[number]["measure"])
            late = maxsim(encoded.tokens, codes, codec)
            plain.append(gain_of(late, number))
            if meant:
                share = expansion_share(config.search.expansion_weight, meant.surely)
                late = (1 - share) * late + share * maxsim(meant.tokens, codes, codec)
            expanded.append(gain_of(late, number))
        gains = np.array(expanded) - np.array(plain)
        low, high = interval(gains)
        lines.append(
            f"| {model} | {np.mean(understood):.3f} | {np.mean(plain):.3f} | {np.mean(expanded):.3f} "
            f"| {gains.mean():+.3f} ({low:+.3f} to {high:+.3f}) |"
        )
    return lines


def told_apart(models: dict[str, tuple[Config, Encoder]]) -> list[str]:
    """Questions whose passage stands among others, two of them on the same matter that do not answer; none trained on."""
    rows = [json.loads(line) for line in (QUESTIONS / "contrasts.jsonl").read_text("utf-8").splitlines()]
    pool = [passage for row in rows for passage in (row["passage"], *row["near"])]
    starts = np.cumsum([0, *(1 + len(row["near"]) for row in rows)])
    lines = [f"\n## Questions that were not trained on, over {len(pool)} passages, two of them near and no answer\n"]
    lines += ["| model | questions | nDCG@10 late | above both near ones |", "|---" * 4 + "|"]
    for model, (_, encoder) in models.items():
        codec = token_codec(new_rotation(encoder.dimension), encoder.dimension)
        codes = [codec.encode(each.tokens) for each in encoder.passages([normalise(passage) for passage in pool])]
        gains, above = [], []
        for row, start, end in zip(rows, starts, starts[1:], strict=False):
            for encoded in encoder.queries([normalise_query(question) for question in row["questions"]]):
                late = maxsim(encoded.tokens, codes, codec)
                gains.append(gain_of(late, start))
                above.append(late[start] > late[start + 1 : end].max())
        lines.append(f"| {model} | {len(gains)} | {np.mean(gains):.3f} | {np.mean(above):.3f} |")
    return lines


def gain_of(scores: np.ndarray, relevant: int) -> float:
    """nDCG@10 with one relevant passage."""
    place = int((scores > scores[relevant]).sum())
    return float(1 / np.log2(place + 2)) if place < 10 else 0.0


def main() -> None:
    config = load_config(ROOT / "config.toml")
    base = replace(config, model=replace(config.model, adapted=False))
    models = {"base": (base, open_encoder(base)), "adapted": (config, open_encoder(config))}
    lines = ["# Evaluation", "\nMade by `make eval`. Intervals are 95 % bootstrap intervals over questions."]
    for name, reports, questions in sets():
        lines += ablations(name, reports, questions, models)
    lines += held_out(models)
    lines += told_apart(models)
    if STARD.is_dir():
        lines += stard(models)
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / "evaluation.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
