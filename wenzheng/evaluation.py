"""Score search and answers against judged questions; metrics by ir-measures, confidence by the bootstrap.

A question is a line of JSON: `id`, `query`, `kind`, `overlap`, `relevant` (each with `doc`, `status` and either
`quote` or `offset` and `length` in the original file), `partial`, `near_miss`, `regions`. A quote counts as found when
a passage of that document holds it, white space ignored. Partial quotes are neutral: their passages are left out of
the ranking that is scored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
from ir_measures import RR, P, Qrel, ScoredDoc, nDCG

from retrieval.errors import ReadError
from retrieval.search import Searcher
from retrieval.types import Passage, ReportSummary
from webapp.answer import ask
from webapp.finding import find

_SPACE = re.compile(r"\s+")
_DEPTH = 10
_RESAMPLES = 2000
_SEED = 1
RANKING = ("nDCG@10", "P@1", "MRR", "recall@10")


Held = list[tuple[Passage, ReportSummary, str]]


@dataclass(frozen=True, slots=True)
class Scored:
    """One question's figures by name; a figure that does not apply is absent."""

    id: str
    kind: str
    overlap: str
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All questions' figures, and when two configurations were compared, the other's under the same ids."""

    questions: tuple[Scored, ...]
    other: tuple[Scored, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Groups of figures, each with value, 95 % confidence interval and count."""
        groups = {name: _summarise(members) for name, members in _groups(self.questions)}
        result: dict[str, Any] = {"questions": len(self.questions), "groups": groups}
        if self.other:
            result["against"] = {name: _summarise(members) for name, members in _groups(self.other)}
            result["difference"] = _differences(self.questions, self.other)
        return result

    def as_markdown(self) -> str:
        """A table a person can read, one row a group."""
        names = (*RANKING, "region F1", "found balanced accuracy", "role accuracy", "near misses")
        lines = [f"| group | questions | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
        for group, members in _groups(self.questions):
            figures = _summarise(members)
            cells = [_cell(figures.get(name)) for name in names]
            lines.append(f"| {group} | {len(members)} | {' | '.join(cells)} |")
        for name, value in _differences(self.questions, self.other).items() if self.other else ():
            low, high = value["interval"]
            lines.append(f"\n{name}: {value['value']:+.3f} against the other (95 % interval {low:+.3f} to {high:+.3f})")
        return "\n".join(lines)


def evaluate(searcher: Searcher, path: Path) -> Evaluation:
    """Ask every question of a file. Raises ReadError naming the line at fault."""
    passages = held_passages(searcher)
    questions = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            question = json.loads(line)
            questions.append(_score(searcher, question, passages))
        except (ValueError, KeyError, TypeError) as error:
            raise ReadError(f"{path} 第 {number} 行读不懂：{error!r}", f"{path} line {number}: {error!r}") from error
    return Evaluation(tuple(questions))


def held_passages(searcher: Searcher) -> Held:
    """All passages with their reports and their words without white space, as quotes are looked for in them."""
    return [(passage, summary, _SPACE.sub("", passage.text)) for passage, summary in searcher.index.passages()]


def compare(one: Evaluation, other: Evaluation) -> Evaluation:
    """The first with the second beside it."""
    return Evaluation(one.questions, other.questions)


def evaluate_run(qrels: Path, run: Path) -> dict[str, float]:
    """nDCG@10, P@1 and MRR of a TREC run against TREC qrels."""
    measures = {nDCG @ 10: "nDCG@10", P @ 1: "P@1", RR: "MRR"}
    judged: Any = ir_measures
    found = judged.calc_aggregate(measures, judged.read_trec_qrels(str(qrels)), judged.read_trec_run(str(run)))
    return {measures[measure]: value for measure, value in found.items()}


def _score(searcher: Searcher, question: dict[str, Any], passages: Held) -> Scored:
    relevant = [(q, holders(searcher, q, passages)) for q in question.get("relevant", [])]
    wanted = {passage_id for _, holders in relevant for passage_id in holders}
    neutral = {i for q in question.get("partial", []) for i in holders(searcher, q, passages)} - wanted
    missed = {i for q in question.get("near_miss", []) for i in holders(searcher, q, passages)} - wanted
    values: dict[str, float] = {}
    if relevant:
        hits = find(searcher, question["query"], limit=3 * _DEPTH).results.hits
        ranked = [hit.passage.id for hit in hits if hit.passage.id not in neutral][:_DEPTH]
        values |= _ranking(ranked, wanted)
        values["recall@10"] = float(np.mean([bool(set(holders) & set(ranked)) for _, holders in relevant]))
    answer = ask(searcher, question["query"])
    values["found" if relevant else "rejected"] = float(answer.found == bool(relevant))
    values["near misses"] = float(sum(entry.hit.passage.id in missed for entry in answer.entries))
    if relevant and answer.kind in ("places", "open") and question["kind"] not in ("fact", "compare"):
        named = {_document(entry.hit.report, question) for entry in answer.entries}
        values["region F1"] = _f1(named, set(question["regions"]))
    roles = {i: q["status"] for q, holders in relevant for i in holders}
    cited = [entry.hit.passage for entry in answer.entries if entry.hit.passage.id in roles]
    if cited:
        values["role accuracy"] = float(np.mean([roles[passage.id] == passage.role for passage in cited]))
    return Scored(question["id"], question["kind"], question.get("overlap", ""), values)


def holders(searcher: Searcher, quote: dict[str, Any], passages: Held) -> list[str]:
    """Ids of the passages that hold a quote."""
    held = [(p, s, text) for p, s, text in passages if s.source_name.startswith(quote["doc"])]
    if not held:
        return []
    words = quote.get("quote") or _original(searcher, held[0][1])[quote["offset"] : quote["offset"] + quote["length"]]
    bare_words = _SPACE.sub("", words)
    return [passage.id for passage, _, text in held if bare_words in text]


def _original(searcher: Searcher, summary: ReportSummary) -> str:
    return searcher.index.original(summary).read_text(encoding="utf-8")


def _ranking(ranked: list[str], wanted: set[str]) -> dict[str, float]:
    run = [ScoredDoc("q", passage_id, float(-place)) for place, passage_id in enumerate(ranked)]
    qrels = [Qrel("q", passage_id, 1) for passage_id in wanted]
    measures = {nDCG @ 10: "nDCG@10", P @ 1: "P@1", RR @ 10: "MRR"}
    found = ir_measures.calc_aggregate(measures, qrels, run)
    return {measures[measure]: float(value) for measure, value in found.items()}


def _document(summary: ReportSummary, question: dict[str, Any]) -> str:
    """The report's name as the question's judgements abbreviate it."""
    known = {quote["doc"] for quote in question["relevant"]}
    return next((doc for doc in known if summary.source_name.startswith(doc)), summary.source_name)


def _f1(named: set[str], wanted: set[str]) -> float:
    return 2 * len(named & wanted) / (len(named) + len(wanted)) if named or wanted else 1.0


def _groups(questions: Iterable[Scored]) -> list[tuple[str, list[Scored]]]:
    members = list(questions)
    groups: list[tuple[str, list[Scored]]] = [("all", members)]
    parts: list[tuple[str, Callable[[Scored], str]]] = [("kind", lambda q: q.kind), ("overlap", lambda q: q.overlap)]
    for name, part in parts:
        for value in sorted({part(question) for question in members if question.values.get("nDCG@10") is not None}):
            groups.append((f"{name} {value}", [q for q in members if part(q) == value and "nDCG@10" in q.values]))
    return groups


def _summarise(members: list[Scored]) -> dict[str, dict[str, Any]]:
    names = dict.fromkeys(name for question in members for name in question.values)
    figures: dict[str, dict[str, Any]] = {}
    for name in names:
        values = np.array([question.values[name] for question in members if name in question.values])
        figures[name] = {"value": float(values.mean()), "interval": interval(values), "count": len(values)}
    if "found" in figures and "rejected" in figures:
        halves = (figures["found"]["value"], figures["rejected"]["value"])
        count = figures["found"]["count"] + figures["rejected"]["count"]
        figures["found balanced accuracy"] = {"value": sum(halves) / 2, "count": count}
    if "near misses" in figures:
        total = sum(question.values.get("near misses", 0) for question in members)
        figures["near misses"] = {"value": total, "count": len(members)}
    return figures


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % of the means of resampled questions (Efron's percentile bootstrap)."""
    chance = np.random.default_rng(_SEED)
    means = values[chance.integers(0, len(values), (_RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _differences(one: Iterable[Scored], other: Iterable[Scored]) -> dict[str, dict[str, Any]]:
    """Paired differences of the ranking figures, question by question."""
    theirs = {question.id: question for question in other}
    result = {}
    for name in RANKING:
        pairs = [(q.values[name], theirs[q.id].values[name]) for q in one if name in q.values and q.id in theirs]
        if pairs:
            values = np.array([a - b for a, b in pairs])
            result[name] = {"value": float(values.mean()), "interval": interval(values), "count": len(values)}
    return result


def _cell(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return "–"
    interval = figure.get("interval")
    return f"{figure['value']:.3f}" + (f" ({interval[0]:.2f}–{interval[1]:.2f})" if interval else "")
