"""Texts → vectors. The door of this room: the Protocol, and which model is in use.

The query path opens an exported model with OpenVINO and never imports torch;
`sbert` (sentence-transformers, and with it torch) is imported only to export a model
once, or for a model that cannot be exported.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from retrieval.config import Config
from retrieval.encoder.locate import ModelSource, locate
from retrieval.errors import ModelError

Progress = Callable[[int], None]
# Counts up when exported models are written otherwise.
EXPORT_VERSION = 4

__all__ = [
    "Encoded",
    "Encoder",
    "ModelSource",
    "Progress",
    "Reranker",
    "describe_model",
    "is_prepared",
    "open_encoder",
    "open_reranker",
]


@dataclass(frozen=True, slots=True)
class Encoded:
    """One text's vectors: `pooled` (dimension,) and `tokens` (tokens, dimension), float32, each of length 1.

    The tokens are the last hidden states without prompt and special tokens; a model that cannot
    give them has none.
    """

    pooled: np.ndarray
    tokens: np.ndarray


class Encoder(Protocol):
    """What indexing and searching need of an embedding model."""

    @property
    def fingerprint(self) -> str:
        """Changes when anything changes that changes vectors: weights, prompts, pooling, length."""

    @property
    def dimension(self) -> int: ...

    @property
    def arithmetic(self) -> str:
        """The numbers that it computes in: f32, bf16, f16."""

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> list[Encoded]:
        """Pooled and token vectors of each text, in the order given, from one pass."""

    def queries(self, texts: Sequence[str]) -> list[Encoded]:
        """As `passages`, with the query prompt."""

    def against(self, vectors: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """What multiplies others, (n, dimension), with fixed vectors, (m, dimension), to (n, m), as fast as it computes."""

    def token_spans(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Where in each passage's text the tokens stand whose vectors `passages` gives, (tokens, 2); needs no pass."""

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens the model reads for each text as a passage, prompt and special tokens included."""


class Reranker(Protocol):
    """A cross-encoder: reads query and passage together."""

    def scores(self, query: str, texts: Sequence[str]) -> np.ndarray:
        """How well each text answers, the higher the better, shape (texts,)."""


def open_reranker(config: Config) -> Reranker | None:
    """The cross-encoder that the configuration names; None, with a warning in the log, when it cannot be had."""
    if not config.search.cross_encoder:
        return None
    from retrieval.encoder.sbert import CrossEncoderReranker

    try:
        return CrossEncoderReranker(config.search.cross_encoder)
    except ModelError as error:
        logging.getLogger("wenzheng").warning("%s", error)
        return None


def open_encoder(config: Config) -> Encoder:
    """The model that the configuration names, exported once and then opened without torch.

    Raises ModelError when it can be found nowhere.
    """
    from retrieval.encoder.openvino import EXPORT_FILE, OpenVinoEncoder

    source = locate(config)
    folder = export_folder(config, source)
    if not (folder / EXPORT_FILE).is_file():
        from retrieval.encoder import sbert

        if not sbert.export(source, folder, config.model):
            return sbert.SentenceTransformerEncoder(source, config.model)
    return OpenVinoEncoder(folder, config.model)


def is_prepared(config: Config) -> bool:
    """Whether the model has been expanded and exported, so that opening it takes no time to speak of."""
    exports = config.model_cache / f"exported-{EXPORT_VERSION}"
    return exports.is_dir() and any(exports.iterdir())


def export_folder(config: Config, source: ModelSource) -> Path:
    """Where the exported form of this copy of the model is kept, for this processor and this OpenVINO."""
    from retrieval.encoder.openvino import engine_key

    key = engine_key(config.model.precision)
    return config.model_cache / f"exported-{EXPORT_VERSION}" / f"{source.key}-{key}"


def describe_model(config: Config) -> dict[str, str]:
    """Which copy of the model is in use, for `wenzheng model`."""
    source = locate(config)
    encoder = open_encoder(config)
    return {
        "name": source.name,
        "copy": source.kind,
        "adapted": str(bool(source.layers)).lower(),
        "path": str(source.path),
        "engine": type(encoder).__name__,
        "arithmetic": encoder.arithmetic,
        "exported": str(export_folder(config, source)),
        "dimension": str(encoder.dimension),
        "fingerprint": encoder.fingerprint,
    }
