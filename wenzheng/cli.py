"""`wenzheng`: parse, call, print. JSON goes to stdout and nothing else there; progress and messages go to stderr."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from retrieval.config import load_config
from retrieval.errors import ConfigError, QueryError, WenzhengError
from wenzheng import __version__, asking, collecting, comparing, corpus, safekeeping, serving
from wenzheng.options import Context, index_option


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="wenzheng")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="Another config.toml.")
@index_option
@click.pass_context
def cli(context: click.Context, config_file: Path | None, index_dir: Path | None) -> None:
    """问政 Wenzheng: semantic search over local governments' annual reports on law-based government."""
    config = load_config(config_file)
    context.obj = Context(config, index_dir or Path(config.index.dir))


for _command in (
    *(corpus.index, corpus.fetch, corpus.reports, corpus.passages, corpus.inspect, corpus.diff, corpus.status),
    *(
        corpus.verify,
        serving.serve,
        safekeeping.backup,
        safekeeping.restore,
        asking.search,
        asking.ask,
        asking.compare,
        asking.count,
        comparing.wording,
        comparing.spread,
        comparing.reuse,
        asking.evaluate,
        asking.model,
    ),
    collecting.collections,
):
    cli.add_command(_command)


@contextmanager
def _messages() -> Iterator[None]:
    """Expected errors as one line and an exit status; wrong use is 2, everything else 1."""
    try:
        yield
    except (ConfigError, QueryError) as error:
        click.echo(f"wenzheng: {error}", err=True)
        sys.exit(2)
    except WenzhengError as error:
        click.echo(f"wenzheng: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
    except ImportError as error:
        # Libraries are imported when they are needed: by then memory may be short, or an upgrade half done.
        click.echo(
            f"wenzheng: 程序的一个库载入不了（{error}）：请看内存是否够用，或重新安装 / "
            f"a library cannot be loaded ({error}): look at the memory that is left, or install again",
            err=True,
        )
        sys.exit(1)
    except (OSError, sqlite3.OperationalError, MemoryError) as error:
        # A full disk, a permission that is missing, too little memory: what was there before stays in force.
        where = getattr(error, "filename", None)
        what = " ".join(str(part) for part in (getattr(error, "strerror", None) or error, where) if part)
        click.echo(
            f"wenzheng: 读写失败（{what or '内存不够'}）：请看磁盘空间、权限和内存；已有的索引没有改动，改好后再运行一次 / "
            f"reading or writing failed ({what or 'out of memory'}): look at disk space, permissions and memory; the index "
            "that was there is unchanged, run it again when that is mended",
            err=True,
        )
        sys.exit(1)


def main() -> None:
    """The entry point of the `wenzheng` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A Windows console may use a code page without Chinese characters; output is always UTF-8.
            stream.reconfigure(encoding="utf-8", errors="replace")
    with _messages():
        cli(prog_name="wenzheng")
