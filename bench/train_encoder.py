"""Fine-tune the upper layers of the bundled encoder for late interaction.

    python bench/train_encoder.py --public ../shared/train --out FOLDER [--start FOLDER [--mean]] [--contrasts]

With --start it goes on from layers that were trained before, and with --mean the outcome is the mean of both, which
forgets less (Wortsman et al. 2022, WiSE-FT); --contrasts adds bench/training/contrasts.jsonl (docs/model-card.md says
what was shipped).

Queries in everyday words against passages in official wording: InfoNCE with in-batch negatives on MaxSim of
last-layer token vectors, plus half of the same on mean vectors (Khattab and Zaharia 2020, ColBERT; van den Oord
et al. 2018, InfoNCE), plus a sigmoid loss on MaxSim, which asks that a fitting passage score high and any other low
whatever the question, so that "nothing fits" can be told (Zhai et al. 2023, SigLIP). Some passages bring one along
that is near and does not answer. Embeddings and lower layers are frozen, so that only the upper layers are shipped.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from torch.nn.attention import SDPBackend, sdpa_kernel

from retrieval.config import load_config
from retrieval.encoder.locate import locate
from retrieval.measures import load_measures
from retrieval.text import normalise

FROZEN_LAYERS = 6
TEMPERATURE = 0.02
PASSAGE_CHARACTERS = 190
# How much the sigmoid loss counts beside the ranking losses.
LEVEL_WEIGHT = 0.25
# Passages on near matters: the nearest so many are left out, the next so many drawn from.
NEAREST, NEAR = 3, 25
FRAMES = ("哪些地方", "有没有地方", "哪里的政府", "各地怎么", "有哪些县市区", "报告里说没说")
# How often a passage's own near one is put beside it.
BESIDE = 0.5


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and a passage that answers it; one `group` never stands twice in a batch.

    `near` are passages on the same matter that do not answer it.
    """

    query: str
    passage: str
    group: str
    near: tuple[str, ...] = ()


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def around(passage: str, answer: str) -> str:
    """The part of a long passage around its answer."""
    at = max(0, passage.find(answer) - PASSAGE_CHARACTERS // 2)
    return passage[at : at + PASSAGE_CHARACTERS]


def pairs_in(path: Path) -> list[Pair]:
    return [Pair(q, row["passage"], row["passage"], tuple(row.get("near", ()))) for row in read(path)
            for q in row["questions"]]  # fmt: skip


def sources(public: Path, *, contrasts: bool) -> list[tuple[float, list[Pair]]]:
    """(share of the batches, pairs)."""
    here = Path(__file__).parent / "training"
    own = [pair for name in ("pairs.jsonl", "everyday.jsonl") for pair in pairs_in(here / name)]
    vocabulary = {measure.term: measure for measure in load_measures()}
    for row in read(here / "measures.jsonl"):
        measure = vocabulary[row["measure"]]
        asked = [measure.term, *measure.everyday, *measure.everyday, *measure.taiwan, *measure.english]
        own += [Pair(q, row["passage"], row["passage"]) for q in asked]
    if contrasts:
        # There are five times as many of them: without this the other kinds of question are forgotten.
        own = 5 * own + pairs_in(here / "contrasts.jsonl")
    law = [
        Pair(row["question"], p[:PASSAGE_CHARACTERS], p)
        for row in read(public / "stard.jsonl")
        for p in row["passages"]
    ]
    wiki = []
    for name in ("cmrc2018_dev.jsonl", "drcd_test.jsonl"):
        for row in read(public / name):
            for question in row["questions"]:
                text, answer = question_and_answer(question)
                wiki.append(Pair(text, around(row["passage"], answer), row["passage"]))
    shares = (0.7, 0.22, 0.08) if contrasts else (0.6, 0.3, 0.1)
    return list(zip(shares, (own, law, wiki), strict=True))


def strung(batch: list[Pair], chance: random.Random) -> list[Pair]:
    """Own pairs as they are met: the question sometimes framed, the passage among others of its paragraph.

    What stands beside it comes from outside the batch's other questions, so that no negative answers by accident.
    """
    half = len(batch) // 2
    fillers = [pair.passage for pair in batch[half:]]

    def among(passage: str) -> str:
        parts = [passage, *chance.sample(fillers, chance.choice((0, 1, 1, 2)))]
        chance.shuffle(parts)
        items = [f"{number}是{part}" for number, part in zip("一二三", parts, strict=False)] if parts[1:] else parts
        return "".join(items)

    return [
        replace(
            pair,
            query=chance.choice(FRAMES) + pair.query if chance.random() < 0.3 else pair.query,
            passage=among(pair.passage),
            near=tuple(among(passage) for passage in pair.near),
        )
        for pair in batch[:half]
    ]


def question_and_answer(question: dict | str) -> tuple[str, str]:
    if isinstance(question, str):
        return question, ""
    answer = question.get("answer") or (question.get("answers") or [""])[0]
    return question["question"], str(answer)


def neighbours(whole: SentenceTransformer, pairs: list[Pair]) -> dict[str, list[str]]:
    """Passage → others on near matters, nearest first, without the very nearest: those may answer its questions too."""
    passages = list(dict.fromkeys(pair.passage for pair in pairs))
    texts = ["passage: " + normalise(passage) for passage in passages]
    with torch.autocast("cpu", torch.bfloat16):
        vectors = whole.encode(texts, batch_size=32, normalize_embeddings=True)
    order = np.argsort(-(vectors @ vectors.T), axis=1)
    return {passages[n]: [passages[other] for other in row[1 + NEAREST : 1 + NEAREST + NEAR]]
            for n, row in enumerate(order)}  # fmt: skip


def batches(
    parts: list[tuple[float, list[Pair]]], size: int, near: dict[str, list[str]], seed: int
) -> Iterator[list[Pair]]:
    """Batches of one source each, so that negatives are of the same kind as the positive.

    Half of our own hold several passages on near matters, which are harder to tell apart.
    """
    chance = random.Random(seed)  # noqa: S311  # drawing batches is no secret
    by_passage: dict[str, list[Pair]] = {}
    for pair in parts[0][1]:
        by_passage.setdefault(pair.passage, []).append(pair)
    while True:
        (pairs,) = chance.choices([pairs for _, pairs in parts], [share for share, _ in parts])
        batch: list[Pair] = []
        seen: set[str] = set()
        own = pairs is parts[0][1]
        hard = own and chance.random() < 0.5
        wanted = [chance.choice(pairs)]
        if hard:
            others = chance.sample(near[wanted[0].passage], size // 2)
            wanted += [chance.choice(by_passage[other]) for other in others]
        while len(batch) < size * (1 + own):
            pair = wanted.pop(0) if wanted else chance.choice(pairs)
            if pair.group not in seen and pair.query not in seen:
                beside = (chance.choice(pair.near),) if pair.near and chance.random() < BESIDE else ()
                batch.append(replace(pair, near=beside))
                seen.update((pair.group, pair.query))
        yield strung(batch, chance) if own else batch


class Sigmoid(torch.nn.Module):
    """The sigmoid loss's scale and offset, learnt with the layers and not shipped."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(20.0))
        self.level = torch.nn.Parameter(torch.tensor(0.8))

    def forward(self, late: torch.Tensor) -> torch.Tensor:
        signs = 2 * torch.eye(*late.shape) - 1
        return -torch.nn.functional.logsigmoid(signs * self.scale * (late - self.level)).sum() / len(late)


def loss_of(model: torch.nn.Module, tokenizer, sigmoid: Sigmoid, batch: list[Pair]) -> torch.Tensor:
    texts = [pair.passage for pair in batch] + [passage for pair in batch for passage in pair.near]
    queries = encode(model, tokenizer, ["query: " + normalise(pair.query) for pair in batch], 48)
    passages = encode(model, tokenizer, ["passage: " + normalise(text) for text in texts], 136)
    target = torch.arange(len(batch))
    (q_tokens, q_mask, q_mean), (p_tokens, p_mask, p_mean) = queries, passages
    similar = torch.einsum("qid,pjd->qpij", q_tokens, p_tokens)
    similar = similar.masked_fill(~p_mask[None, :, None, :], -1)
    best = similar.max(dim=3).values * q_mask[:, None, :]
    late = best.sum(dim=2) / q_mask.sum(dim=1, keepdim=True)
    cross = torch.nn.functional.cross_entropy
    ranking = cross(late / TEMPERATURE, target) + 0.5 * cross(q_mean @ p_mean.T / TEMPERATURE, target)
    return ranking + LEVEL_WEIGHT * sigmoid(late)


def encode(model: torch.nn.Module, tokenizer, texts: list[str], length: int):
    """Token vectors (n, tokens, d), a mask without prompt and special tokens, and mean vectors (n, d)."""
    ids = tokenizer(texts, truncation=True, max_length=length)["input_ids"]
    states, mask = together([states_of(model, tokenizer, ids, rows) for rows in by_length(ids)], max(map(len, ids)))
    places = torch.argsort(torch.tensor([row for rows in by_length(ids) for row in rows]))
    states, mask = states[places], mask[places]
    weights = mask[:, :, None].float()
    mean = torch.nn.functional.normalize((states * weights).sum(1) / weights.sum(1), dim=1)
    content = mask.clone()
    # <s>, the prompt's two or three pieces, and the closing </s>.
    content[:, :3] = False
    content[torch.arange(len(texts)), mask.sum(1) - 1] = False
    return torch.nn.functional.normalize(states, dim=2), content, mean


def by_length(ids: list[list[int]]) -> tuple[list[int], list[int]]:
    """The shorter half of the texts and the longer: padding all to the longest would cost a third more."""
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    return order[: len(ids) // 2], order[len(ids) // 2 :]


def states_of(model: torch.nn.Module, tokenizer, ids: list[list[int]], rows: list[int]):
    batch = tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
    # Half precision by plain attention takes less than half the time; the fused one's way back is slow on processors.
    with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
        states = model(**batch).last_hidden_state
    return states.float(), batch["attention_mask"].bool()


def together(parts: list, longest: int):
    states = torch.cat([torch.nn.functional.pad(s, (0, 0, 0, longest - s.shape[1])) for s, _ in parts])
    return states, torch.cat([torch.nn.functional.pad(m, (0, longest - m.shape[1])) for _, m in parts])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--public", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--mean", action="store_true")
    parser.add_argument("--contrasts", action="store_true")
    parser.add_argument("--steps", type=int, default=960)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--rate", type=float, default=4e-5)
    parser.add_argument("--seed", type=int, default=20261123)
    options = parser.parse_args()
    if options.mean and not options.start:
        parser.error("--mean needs --start: of what else?")
    torch.manual_seed(options.seed)
    whole = SentenceTransformer(str(locate(load_config()).path), device="cpu")
    model, tokenizer = whole[0].auto_model, whole.tokenizer
    trained = [f"encoder.layer.{n}." for n in range(FROZEN_LAYERS, model.config.num_hidden_layers)]
    for name, parameter in model.named_parameters():
        parameter.requires_grad = any(name.startswith(prefix) for prefix in trained)
    start = loaded(model, options.start) if options.start else {}
    # Nothing is dropped: drawing what to drop would take a third of all time, and one epoch hardly overfits.
    model.eval()
    sigmoid = Sigmoid()
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in model.parameters() if p.requires_grad], "lr": options.rate},
            {"params": sigmoid.parameters(), "lr": 100 * options.rate, "weight_decay": 0.0},
        ],
        weight_decay=0.01,
    )
    warm = options.steps // 10
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.0, (options.steps - step) / (options.steps - warm)))
    )
    begin, running = time.time(), 0.0
    parts = sources(options.public, contrasts=options.contrasts)
    near = neighbours(whole, parts[0][1])
    for step, batch in enumerate(batches(parts, options.batch, near, options.seed)):
        if step == options.steps:
            break
        loss = loss_of(model, tokenizer, sigmoid, batch)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        optimiser.step()
        schedule.step()
        running = 0.98 * running + 0.02 * loss.item() if step else loss.item()
        if step % 20 == 0:
            level = sigmoid.level.item()
            print(f"step {step} loss {running:.3f} level {level:.3f} {time.time() - begin:.0f} s", flush=True)
        if step and step % 240 == 0:
            save(model, trained, options.out / f"step-{step}")
    if options.mean:
        model.load_state_dict(
            {name: (value + start[name]) / 2 for name, value in model.state_dict().items() if name in start},
            strict=False,
        )
    save(model, trained, options.out)


def loaded(model: torch.nn.Module, folder: Path) -> dict[str, torch.Tensor]:
    """The layers that a former run saved, now the model's."""
    layers = load_file(folder / "layers.safetensors")
    unknown = model.load_state_dict(layers, strict=False).unexpected_keys
    if unknown:
        raise SystemExit(f"{folder} holds other layers: {unknown[:3]}")
    return layers


def save(model: torch.nn.Module, trained: list[str], folder: Path) -> None:
    """The changed layers alone, in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = {
        name: value.detach().numpy().astype(np.float16)
        for name, value in model.state_dict().items()
        if any(name.startswith(prefix) for prefix in trained)
    }
    save_file(changed, folder / "layers.safetensors")


if __name__ == "__main__":
    main()
