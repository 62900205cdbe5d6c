"""What the commands share: the settings and index folder they get, and the options that restrict a search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from retrieval.config import Config


@dataclass(frozen=True, slots=True)
class Context:
    """What every command gets: the settings and the index folder from the global option."""

    config: Config
    index: Path


def index_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--index` is global: it may stand before the command or after it."""
    return click.option("--index", "index_dir", type=click.Path(path_type=Path), help="The index folder.")(command)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What search and ask can be restricted to."""
    options = (
        click.option("--region", help="Place of any level: 云南省, 武定县, 云南省/武定县, or a code; several with 、."),
        click.option("--year", help="2022 or 2019-2023."),
        click.option("--level", help="province, prefecture, county or township."),
        click.option("--role", help="done, planned, shortcoming or other."),
        click.option("--department", help="Part of a department's name."),
        click.option("--measure", help="Official name of a measure that the passages must name."),
        click.option(
            "--ignore",
            multiple=True,
            type=click.Choice(["region", "year", "level", "role", "measure"]),
            help="Do not take this from the question's words.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def context_of(index_dir: Path | None) -> Context:
    given: Context = click.get_current_context().obj
    return Context(given.config, index_dir) if index_dir else given
