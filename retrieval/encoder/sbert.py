"""The only importer of sentence-transformers: loads any of its models, and exports them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from sentence_transformers import CrossEncoder, SentenceTransformer

from retrieval.config import ModelSettings
from retrieval.encoder import Encoded, ModelSource, Progress
from retrieval.encoder.locate import WEIGHTS
from retrieval.encoder.openvino import MODEL_FILE, ExportInfo, compile_graph
from retrieval.encoder.pieces import TOKENIZER_FILE, write_common
from retrieval.errors import ModelError
from retrieval.files import sha256_file, staged_directory

EXPORTABLE = ("mean", "cls", "lasttoken")
OPSET = 18


class _LastHiddenState(torch.nn.Module):
    """A transformer's body with one output, as the exporter wants it."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = body

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states


def load(source: ModelSource) -> SentenceTransformer:
    """The model on the CPU, quietly. Raises ModelError when the folder is not a usable model."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        with _quiet():
            model = SentenceTransformer(str(source.path), device="cpu").eval()
            if source.layers:
                changed = {name: weights.float() for name, weights in load_file(source.layers).items()}
                # Only some layers are replaced, and every one of them must be there to be replaced.
                body: Any = model[0].auto_model
                _, unexpected = body.load_state_dict(changed, strict=False)
                if unexpected:
                    raise ValueError(f"{source.layers} has layers that the model has not: {unexpected[:3]}")
            return model
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"模型 {source.name}（{source.path}）无法载入：{error}",
            f"cannot load model {source.name} from {source.path}: {error}",
        ) from error


def export(source: ModelSource, folder: Path, settings: ModelSettings) -> bool:
    """Write the model's compiled form to `folder`; False when its modules are not of the kind that can be."""
    model = load(source)
    modules = list(model)
    names = [type(module).__name__ for module in modules]
    if names not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return False
    pooling = str(modules[1].pooling_mode)
    tokenizer = getattr(model.tokenizer, "backend_tokenizer", None)
    if pooling not in EXPORTABLE or tokenizer is None:
        return False
    transformer: Any = modules[0].auto_model
    # Attention written out step by step is fused by OpenVINO itself, and was never slower than the ready-made operator.
    transformer.set_attn_implementation("eager")
    body = _LastHiddenState(transformer).eval()
    dimension = model.get_embedding_dimension()
    with staged_directory(folder) as staging:
        with tempfile.TemporaryDirectory(dir=staging) as scratch:
            graph = Path(scratch) / "model.onnx"
            _export_graph(body, graph)
            compile_graph(graph, staging / MODEL_FILE, settings.precision)
        tokenizer.save(str(staging / TOKENIZER_FILE))
        write_common(staging)
        ExportInfo(
            name=source.name,
            weights_sha256=_weights_hash(source),
            dimension=int(dimension or 0),
            pooling=pooling,
            normalise=names[-1] == "Normalize",
            max_tokens=int(model.max_seq_length or 512),
            pad_id=int(model.tokenizer.pad_token_id or 0),
        ).write(staging)
    return True


def _export_graph(body: torch.nn.Module, path: Path) -> None:
    # Two texts of sixteen tokens stand for any number of any length.
    ids = torch.full((2, 16), 5, dtype=torch.long)
    free = {0: "batch", 1: "tokens"}
    names = ["input_ids", "attention_mask", "last_hidden_state"]
    with _quiet(), torch.inference_mode():
        torch.onnx.export(
            body,
            (ids, torch.ones_like(ids)),
            str(path),
            input_names=names[:2],
            output_names=names[2:],
            dynamic_axes=dict.fromkeys(names, free),
            opset_version=OPSET,
            # The newer exporter needs onnxscript as well.
            dynamo=False,
        )


def _weights_hash(source: ModelSource) -> str:
    files = [source.path / name for name in WEIGHTS if (source.path / name).is_file()]
    hashes = [sha256_file(file) for file in (*files, *([source.layers] if source.layers else []))]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The libraries below print load reports, progress and warnings that a user can do nothing about."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            with contextlib.redirect_stderr(io.StringIO()):
                yield
    finally:
        logging.disable(logging.NOTSET)


class SentenceTransformerEncoder:
    """An Encoder for models that cannot be exported: slower to start, any module list."""

    def __init__(self, source: ModelSource, settings: ModelSettings) -> None:
        self.settings = settings
        self._model = load(source)
        self._model.max_seq_length = min(settings.max_tokens, int(self._model.max_seq_length or 512))
        self._weights = _weights_hash(source)

    @property
    def dimension(self) -> int:
        return int(self._model.get_embedding_dimension() or 0)

    @property
    def arithmetic(self) -> str:
        return "f32"

    @property
    def fingerprint(self) -> str:
        parts = [self._weights, self.settings.query_prompt, self.settings.passage_prompt, "torch-fp32"]
        parts.append(str(self._model.max_seq_length))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> list[Encoded]:
        encoded = self._encode(self.settings.passage_prompt, texts)
        if progress:
            progress(len(texts))
        return encoded

    def queries(self, texts: Sequence[str]) -> list[Encoded]:
        return self._encode(self.settings.query_prompt, texts)

    def against(self, vectors: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        return lambda others: np.asarray(others @ vectors.T)

    def token_spans(self, texts: Sequence[str]) -> list[np.ndarray]:
        # It has no token vectors.
        return [np.zeros((0, 2), int) for _ in texts]

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        inputs = [self.settings.passage_prompt + text for text in texts]
        return [len(ids) for ids in self._model.tokenizer(inputs, truncation=True)["input_ids"]]

    def _encode(self, prompt: str, texts: Sequence[str]) -> list[Encoded]:
        inputs = [prompt + text for text in texts]
        vectors = self._model.encode(inputs, normalize_embeddings=True, show_progress_bar=False)
        none = np.zeros((0, self.dimension), np.float32)
        return [Encoded(np.asarray(vector, np.float32), none) for vector in vectors]


class CrossEncoderReranker:
    """Any cross-encoder of sentence-transformers with one output, on the CPU. Raises ModelError."""

    def __init__(self, name: str) -> None:
        try:
            with _quiet():
                self._model = CrossEncoder(name, device="cpu", local_files_only=Path(name).is_dir())
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"交叉编码器 {name} 无法载入，检索时不用它：{error}",
                f"cannot load the cross-encoder {name}; searching without it: {error}",
            ) from error

    def scores(self, query: str, texts: Sequence[str]) -> np.ndarray:
        """See `Reranker`."""
        found: np.ndarray = self._model.predict([(query, text) for text in texts], show_progress_bar=False)
        return found.reshape(len(texts))
