"""The batches that the encoder is trained on (bench/training_pairs.py)."""

from __future__ import annotations

import re
from collections import Counter

from bench.training_pairs import TRAINING, Pair, Source, batches, read


def test_a_batch_repeats_no_passage_and_no_query_and_brings_families_whole() -> None:
    pairs = [Pair(f"问{f}之{n}", f"第{f}件事的第{n}种做法", f"第{f}件事") for f in range(40) for n in range(3)]
    batch = next(batches([Source(1.0, pairs)], 60, {}, seed=1))
    assert set(batch) <= set(pairs)
    assert len({pair.passage for pair in batch}) == len({pair.query for pair in batch}) == 60
    whole = [count for count in Counter(pair.family for pair in batch).values() if count == 3]
    assert len(whole) >= 12


def test_a_strung_passage_holds_its_querys_own_and_no_other_querys() -> None:
    source = Source(1.0, [Pair(f"〔{n}〕", f"〔{n}〕办了一件事") for n in range(100)], strung=True)
    batch = next(batches([source], 20, {}, seed=1))
    held = [set(re.findall("〔.+?〕", pair.passage)) for pair in batch]
    asked = [re.findall("〔.+?〕", pair.query)[0] for pair in batch]
    assert any(len(each) > 1 for each in held)
    for number, each in enumerate(held):
        assert each & set(asked) == {asked[number]}


def test_every_passage_of_a_family_has_queries_that_no_other_passage_of_it_has() -> None:
    for name in ("contrasts.jsonl", "general.jsonl", "paragraphs.jsonl"):
        for row in read(TRAINING / name):
            asked = [query for member in (row, *row["near"]) for query in set(member["questions"])]
            assert all(member["questions"] for member in row["near"]), row
            assert len(asked) == len(set(asked)), row
