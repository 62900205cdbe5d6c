"""How likely a ranked passage is to answer a question: a logistic model over what the search says of it. No Flask.

A similarity alone cannot tell: its level differs from question to question. The model (evidence.json) is fitted and
cross-validated by bench/fit_evidence.py on this project's own judged questions; its features are mostly relative to
the index's typical passage or to the question's best, and it is fitted to indexes of several sizes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from retrieval.search import Background
from retrieval.tags import Naming
from retrieval.text import normalise, normalise_query, tokens
from retrieval.types import Hit, Passage, Results
from webapp.amounts import answering, asks_amount, derived, names_all, states_all
from webapp.figures import COUNTERS, Figure
from webapp.logistic import Logistic
from webapp.offices import asks_holder, names_holder, office_in_full
from webapp.question import Question
from webapp.segmentation import words

FILE = Path(__file__).parent / "evidence.json"
# Of the places that an answer names by passages less likely than this two to four in five have what is asked, the fewer
# the more passages there are; of the others three in four and more (bench/results/evidence.md).
WEAK = 0.5
FEATURES = (
    "margin",  # similarity above the index's typical one
    "gap",  # how far below the best passage's similarity
    "sentence",  # the best sentence's similarity above the typical one
    "clause",  # agreement, both ways, of the best clause with the question
    "share",  # of the question's content terms in the passage and its headings
    "measure",  # similarity with the measure's official wording above the typical one
    "named",  # whether the passage names the measure
    "understood",  # how surely the question means that measure
    "fact",  # whether a fact is asked
    "figure",  # whether the passage gives a figure of the kind asked for
)
# Passages that repeat a name letter by letter are nearer to it than any other wording can be: beside them how far a
# passage falls behind the best says nothing.
NAMED = tuple(name for name in FEATURES if name != "gap")

_ASKING = re.compile(rf"(?:多少|几)(?:[十百千]?[万亿]?(?:{COUNTERS}))?")
# Words that count, but name nothing that is counted.
_COUNTING = re.compile(
    "办理|案件|全年|今年|当年|上年|去年|同期|数量|总数|一共|总共|共有|全部|件数|案件数|金额|率是|最[高低多少]|增加|减少|增长|下降|"
    "分别|达到|各地"
)


@dataclass(frozen=True, slots=True)
class Model:
    """Logistic models over FEATURES, and over NAMED for what is asked for by a measure's very name.

    A question is answered when its likeliest passage reaches `answer_from`; then passages from `entry_from` on count.

    `miss_rate` is the measured share of places with a measure that are not detected, `survey_miss_rate` that where each
    report is asked by itself, `questions` on how many.
    """

    ranked: Logistic
    named: Logistic
    answer_from: float
    entry_from: float
    miss_rate: float
    survey_miss_rate: float
    questions: int

    def probabilities(self, features: np.ndarray, *, by_name: bool = False) -> np.ndarray:
        """For each row of (passages, FEATURES) how likely it is to answer, shape (passages,).

        `by_name` where a measure was asked for by its very name.
        """
        if by_name:
            return self.named.probabilities(features[:, [FEATURES.index(name) for name in NAMED]])
        return self.ranked.probabilities(features)


@cache
def evidence_model() -> Model:
    """The fitted model that comes with the program."""
    held = json.loads(FILE.read_text(encoding="utf-8"))
    ranked = Logistic.read(held, FEATURES, held["intercept"])
    named = Logistic.read({**held, "weights": held["named"]["weights"]}, NAMED, held["named"]["intercept"])
    figures = ("answer_from", "entry_from", "miss_rate", "survey_miss_rate", "questions")
    return Model(ranked, named, **{name: held[name] for name in figures})


def features(results: Results, question: Question, background: Background, naming: Naming | None) -> np.ndarray:
    """What is known of each hit, shape (hits, FEATURES)."""
    best = max((hit.why.similarity or 0.0 for hit in results.hits), default=0.0)
    rows = [_features(hit, results, question, background, best, naming) for hit in results.hits]
    return np.array(rows, float).reshape(-1, len(FEATURES))


def _features(
    hit: Hit,
    results: Results,
    question: Question,
    background: Background,
    best: float,
    naming: Naming | None,
) -> Sequence[float]:
    """`best` is the greatest similarity of the question's hits."""
    why = hit.why
    typical = 0.0 if math.isnan(background.similarity) else background.similarity
    similarity = typical if why.similarity is None else why.similarity
    sentence = similarity if why.sentence_similarity is None else why.sentence_similarity
    meant = why.measure_similarity is not None and results.measure is not None
    return (
        similarity - typical,
        best - similarity,
        sentence - typical,
        why.agreement or 0.0,
        term_share(hit.passage, question.terms),
        why.measure_similarity - background.measure_similarity if meant and why.measure_similarity else 0.0,
        float(results.measure in why.measures),
        results.measure_strength,
        float(question.fact),
        float(question.fact and gives_figure(hit, question, naming)),
    )


def term_share(passage: Passage, terms: Iterable[str]) -> float:
    """The share of the terms that stand in a passage or its headings."""
    wanted = set(terms)
    held = normalise(" ".join([*passage.heading_path, passage.text]))
    return len(wanted & set(tokens(held))) / len(wanted) if wanted else 0.0


def gives_figure(hit: Hit, question: Question, naming: Naming | None) -> bool:
    """Whether a passage states, or lets one work out, a figure of the kind asked for; true where none is asked for."""
    asked = normalise_query(question.text)
    text = hit.passage.text
    return not asks_amount(asked) or bool(
        figure_in(hit, question, naming) or derived(text, asked) or states_all(text, asked)
    )


def figure_in(hit: Hit, question: Question, naming: Naming | None) -> Figure | None:
    """The figure of a passage that answers a question for an amount."""
    asked = normalise_query(question.text)
    begin = hit.passage.start
    sentence = (hit.sentence[0] - begin, hit.sentence[1] - begin)
    text, headings = hit.passage.text, normalise(" ".join(hit.passage.heading_path))
    return answering(text, asked, question.terms, sentence, naming, headings, _counted(question.content))


@lru_cache(100)
def _counted(content: str) -> tuple[str, ...]:
    """The words of a question's content that say what is counted."""
    cut = words(_ASKING.sub(" ", content))
    return tuple(word for word in cut if re.fullmatch(r"[\u3400-\u9fff]{2,}", word) and not _COUNTING.fullmatch(word))


def states_it(hit: Hit, question: Question, naming: Naming | None) -> bool:
    """Whether a passage says literally what a question for an amount or for the holder of an office asks."""
    asked = normalise_query(question.text)
    office = asks_holder(asked)
    if office:
        # 组长是谁 may be answered by any 组长, 领导小组组长是谁 by that one alone.
        return names_holder(normalise(hit.passage.text), office_in_full(question.content) or office)
    if not question.fact or not asks_amount(asked):
        return False
    figure = figure_in(hit, question, naming)
    wanted = _counted(question.content)
    return figure is not None and bool(wanted) and names_all(figure, wanted)


def names_person(hit: Hit, question: Question) -> bool:
    """Whether a passage names somebody in the office whose holder is asked for; true where none is."""
    office = asks_holder(normalise_query(question.text))
    return not office or names_holder(normalise(hit.passage.text), office)
