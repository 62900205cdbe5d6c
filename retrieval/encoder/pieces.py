"""Texts → the tokens that a model reads, by a tokenizer that opens fast. With `bundled` the only importer of tokenizers.

The vocabulary of a model for a hundred languages takes most of a second to open. A Unigram tokenizer divides a text
into the likeliest pieces of its vocabulary (Kudo 2018); of a text in Han, ASCII and common marks only pieces of those
characters can match, so those alone divide it just as the whole vocabulary does. They are kept apart, and the whole
is opened when the first text comes that needs it (docs/decisions/0024).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Encoding, Tokenizer

TOKENIZER_FILE = "tokenizer.json"
COMMON_FILE, COMMON_IDS = "tokenizer.common.json", "tokenizer.common.npy"
# ASCII, signs of Latin-1, general punctuation, arrows to geometric shapes (among them ▁, which stands for a space), CJK
# marks, Han, full width.
_COMMON = re.compile(
    "[\x20-\x7e\xa0-\xbf×÷\u2000-\u206f\u2190-\u25ff\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]*"
)


@dataclass(frozen=True, slots=True)
class Divided:
    """A text as a model reads it: its tokens' `ids`, (tokens,), their `spans` in the text, (tokens, 2), and which of
    them are `special`, (tokens,) of bool."""

    ids: np.ndarray
    spans: np.ndarray
    special: np.ndarray


class Pieces:
    """The tokenizer of an exported model; safe to share between threads."""

    def __init__(self, folder: Path, max_tokens: int) -> None:
        self._folder, self._max_tokens = folder, max_tokens
        self._opening = threading.Lock()
        self._whole: Tokenizer | None = None
        self._common: Tokenizer | None = None
        if (folder / COMMON_IDS).is_file():
            self._common, self._ids = self._open(COMMON_FILE), np.load(folder / COMMON_IDS)

    def divide(self, texts: Sequence[str]) -> list[Divided]:
        """Each text's tokens, in the order given, cut at the model's length."""
        common = [self._common is not None and self._is_common(text) for text in texts]
        rest = [text for text, known in zip(texts, common, strict=True) if not known]
        apart = iter(self._every().encode_batch(rest) if rest else ())
        known = [text for text, own in zip(texts, common, strict=True) if own]
        alike = iter(self._common.encode_batch(known) if self._common and known else ())
        return [_divided(next(alike), self._ids) if own else _divided(next(apart)) for own in common]

    def _is_common(self, text: str) -> bool:
        """Whether nothing but common characters is left to divide. (What the model folds, as ① to 1, is folded first.)"""
        folded = self._common.normalizer.normalize_str(text) if self._common and self._common.normalizer else text
        return _COMMON.fullmatch(folded) is not None

    def _every(self) -> Tokenizer:
        with self._opening:
            if self._whole is None:
                self._whole = self._open(TOKENIZER_FILE)
            return self._whole

    def _open(self, name: str) -> Tokenizer:
        tokenizer = Tokenizer.from_file(str(self._folder / name))
        tokenizer.no_padding()
        tokenizer.enable_truncation(self._max_tokens)
        return tokenizer


def _divided(encoding: Encoding, ids: np.ndarray | None = None) -> Divided:
    own = np.array(encoding.ids, np.int64)
    special = np.array(encoding.special_tokens_mask, bool)
    return Divided(own if ids is None else ids[own], np.array(encoding.offsets).reshape(-1, 2), special)


def write_common(folder: Path) -> None:
    """Keep a saved tokenizer's common pieces beside it; nothing for tokenizers that divide in another way."""
    held = json.loads((folder / TOKENIZER_FILE).read_text(encoding="utf-8"))
    if not _by_pieces(held):
        return
    vocabulary = held["model"]["vocab"]
    # A character without a piece counts for less than the least likely piece, whatever its characters.
    least = min(range(len(vocabulary)), key=lambda number: vocabulary[number][1])
    special = len(held["added_tokens"])
    kept = [n for n, (piece, _) in enumerate(vocabulary) if n < special or n == least or _COMMON.fullmatch(piece)]
    held["model"]["vocab"] = [vocabulary[number] for number in kept]
    (folder / COMMON_FILE).write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")
    np.save(folder / COMMON_IDS, np.array(kept))


def _by_pieces(held: dict[str, Any]) -> bool:
    """Whether a tokenizer's file is of the kind that the common pieces suffice for: Unigram, spaces as ▁, the special
    tokens before all others, so that they keep their ids."""
    model, before = held["model"], held.get("pre_tokenizer") or {}
    special = [token["id"] for token in held["added_tokens"]]
    return (
        model.get("type") == "Unigram"
        and not model.get("byte_fallback")
        and before.get("type") == "Metaspace"
        and model.get("unk_id") in special
        and special == list(range(len(special)))
    )
