"""Embed with OpenVINO and tokenizers: what queries and indexing run on, without torch.

OpenVINO computes in the numbers that the processor computes fastest with: bfloat16 where it has matrix units for
them, else float32. Sums are float32 in both, and vectors agree to a cosine of 0.9999 (docs/decisions/0019).
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino
from openvino import opset13

from retrieval.config import ModelSettings
from retrieval.encoder.gathering import Gathered
from retrieval.encoder.pieces import Divided, Pieces
from retrieval.errors import unreadable_model

if TYPE_CHECKING:
    from retrieval.encoder import Encoded, Progress

EXPORT_FILE = "export.json"
MODEL_FILE = "model.blob"
# Passages that are embedded at the same time, each on a core of its own; each holds memory for one run.
STREAMS = min(8, os.cpu_count() or 1)
# Queries have two cores each: what takes the time is reading the weights, and two cores read faster than one.
QUERY_STREAMS = max(1, STREAMS // 2)
_PRECISION = "INFERENCE_PRECISION_HINT"
# Queries are padded to a multiple of so many tokens: to make ready for another length costs more than to read padding.
_QUERY_STEP = 32
# Queries that are read in one pass when several requests wait: each comes out as alone to the last bit, for half the work.
_TOGETHER = 8


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


@cache
def _core() -> openvino.Core:
    return openvino.Core()


def arithmetic(precision: str) -> str:
    """The numbers that a model of this precision is computed in here: bf16, f16 or f32."""
    return "f32" if precision == "fp32" else str(_core().get_property("CPU", _PRECISION).to_string())


def engine_key(precision: str) -> str:
    """Names what a compiled model depends on beside the model: OpenVINO's version, the processor, the arithmetic."""
    processor = [str(_core().get_property("CPU", name)) for name in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")]
    state = [openvino.__version__, *processor, arithmetic(precision)]
    return hashlib.sha256("\n".join(state).encode()).hexdigest()[:16]


def compile_graph(graph: Path, target: Path, precision: str) -> None:
    """Write an ONNX graph in the form that opens at once and is mapped into memory; for this kind of processor only."""
    compiled = _core().compile_model(graph, "CPU", _settings(precision, STREAMS))
    target.write_bytes(compiled.export_model().getbuffer())


def _open(path: Path, precision: str, streams: int) -> tuple[openvino.Tensor, openvino.CompiledModel]:
    """The mapped file, which must outlive the model, and the model. Raises ModelError for a damaged file."""
    # Copied on write: OpenVINO asks for memory that it might write to. It does not.
    blob = openvino.Tensor(np.memmap(path, np.uint8, "c"), shared_memory=True)
    try:
        return blob, _core().import_model(blob, "CPU", _settings(precision, streams))
    except RuntimeError as error:
        raise unreadable_model(path) from error


def _settings(precision: str, streams: int) -> dict[str, Any]:
    return {
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": STREAMS,
        # Cores are not taken for good: other processes of this program compute beside this one.
        "ENABLE_CPU_PINNING": False,
        # Said in full: a model compiled for one arithmetic and opened for another writes past its memory.
        _PRECISION: arithmetic(precision),
    }


class OpenVinoEncoder:
    """An Encoder over an exported model; see `retrieval.encoder.Encoder`."""

    def __init__(self, folder: Path, settings: ModelSettings) -> None:
        self.info = ExportInfo.read(folder)
        self.settings = settings
        self.max_tokens = min(settings.max_tokens, self.info.max_tokens)
        with ThreadPoolExecutor(1) as beside:
            opened = beside.submit(_open, folder / MODEL_FILE, settings.precision, QUERY_STREAMS)
            self._pieces = Pieces(folder, self.max_tokens)
            self._blob, self._model = opened.result()
        self._folder, self._own = folder, threading.local()
        # Of one width: all of a pass are padded to the longest.
        self._together = Gathered(self._queries, self._query_width, QUERY_STREAMS, _TOGETHER)
        self._opening = threading.Lock()
        self._second: tuple[openvino.Tensor, openvino.CompiledModel] | None = None

    def _for_passages(self) -> openvino.CompiledModel:
        """The same model with a stream for each core. A site, which reads queries, needs it only for a new vocabulary."""
        with self._opening:
            if self._second is None:
                self._second = _open(self._folder / MODEL_FILE, self.settings.precision, STREAMS)
            return self._second[1]

    @property
    def dimension(self) -> int:
        return self.info.dimension

    @property
    def fingerprint(self) -> str:
        parts = {
            **asdict(self.info),
            "max_tokens": self.max_tokens,
            "prompts": [self.settings.query_prompt, self.settings.passage_prompt],
            # The first engine's name stands for all whose vectors agree with its: indexes stay good.
            "engine": "onnx-fp32",
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]

    @property
    def arithmetic(self) -> str:
        """See `Encoder`."""
        return str(self._model.get_property(_PRECISION).to_string())

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> list[Encoded]:
        prompt = self.settings.passage_prompt
        divided = self._pieces.divide([prompt + text for text in texts])
        found: dict[int, Encoded] = {}

        def keep(request: openvino.InferRequest, batch: list[int]) -> None:
            chosen = [divided[i] for i in batch]
            found.update(zip(batch, self._encoded(request, chosen, len(prompt)), strict=True))
            if progress:
                progress(len(batch))

        queue = openvino.AsyncInferQueue(self._for_passages(), STREAMS)
        queue.set_callback(keep)
        for batch in self._batches(divided):
            queue.start_async(self._inputs([divided[i] for i in batch]), batch)
        queue.wait_all()
        return [found[i] for i in range(len(texts))]

    def queries(self, texts: Sequence[str]) -> list[Encoded]:
        prompt = self.settings.query_prompt
        return [self._together(divided) for divided in self._pieces.divide([prompt + text for text in texts])]

    def _query_width(self, text: Divided) -> int:
        return self._width([text], _QUERY_STEP)

    def _queries(self, texts: Sequence[Divided]) -> list[Encoded]:
        request = self._request()
        request.infer(self._inputs(texts, _QUERY_STEP))
        return self._encoded(request, texts, len(self.settings.query_prompt))

    def against(self, vectors: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        others = opset13.parameter([-1, vectors.shape[1]], np.float32)
        product = opset13.matmul(others, opset13.constant(vectors), transpose_a=False, transpose_b=True)
        settings = _settings(self.settings.precision, QUERY_STREAMS) | {"INFERENCE_NUM_THREADS": QUERY_STREAMS}
        compiled = _core().compile_model(openvino.Model([product], [others]), "CPU", settings)

        def multiplied(values: np.ndarray) -> np.ndarray:
            request = compiled.create_infer_request()
            request.infer([values], share_inputs=True)
            found: np.ndarray = request.get_output_tensor(0).data.copy()
            return found

        return multiplied

    def token_spans(self, texts: Sequence[str]) -> list[np.ndarray]:
        prompt = self.settings.passage_prompt
        return [
            np.maximum(divided.spans[_content(divided, len(prompt))] - len(prompt), 0)
            for divided in self._pieces.divide([prompt + text for text in texts])
        ]

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        divided = self._pieces.divide([self.settings.passage_prompt + text for text in texts])
        return [len(each.ids) for each in divided]

    def _request(self) -> openvino.InferRequest:
        """This thread's own: a request holds the memory of one run."""
        if not hasattr(self._own, "request"):
            self._own.request = self._model.create_infer_request()
        request: openvino.InferRequest = self._own.request
        return request

    def _inputs(self, texts: Sequence[Divided], step: int = 1) -> dict[str, np.ndarray]:
        """Ids and mask, each (texts, tokens), padded to the longest, and on to a multiple of `step` where one fits."""
        width = self._width(texts, step)
        ids = np.full((len(texts), width), self.info.pad_id, np.int64)
        mask = np.zeros_like(ids)
        for row, divided in enumerate(texts):
            ids[row, : len(divided.ids)] = divided.ids
            mask[row, : len(divided.ids)] = 1
        return {"input_ids": ids, "attention_mask": mask}

    def _width(self, texts: Sequence[Divided], step: int) -> int:
        longest = max(len(divided.ids) for divided in texts)
        return max(longest, min(-(-longest // step) * step, self.max_tokens))

    def _encoded(self, request: openvino.InferRequest, texts: Sequence[Divided], prompt: int) -> list[Encoded]:
        """What a finished run says of each of its texts, in memory of its own."""
        from retrieval.encoder import Encoded

        states = request.get_output_tensor(0).data
        pooled = self._pool(states, request.get_tensor("attention_mask").data)
        if self.info.normalise:
            pooled = _unit(pooled)
        return [
            Encoded(pooled[row], _unit(states[row, _content(divided, prompt)])) for row, divided in enumerate(texts)
        ]

    def _pool(self, states: np.ndarray, mask: np.ndarray) -> np.ndarray:
        if self.info.pooling == "cls":
            first: np.ndarray = states[:, 0].copy()
            return first
        if self.info.pooling == "lasttoken":
            last: np.ndarray = states[np.arange(len(states)), mask.sum(axis=1) - 1]
            return last
        weights = mask[:, :, None].astype(np.float32)
        pooled: np.ndarray = (states * weights).sum(axis=1) / weights.sum(axis=1)
        return pooled

    def _batches(self, texts: list[Divided]) -> Iterator[list[int]]:
        """Indexes in batches of like length, longest first, each within the token budget."""
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i].ids))
        batch: list[int] = []
        for index in order:
            longest = len(texts[batch[0]].ids) if batch else 0
            if batch and longest * (len(batch) + 1) > self.settings.batch_tokens:
                yield batch
                batch = []
            batch.append(index)
        if batch:
            yield batch


def _content(divided: Divided, prompt: int) -> np.ndarray:
    """The places of the text's own tokens: no special tokens, nothing of the prompt."""
    return np.flatnonzero(~divided.special & (divided.spans[:, 1] > prompt))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1."""
    scaled: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return scaled
