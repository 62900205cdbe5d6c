"""An exported graph made faster: attention and normalisation fused, weights in 8 bits."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model

# Kinds of models whose attention the optimiser knows as BERT's.
_LIKE_BERT = ("bert", "roberta", "xlm-roberta")


def fuse(path: Path, config: Any) -> None:
    """Rewrite the graph in place with fused operators, where it is of a kind that is known; `config` is transformers's."""
    if config.model_type not in _LIKE_BERT:
        return
    logging.getLogger("onnxruntime.transformers").setLevel(logging.ERROR)
    model = optimize_model(
        str(path), model_type="bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size, opt_level=0
    )
    model.save_model_to_file(str(path))


def quantise(source: Path, target: Path) -> None:
    """Write the graph with 8-bit weights, by channel and in seven bits of range, which processors without VNNI need.

    The file appears whole or not at all.
    """
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        written = Path(scratch) / target.name
        _quantise(source, written)
        os.replace(written, target)


def _quantise(source: Path, target: Path) -> None:
    quantize_dynamic(
        source,
        target,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
