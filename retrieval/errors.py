"""The errors a user may see: what is wrong, with which thing, and the way out, in both languages."""

from __future__ import annotations

from pathlib import Path


class WenzhengError(Exception):
    """An expected failure with a message for people, Chinese first.

    `code` is the machine-readable name used by the API's error object.
    """

    code = "error"

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.zh = zh
        self.en = en

    def __reduce__(self) -> tuple[type[WenzhengError], tuple[str, str]]:
        return type(self), (self.zh, self.en)


class ConfigError(WenzhengError):
    """config.toml or an environment variable holds something unknown or unusable."""

    code = "bad_config"


class ModelError(WenzhengError):
    """The embedding model cannot be found or loaded."""

    code = "model_unavailable"


class IndexUnusableError(WenzhengError):
    """There is no index, or it does not fit this program or this model."""

    code = "index_unusable"


def damaged(path: Path) -> IndexUnusableError:
    """The error for a file of the index whose bytes are not what was written."""
    return IndexUnusableError(
        f"索引文件 {path} 丢失、不完整或已损坏；请从备份恢复（wenzheng restore），或用 wenzheng index --rebuild 重建",
        f"index file {path} is missing, cut short or damaged; restore a backup (wenzheng restore), or rebuild with: "
        "wenzheng index --rebuild",
    )


class ReadError(WenzhengError):
    """One report cannot be read; the others are not concerned."""

    code = "unreadable"


class QueryError(WenzhengError):
    """A query or a filter is not usable."""

    code = "bad_query"


class NotFoundError(WenzhengError):
    """A passage, report or page that does not exist."""

    code = "not_found"


def unreadable_model(path: Path) -> ModelError:
    """What to say of a prepared model whose file its library cannot read."""
    return ModelError(
        f"模型文件 {path} 读不出来；请删掉文件夹 {path.parent}，再运行一次会重新准备",
        f"{path} cannot be read: delete the folder {path.parent}, and the next run makes it again",
    )
