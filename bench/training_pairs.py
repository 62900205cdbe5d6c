"""What the encoder is trained on: queries with passages that answer them, in batches.

Own pairs lie in bench/training, public ones in ../shared/train (docs/model-card.md says what they are).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from retrieval.measures import load_measures

TRAINING = Path(__file__).parent / "training"
PASSAGE_CHARACTERS = 190
# Passages from this length on are paragraphs already, shorter ones are put together to some.
PARAGRAPH = 90
FRAMES = ("哪些地方", "有没有地方", "哪里的政府", "各地怎么", "有哪些县市区", "报告里说没说")
# How often our older questions and those about general language are drawn for each time that one of the many contrasts
# is, lest their kinds be forgotten.
OLDER, GENERAL = 4, 2
# How often the passages on the same matter that do not answer come along, each with a question of its own.
BESIDE = 0.5
# How often a batch of our own holds passages on near matters, and how many about one of them.
HARD, ABOUT = 0.5, 8


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and a passage that answers it. Passages of one `family` are on the same matter, and none of them answers
    another's queries."""

    query: str
    passage: str
    family: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Pairs of one kind, drawn for `share` of the batches. Those that are `strung` are put among others of their kind,
    as reports string measures together."""

    share: float
    pairs: Sequence[Pair]
    strung: bool = False


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def sources(public: Path) -> list[Source]:
    return [Source(0.7, own(), strung=True), Source(0.2, law(public)), Source(0.1, wiki(public))]


def own() -> list[Pair]:
    older = [
        Pair(query, row["passage"])
        for name in ("pairs.jsonl", "everyday.jsonl")
        for row in read(TRAINING / name)
        for query in row["questions"]
    ]
    vocabulary = {measure.term: measure for measure in load_measures()}
    for row in read(TRAINING / "measures.jsonl"):
        measure = vocabulary[row["measure"]]
        asked = [measure.term, *measure.everyday, *measure.everyday, *measure.taiwan, *measure.english]
        older += [Pair(query, row["passage"]) for query in asked]
    return (
        OLDER * older
        + GENERAL * (families("general.jsonl") + families("paragraphs.jsonl"))
        + families("contrasts.jsonl")
    )


def families(name: str) -> list[Pair]:
    """Pairs of passages on the same matter, of which each answers its own questions alone."""
    return [
        Pair(query, member["passage"], row["passage"])
        for row in read(TRAINING / name)
        for member in (row, *row["near"])
        for query in member["questions"]
    ]


def law(public: Path) -> list[Pair]:
    rows = read(public / "stard.jsonl")
    return [Pair(row["question"], passage[:PASSAGE_CHARACTERS]) for row in rows for passage in row["passages"]]


def wiki(public: Path) -> list[Pair]:
    rows = [row for name in ("cmrc2018_dev.jsonl", "drcd_test.jsonl") for row in read(public / name)]
    return [pair for row in rows for pair in _around_answers(row["passage"], row["questions"])]


def _around_answers(passage: str, questions: list) -> Iterator[Pair]:
    """Each question with the part of a long passage around its answer."""
    for question in questions:
        known = isinstance(question, dict)
        answer = (question.get("answer") or (question.get("answers") or [""])[0]) if known else ""
        at = max(0, passage.find(str(answer)) - PASSAGE_CHARACTERS // 2)
        yield Pair(question["question"] if known else question, passage[at : at + PASSAGE_CHARACTERS])


def batches(parts: Sequence[Source], size: int, near: Mapping[str, Sequence[str]], seed: int) -> Iterator[list[Pair]]:
    """Batches of one source each, so that negatives are of the same kind as the positive; no passage twice in one.

    `near` has for each strung passage others on near matters, which some batches bring together.
    """
    chance = random.Random(seed)  # noqa: S311  # drawing batches is no secret
    drawers = {id(source): _Drawer(source, near, chance) for source in parts}
    while True:
        (source,) = chance.choices(parts, [part.share for part in parts])
        drawn = drawers[id(source)].draw(2 * size if source.strung else size)
        yield strung(drawn, chance) if source.strung else drawn


class _Drawer:
    """Draws pairs of one source."""

    def __init__(self, source: Source, near: Mapping[str, Sequence[str]], chance: random.Random) -> None:
        self._pairs, self._chance = source.pairs, chance
        self._near = near if source.strung else {}
        self._of: dict[str, list[Pair]] = {}
        self._family: dict[str, dict[str, None]] = {}
        for pair in source.pairs:
            self._of.setdefault(pair.passage, []).append(pair)
            if pair.family:
                self._family.setdefault(pair.family, {})[pair.passage] = None

    def draw(self, size: int) -> list[Pair]:
        hard = bool(self._near) and self._chance.random() < HARD
        drawn: list[Pair] = []
        seen: set[str] = set()
        while len(drawn) < size:
            pair = self._chance.choice(self._pairs)
            # Near matters come while the first half is filled: what strung pairs stand among is mostly unrelated.
            about = [pair, *(self._near_to(pair) if hard and len(drawn) < size // 2 else ())]
            for one in about:
                for each in (one, *self._beside(one)):
                    if len(drawn) < size and each.passage not in seen and each.query not in seen:
                        drawn.append(each)
                        seen.update((each.passage, each.query))
        return drawn

    def _near_to(self, pair: Pair) -> list[Pair]:
        others = self._near.get(pair.passage, ())
        return [self._chance.choice(self._of[each]) for each in self._chance.sample(others, min(ABOUT, len(others)))]

    def _beside(self, pair: Pair) -> list[Pair]:
        if not pair.family or self._chance.random() >= BESIDE:
            return []
        return [self._chance.choice(self._of[other]) for other in self._family[pair.family] if other != pair.passage]


def strung(drawn: list[Pair], chance: random.Random) -> list[Pair]:
    """The first half as it is met: the query sometimes framed, the passage among others of its paragraph.

    What stands beside it comes from the second half, so that no negative answers by accident.
    """
    half = len(drawn) // 2
    fillers = [pair.passage for pair in drawn[half:] if len(pair.passage) < PARAGRAPH]

    def among(passage: str) -> str:
        others = chance.choice((0, 1, 1, 2)) if len(passage) < PARAGRAPH else 0
        parts = [passage, *chance.sample(fillers, min(others, len(fillers)))]
        chance.shuffle(parts)
        items = [f"{number}是{part}" for number, part in zip("一二三", parts, strict=False)] if parts[1:] else parts
        return "".join(items)

    return [
        replace(
            pair,
            query=chance.choice(FRAMES) + pair.query if chance.random() < 0.3 else pair.query,
            passage=among(pair.passage),
        )
        for pair in drawn[:half]
    ]
