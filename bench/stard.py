"""The public set: legal questions of lay people against statutes, ranked by each part of the default and by all of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import Qrel, ScoredDoc, nDCG

from retrieval.codes import new_rotation, token_codec
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.expansion import open_expander
from retrieval.late import maxsim
from retrieval.lexical import LexicalIndex, write_lexical
from retrieval.ranking import expansion_share, fuse
from retrieval.text import normalise, normalise_query, tokens
from wenzheng.evaluation import interval

STARD = Path(__file__).parent.parent.parent / "shared" / "eval" / "stard"
CANDIDATES = 100
# Each part alone, the three together, and the default: these with the vocabulary.
PARTS = ("bm25", "dense", "late", "fused", "default")
Scores = Iterable[tuple[int, float]]


@dataclass(frozen=True)
class Statutes:
    """The set: normalised texts with their ids, questions by id, judgements."""

    ids: list[str]
    texts: list[str]
    questions: dict[str, str]
    qrels: list[Qrel]


def load() -> Statutes:
    corpus = [json.loads(line) for line in (STARD / "corpus.jsonl").read_text("utf-8").splitlines()]
    queries = [json.loads(line) for line in (STARD / "queries.jsonl").read_text("utf-8").splitlines()]
    judged = [line.split("\t") for line in (STARD / "qrels.tsv").read_text("utf-8").splitlines()]
    return Statutes(
        ids=[str(doc["id"]) for doc in corpus],
        texts=[normalise(doc["text"]) for doc in corpus],
        questions={str(query["id"]): query["text"] for query in queries},
        qrels=[Qrel(q, d, int(grade)) for q, d, grade in judged if grade.strip().isdigit()],
    )


class Ranker:
    """The statutes encoded by one model."""

    def __init__(self, texts: list[str], lexical: LexicalIndex, config: Config, encoder: Encoder) -> None:
        encoded = encoder.passages(texts)
        self._pooled = np.stack([each.pooled for each in encoded])
        self._codec = token_codec(new_rotation(encoder.dimension), encoder.dimension)
        self._codes = [self._codec.encode(each.tokens) for each in encoded]
        self._lexical, self._settings, self._encoder = lexical, config.search, encoder
        self._expander = open_expander(config, encoder)

    def scores(self, question: str) -> dict[str, Scores]:
        """For each of PARTS the candidates (statute numbers) with their scores."""
        normalised = normalise_query(question)
        vectors = self._encoder.queries([normalised])[0]
        words, near = self._lexical.scores(tokens(normalised)), self._pooled @ vectors.pooled
        first, second = np.sort(np.argsort(-words)[:CANDIDATES]), np.argsort(-near)[:CANDIDATES]
        rows = np.union1d(first, second)
        codes = [self._codes[row] for row in rows]
        late = maxsim(vectors.tokens, codes, self._codec)
        meant = self._expander.of(vectors)
        nothing = np.full(len(rows), np.nan)
        share = expansion_share(self._settings.expansion_weight, meant.surely) if meant else 0.0
        found: dict[str, Scores] = {
            name: list(zip(rows, scores, strict=True))
            for name, scores in (("bm25", words[rows]), ("dense", near[rows]), ("late", late))
        }
        official = maxsim(meant.tokens, codes, self._codec) if meant else nothing
        for name, measure in (("fused", nothing), ("default", official)):
            weights = (self._settings.vector_weight, self._settings.lexical_weight, share)
            ranked = fuse(rows, near[rows], late, measure, words[rows], *weights)
            found[name] = list(zip(ranked.rows, ranked.scores, strict=True))
        return found


def measured(ranker: Ranker, statutes: Statutes) -> tuple[dict[str, dict[str, float]], float]:
    """nDCG@10 of each part by question, and the candidates' recall."""
    runs: dict[str, list[ScoredDoc]] = {part: [] for part in PARTS}
    held = []
    for name, question in statutes.questions.items():
        found = ranker.scores(question)
        wanted = {r.doc_id for r in statutes.qrels if r.query_id == name and r.relevance > 0}
        held.append(len(wanted & {statutes.ids[row] for row, _ in found["late"]}) / max(1, len(wanted)))
        for part, scores in found.items():
            runs[part] += [ScoredDoc(name, statutes.ids[row], float(score)) for row, score in scores]
    calculated = {part: ir_measures.iter_calc([nDCG @ 10], statutes.qrels, run) for part, run in runs.items()}
    return {part: {m.query_id: m.value for m in found} for part, found in calculated.items()}, float(np.mean(held))


def stard(models: dict[str, tuple[Config, Encoder]]) -> list[str]:
    statutes = load()
    lines = [
        f"\n## STARD: {len(statutes.questions)} legal questions of lay people, {len(statutes.ids):,} statutes (nDCG@10)\n",
        "| model | BM25 | vectors | late interaction | the three together | with vocabulary (default) | recall@100 of candidates |",
        "|---" * 7 + "|",
    ]
    with tempfile.TemporaryDirectory() as place:
        write_lexical(Path(place) / "lexical", statutes.texts)
        lexical = LexicalIndex([Path(place) / "lexical"], [0], len(statutes.texts))
        for model, (config, encoder) in models.items():
            by_part, recall = measured(Ranker(statutes.texts, lexical, config, encoder), statutes)
            means = " | ".join(f"{np.mean(list(by_part[part].values())):.3f}" for part in PARTS)
            lines.append(f"| {model} | {means} | {recall:.3f} |")
            for part in PARTS[:-1]:
                gains = np.array([value - by_part[part][q] for q, value in by_part["default"].items()])
                low, high = interval(gains)
                difference = f"{gains.mean():+.3f} ({low:+.3f} to {high:+.3f})"
                lines.append(f"| {model}: default minus {part} | {difference} |" + " |" * 5)
    return lines
