"""Fine-tune layers of the bundled encoder for late interaction.

    python bench/train_encoder.py --public ../shared/train --out FOLDER [--device cuda]

One run a seed, each from the bundled weights; what is saved is the mean of the runs' weights, which is steadier than any
of them (Wortsman et al. 2022, model soups).

Queries in everyday words against passages in official wording (bench/training_pairs.py): InfoNCE both ways with
in-batch negatives on MaxSim of last-layer token vectors, plus half of the same on mean vectors (Khattab and Zaharia
2020, ColBERT; van den Oord et al. 2018, InfoNCE), plus a sigmoid loss on MaxSim, which asks that a fitting passage
score high and any other low whatever the question, so that "nothing fits" can be told (Zhai et al. 2023, SigLIP).
Embeddings and the lowest layers are frozen, so that only the changed layers are shipped (docs/model-card.md).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from sentence_transformers import SentenceTransformer
from torch.nn.attention import SDPBackend, sdpa_kernel
from training_pairs import Pair, batches, sources

from retrieval.config import load_config
from retrieval.encoder.locate import locate
from retrieval.text import normalise

TEMPERATURE = 0.02
# How much the sigmoid loss counts beside the ranking losses.
LEVEL_WEIGHT = 0.25
# Passages on near matters: the nearest so many are left out, since they may answer too, the next so many drawn from.
NEAREST, NEAR = 3, 40
QUERY_TOKENS, PASSAGE_TOKENS = 48, 160
# Layers' weights by name.
Layers = dict[str, np.ndarray]


class Sigmoid(torch.nn.Module):
    """The sigmoid loss's scale and offset, learnt with the layers and not shipped."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(20.0))
        self.level = torch.nn.Parameter(torch.tensor(0.8))

    def forward(self, late: torch.Tensor) -> torch.Tensor:
        signs = 2 * torch.eye(len(late), device=late.device) - 1
        return -torch.nn.functional.logsigmoid(signs * self.scale * (late - self.level)).sum() / len(late)


def neighbours(whole: SentenceTransformer, passages: list[str]) -> dict[str, list[str]]:
    """Passage → others on near matters, nearest first, without the very nearest: those may answer its queries too."""
    texts = ["passage: " + normalise(passage) for passage in passages]
    with torch.autocast(whole.device.type, torch.bfloat16):
        vectors = whole.encode(texts, batch_size=32, normalize_embeddings=True)
    found = {}
    for start in range(0, len(passages), 1000):
        order = np.argsort(-(vectors[start : start + 1000] @ vectors.T), axis=1)[:, 1 + NEAREST : 1 + NEAREST + NEAR]
        found |= {passages[start + n]: [passages[other] for other in row] for n, row in enumerate(order)}
    return found


def loss_of(model: torch.nn.Module, tokenizer, sigmoid: Sigmoid, batch: list[Pair]) -> torch.Tensor:
    queries = encode(model, tokenizer, ["query: " + normalise(pair.query) for pair in batch], QUERY_TOKENS)
    passages = encode(model, tokenizer, ["passage: " + normalise(pair.passage) for pair in batch], PASSAGE_TOKENS)
    (q_tokens, q_mask, q_mean), (p_tokens, p_mask, p_mean) = queries, passages
    similar = torch.einsum("qid,pjd->qpij", q_tokens, p_tokens).masked_fill(~p_mask[None, :, None, :], -1)
    best = similar.max(dim=3).values * q_mask[:, None, :]
    late = best.sum(dim=2) / q_mask.sum(dim=1, keepdim=True)
    return contrast(late) + 0.5 * contrast(q_mean @ p_mean.T) + LEVEL_WEIGHT * sigmoid(late)


def contrast(similar: torch.Tensor) -> torch.Tensor:
    """InfoNCE both ways: the passage of each query among the batch's, and the query of each passage."""
    target = torch.arange(len(similar), device=similar.device)
    cross = torch.nn.functional.cross_entropy
    return (cross(similar / TEMPERATURE, target) + cross(similar.T / TEMPERATURE, target)) / 2


def encode(model: torch.nn.Module, tokenizer, texts: list[str], length: int):
    """Token vectors (n, tokens, d), a mask without prompt and special tokens, and mean vectors (n, d)."""
    batch = tokenizer(texts, truncation=True, max_length=length, padding=True, return_tensors="pt").to(model.device)
    kind = model.device.type
    # On processors the fused attention's way back is slow.
    with torch.autocast(kind, torch.bfloat16), sdpa_kernel(SDPBackend.MATH) if kind == "cpu" else nullcontext():
        states = model(**batch).last_hidden_state
    states, mask = states.float(), batch["attention_mask"].bool()
    weights = mask[:, :, None].float()
    mean = torch.nn.functional.normalize((states * weights).sum(1) / weights.sum(1), dim=1)
    content = mask.clone()
    # <s>, the prompt's two or three pieces, and the closing </s>.
    content[:, :3] = False
    content[torch.arange(len(texts)), mask.sum(1) - 1] = False
    return torch.nn.functional.normalize(states, dim=2), content, mean


def train(whole: SentenceTransformer, drawn: Iterator[list[Pair]], options: argparse.Namespace) -> Layers:
    """What the layers from `options.frozen` on of the model within `whole` become by the batches drawn."""
    model, tokenizer = whole[0].auto_model, whole.tokenizer
    layers = [f"encoder.layer.{n}." for n in range(options.frozen, model.config.num_hidden_layers)]
    trained = [name for name, _ in model.named_parameters() if name.startswith(tuple(layers))]
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name in trained
    sigmoid = Sigmoid().to(model.device)
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in model.parameters() if p.requires_grad], "lr": options.rate},
            {"params": sigmoid.parameters(), "lr": 4e-3, "weight_decay": 0.0},
        ],
        weight_decay=0.01,
    )
    warm = max(1, options.steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.0, (options.steps - step) / (options.steps - warm)))
    )
    begin, running = time.time(), 0.0
    model.train()
    for step, batch in enumerate(islice(drawn, options.steps)):
        loss = loss_of(model, tokenizer, sigmoid, batch)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        optimiser.step()
        schedule.step()
        if step % 20 == 0:
            running = 0.8 * running + 0.2 * loss.item() if step else loss.item()
            print(
                f"step {step} loss {running:.3f} level {sigmoid.level.item():.3f} {time.time() - begin:.0f} s",
                flush=True,
            )
    state = model.state_dict()
    return {name: state[name].cpu().numpy() for name in trained}


def save(runs: Sequence[Layers], folder: Path) -> None:
    """The mean of the changed layers, in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    mean = {name: np.mean([run[name] for run in runs], axis=0).astype(np.float16) for name in runs[0]}
    save_file(mean, folder / "layers.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--public", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--frozen", type=int, default=0, help="so many of the lowest layers stay as they are")
    parser.add_argument("--steps", type=int, default=1800)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=8e-5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options = parser.parse_args()
    base = str(locate(load_config()).path)
    parts = sources(options.public)
    strung = dict.fromkeys(pair.passage for part in parts if part.strung for pair in part.pairs)
    near = neighbours(SentenceTransformer(base, device=options.device), list(strung))
    runs = []
    for seed in options.seeds:
        torch.manual_seed(seed)
        whole = SentenceTransformer(base, device=options.device)
        runs.append(train(whole, batches(parts, options.batch, near, seed), options))
    save(runs, options.out)


if __name__ == "__main__":
    main()
