"""config.toml and the environment → one frozen dataclass. An unknown key is an error."""

from __future__ import annotations

import os
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path, user_config_path
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from retrieval.errors import ConfigError

ENV_FILE = "WENZHENG_CONFIG"
ENV_PREFIX = "WENZHENG_"
_strict = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_strict)
class IndexSettings:
    dir: str = "index/default"
    read_seconds: float = Field(default=120, gt=0)
    read_mb: int = Field(default=4000, ge=500)


@dataclass(frozen=True, config=_strict)
class ModelSettings:
    name: str = "intfloat/multilingual-e5-small"
    query_prompt: str = "query: "
    passage_prompt: str = "passage: "
    adapted: bool = True
    cache_dir: str = ""
    max_tokens: int = Field(default=512, ge=16)
    batch_tokens: int = Field(default=1024, ge=64)
    precision: Literal["auto", "fp32"] = "auto"


@dataclass(frozen=True, config=_strict)
class ChunkSettings:
    min_chars: int = Field(default=60, ge=1)
    max_chars: int = Field(default=350, ge=50)


@dataclass(frozen=True, config=_strict)
class SearchSettings:
    vector_weight: float = Field(default=0.15, ge=0, le=1)
    lexical_weight: float = Field(default=0.025, ge=0, le=10)
    expansion_weight: float = Field(default=6, ge=0, le=10)
    vocabulary: str = ""
    cross_encoder: str = ""
    rerank: int = Field(default=20, ge=2, le=200)
    candidates: int = Field(default=100, ge=10)
    limit: int = Field(default=10, ge=1)
    max_limit: int = Field(default=100, ge=1)
    max_query_chars: int = Field(default=500, ge=10)


@dataclass(frozen=True, config=_strict)
class FetchSettings:
    delay: float = Field(default=1.0, ge=0)
    timeout: float = Field(default=60, gt=0)
    max_mb: int = Field(default=50, ge=1)
    retries: int = Field(default=3, ge=0, le=10)
    allow_private: bool = False
    user_agent: str = "wenzheng (research; reads annual reports)"


@dataclass(frozen=True, config=_strict)
class LlmSettings:
    base_url: str = ""
    model: str = ""
    key_env: str = "OPENAI_API_KEY"
    timeout: float = Field(default=30, gt=0, le=600)


@dataclass(frozen=True, config=_strict)
class ServerSettings:
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    threads: int = Field(default=4, ge=1)
    hosts: str = ""
    proxies: int = Field(default=0, ge=0, le=10)
    password_env: str = "WENZHENG_PASSWORD"  # noqa: S105  # a variable's name
    rate_limit: str = "120 per minute"
    max_body_mb: int = Field(default=6, ge=1)
    timeout: float = Field(default=60.0, gt=0)
    grace: float = Field(default=10.0, ge=0)
    log_queries: bool = False


@dataclass(frozen=True, config=_strict)
class Config:
    """Every setting; config.toml explains each."""

    index: IndexSettings = Field(default_factory=IndexSettings)
    model: ModelSettings = Field(default_factory=ModelSettings)
    chunk: ChunkSettings = Field(default_factory=ChunkSettings)
    search: SearchSettings = Field(default_factory=SearchSettings)
    server: ServerSettings = Field(default_factory=ServerSettings)
    fetch: FetchSettings = Field(default_factory=FetchSettings)
    llm: LlmSettings = Field(default_factory=LlmSettings)

    @property
    def model_cache(self) -> Path:
        """Where expanded and exported models are kept."""
        if self.model.cache_dir:
            return Path(self.model.cache_dir).expanduser()
        return user_cache_path("wenzheng")


def load_config(path: Path | None = None) -> Config:
    """Settings from the first file found: `path`, $WENZHENG_CONFIG, ./config.toml, the user's
    configuration folder, the copy that comes with the program; then environment variables
    named WENZHENG_SECTION_KEY on top.

    Raises ConfigError naming the file and the key.
    """
    source = _find(path)
    values = _parse(source)
    for section, keys in _environment().items():
        values.setdefault(section, {}).update(keys)
    try:
        return TypeAdapter(Config).validate_python(values)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise ConfigError(
            f"配置 {source}：{key} 不可用（{problem['msg']}）。可用的设置见程序自带的 config.toml",
            f"config {source}: {key}: {problem['msg']}; the program's config.toml lists all settings",
        ) from error


def _find(path: Path | None) -> Path:
    named = path or (Path(os.environ[ENV_FILE]) if os.environ.get(ENV_FILE) else None)
    if named is not None:
        if not named.is_file():
            raise ConfigError(f"找不到配置文件 {named}", f"config file not found: {named}")
        return named
    for candidate in (Path("config.toml"), user_config_path("wenzheng") / "config.toml"):
        if candidate.is_file() and _is_ours(candidate):
            return candidate
    return packaged_config()


def packaged_config() -> Path:
    """The config.toml that comes with the program: inside the wheel, or beside a source checkout's packages."""
    inside = Path(str(resources.files("retrieval"))) / "config.toml"
    return inside if inside.is_file() else inside.parent.parent / "config.toml"


def _is_ours(path: Path) -> bool:
    """Any folder may hold somebody else's config.toml: ours says so in its first line."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return "wenzheng" in file.readline().lower()


def _parse(source: Path) -> dict[str, dict[str, Any]]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"配置文件 {source} 读不懂：{error}", f"cannot parse {source}: {error}") from error


def _environment() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    sections = Config.__dataclass_fields__.keys()
    for name, value in os.environ.items():
        section, _, key = name.removeprefix(ENV_PREFIX).lower().partition("_")
        if name.startswith(ENV_PREFIX) and section in sections and key:
            found.setdefault(section, {})[key] = value
    return found
