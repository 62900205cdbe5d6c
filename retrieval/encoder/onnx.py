"""Embed with ONNX Runtime and tokenizers: what queries and indexing run on, without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from tokenizers import Encoding, Tokenizer

from retrieval.config import ModelSettings

if TYPE_CHECKING:
    from retrieval.encoder import Encoded, Progress

EXPORT_FILE = "export.json"
MODEL_FILE = "model.onnx"
INT8_FILE = "model.int8.onnx"
TOKENIZER_FILE = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class ExportInfo:
    """What has to be known of an exported model beside its graph and tokenizer."""

    name: str
    weights_sha256: str
    dimension: int
    pooling: str
    normalise: bool
    max_tokens: int
    pad_id: int

    def write(self, folder: Path) -> None:
        (folder / EXPORT_FILE).write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> ExportInfo:
        return cls(**json.loads((folder / EXPORT_FILE).read_text(encoding="utf-8")))


class OnnxEncoder:
    """An Encoder over an exported model; see `retrieval.encoder.Encoder`."""

    def __init__(self, folder: Path, settings: ModelSettings) -> None:
        self.info = ExportInfo.read(folder)
        self.settings = settings
        self.max_tokens = min(settings.max_tokens, self.info.max_tokens)
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.max_tokens)
        options = onnxruntime.SessionOptions()
        # Threads that spin after a query would hold the cores that late interaction needs next.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(folder / (INT8_FILE if settings.precision == "int8" else MODEL_FILE)),
            options,
            providers=["CPUExecutionProvider"],
        )

    @property
    def dimension(self) -> int:
        return self.info.dimension

    @property
    def fingerprint(self) -> str:
        parts = {
            **asdict(self.info),
            "max_tokens": self.max_tokens,
            "prompts": [self.settings.query_prompt, self.settings.passage_prompt],
            "engine": f"onnx-{self.settings.precision}",
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> list[Encoded]:
        return self._encode(texts, self.settings.passage_prompt, progress)

    def queries(self, texts: Sequence[str]) -> list[Encoded]:
        return self._encode(texts, self.settings.query_prompt, None)

    def token_spans(self, text: str) -> tuple[tuple[int, int], ...]:
        prompt = self.settings.passage_prompt
        encoding = self._tokenizer.encode(prompt + text)
        # Each look at `offsets` makes the whole list anew.
        offsets = encoding.offsets
        spans = (offsets[i] for i in _content(encoding, len(prompt)))
        return tuple((max(0, start - len(prompt)), end - len(prompt)) for start, end in spans)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        encodings = self._tokenizer.encode_batch([self.settings.passage_prompt + t for t in texts])
        return [len(encoding.ids) for encoding in encodings]

    def _encode(self, texts: Sequence[str], prompt: str, progress: Progress | None) -> list[Encoded]:
        from retrieval.encoder import Encoded

        encodings = self._tokenizer.encode_batch([prompt + text for text in texts])
        found: dict[int, Encoded] = {}
        for batch in self._batches(encodings):
            states, mask = self._run([encodings[i] for i in batch])
            pooled = self._pool(states, mask)
            if self.info.normalise:
                pooled = _unit(pooled)
            for row, index in enumerate(batch):
                kept = _content(encodings[index], len(prompt))
                found[index] = Encoded(pooled[row], _unit(states[row, kept]))
            if progress:
                progress(len(batch))
        return [found[i] for i in range(len(texts))]

    def _pool(self, states: np.ndarray, mask: np.ndarray) -> np.ndarray:
        if self.info.pooling == "cls":
            first: np.ndarray = states[:, 0]
            return first
        if self.info.pooling == "lasttoken":
            last: np.ndarray = states[np.arange(len(states)), mask.sum(axis=1) - 1]
            return last
        weights = mask[:, :, None].astype(np.float32)
        pooled: np.ndarray = (states * weights).sum(axis=1) / weights.sum(axis=1)
        return pooled

    def _batches(self, encodings: list[Encoding]) -> Iterator[list[int]]:
        """Indexes in batches of like length, longest first, each within the token budget."""
        order = sorted(range(len(encodings)), key=lambda i: -len(encodings[i].ids))
        batch: list[int] = []
        for index in order:
            longest = len(encodings[batch[0]].ids) if batch else 0
            if batch and longest * (len(batch) + 1) > self.settings.batch_tokens:
                yield batch
                batch = []
            batch.append(index)
        if batch:
            yield batch

    def _run(self, encodings: list[Encoding]) -> tuple[np.ndarray, np.ndarray]:
        """Last hidden states (texts, tokens, dimension) and the mask (texts, tokens)."""
        width = max(len(encoding.ids) for encoding in encodings)
        ids = np.full((len(encodings), width), self.info.pad_id, np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        (states,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return states, mask


def _content(encoding: Encoding, prompt: int) -> list[int]:
    """Positions of the tokens that belong to the text: no special tokens, nothing of the prompt."""
    marked = enumerate(zip(encoding.offsets, encoding.special_tokens_mask, strict=True))
    return [position for position, (span, special) in marked if not special and span[1] > prompt]


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1."""
    scaled: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return scaled
