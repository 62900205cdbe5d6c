"""Commands that carry an index away in one file and put it back."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from wenzheng.options import context_of, index_option


@click.command()
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(index_dir: Path | None, as_json: bool, file: Path) -> None:
    """Write the index, its originals and what is kept beside it to one .tar file, also while the site is running."""
    from retrieval.backup import back_up
    from wenzheng import show

    done = back_up(context_of(index_dir).index, file)
    values = {**asdict(done), "missing": list(done.missing)}
    show.record({"file": str(file), **values}, as_json=as_json)
    sys.exit(1 if done.missing else 0)


@click.command()
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(index_dir: Path | None, as_json: bool, file: Path) -> None:
    """Put a backup into an index folder that is empty or not there, and verify it."""
    from indexer.verify import verify
    from retrieval.backup import restore as put_back
    from retrieval.store import open_index
    from wenzheng import show

    root = context_of(index_dir).index
    done = put_back(file, root)
    checked = verify(open_index(root))
    values = {
        "index": str(root),
        "version": done.version,
        "files": done.files,
        "bytes": done.bytes,
        "reports": checked.reports,
        "passages": checked.passages,
        "problems": list(checked.problems),
        "quotations": checked.quotations,
        "quotations_no_longer_held": list(checked.lost),
    }
    show.record(values, as_json=as_json)
    sys.exit(1 if checked.problems else 0)
