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

from retrieval.errors import unreadable_model

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
        self._special: tuple[str, ...] = ()
        if (folder / COMMON_IDS).is_file():
            self._common, self._ids = self._open(COMMON_FILE), np.load(folder / COMMON_IDS)
            self._special = tuple(token.content for token in self._common.get_added_tokens_decoder().values())

    def divide(self, texts: Sequence[str]) -> list[Divided]:
        """Each text's tokens, in the order given, cut at the model's length."""
        found: dict[int, Divided] = {}
        common = {n for n, text in enumerate(texts) if self._is_common(text)}
        if common and self._common:
            encoded = self._common.encode_batch([texts[n] for n in sorted(common)])
            found.update((n, _divided(each, self._ids)) for n, each in zip(sorted(common), encoded, strict=True))
        others = [n for n in range(len(texts)) if n not in common]
        if others:
            encoded = self._every().encode_batch([texts[n] for n in others])
            found.update((n, _divided(each)) for n, each in zip(others, encoded, strict=True))
        return [found[n] for n in range(len(texts))]

    def _is_common(self, text: str) -> bool:
        """Whether nothing but common characters is left to divide once the model has folded what it folds (① to 1).

        A text that has a special token's own name is cut there before it is folded.
        """
        if self._common is None or any(token in text for token in self._special):
            return False
        folded = self._common.normalizer.normalize_str(text) if self._common.normalizer else text
        return _COMMON.fullmatch(folded) is not None

    def _every(self) -> Tokenizer:
        with self._opening:
            if self._whole is None:
                self._whole = self._open(TOKENIZER_FILE)
            return self._whole

    def _open(self, name: str) -> Tokenizer:
        path = self._folder / name
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # which is what tokenizers raises
            raise unreadable_model(path) from error
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
    always = {least, *(token["id"] for token in held["added_tokens"])}
    kept = [n for n, (piece, _) in enumerate(vocabulary) if n in always or _COMMON.fullmatch(piece)]
    numbers = {number: place for place, number in enumerate(kept)}
    held["model"] |= {"vocab": [vocabulary[number] for number in kept], "unk_id": numbers[held["model"]["unk_id"]]}
    for token in held["added_tokens"]:
        token["id"] = numbers[token["id"]]
    for token in held["post_processor"]["special_tokens"].values():
        token["ids"] = [numbers[number] for number in token["ids"]]
    (folder / COMMON_FILE).write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")
    np.save(folder / COMMON_IDS, np.array(kept))


def _by_pieces(held: dict[str, Any]) -> bool:
    """Whether a tokenizer's file is of the kind that the common pieces suffice for: Unigram, spaces as ▁, and the
    special tokens, of which the unknown is one, with their names and numbers in the vocabulary."""
    model, before, after = (held.get(part) or {} for part in ("model", "pre_tokenizer", "post_processor"))
    special = {token["id"]: token["content"] for token in held["added_tokens"]}
    return (
        model.get("type") == "Unigram"
        and not model.get("byte_fallback")
        and before.get("type") == "Metaspace"
        and before.get("replacement") == "▁"
        and after.get("type") == "TemplateProcessing"
        and model.get("unk_id") in special
        and all(n < len(model["vocab"]) and model["vocab"][n][0] == name for n, name in special.items())
    )
