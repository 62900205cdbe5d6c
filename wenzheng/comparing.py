"""Commands beside `compare`: in what words, since when, and from where."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from wenzheng.opening import open_index_searcher
from wenzheng.options import context_of, filter_options, index_option

if TYPE_CHECKING:
    # Imported by the commands that need them: the shell waits for what is imported here.
    from retrieval.search import Searcher
    from retrieval.types import Filters
    from webapp.tables import Table

T = TypeVar("T")
_out = click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="A .csv, .xlsx, .docx, .md or .json file."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print the API's object.")


@click.command()
@index_option
@filter_options
@_out
@_json
@click.argument("measure_words")
def wording(
    index_dir: Path | None,
    out: Path | None,
    as_json: bool,
    measure_words: str,
    ignore: tuple[str, ...],  # noqa: ARG001  # the words of a comparison name no filters
    **named: str,
) -> None:
    """One measure in the words of different places: near-verbatim, in other words, distinctive."""
    from webapp import compared, tables
    from webapp.wording import wording as wording_of
    from wenzheng import show_compared

    searcher, filters = _asked(index_dir, named)
    said = wording_of(searcher, measure_words, filters)
    table = partial(tables.of_wording, searcher, said, filters, "")
    _give(said, compared.wording_object, show_compared.wording, table, out, as_json=as_json)


@click.command()
@index_option
@filter_options
@_out
@_json
@click.argument("measure_words")
def spread(
    index_dir: Path | None,
    out: Path | None,
    as_json: bool,
    measure_words: str,
    ignore: tuple[str, ...],  # noqa: ARG001  # as above
    **named: str,
) -> None:
    """When each place first reports a measure; plans apart, missing years as gaps."""
    from webapp import compared, tables
    from webapp.spread import spread as spread_of
    from wenzheng import show_compared

    searcher, filters = _asked(index_dir, named)
    found = spread_of(searcher, measure_words, filters)
    table = partial(tables.of_spread, searcher, found, filters, "")
    _give(found, compared.spread_object, show_compared.spread, table, out, as_json=as_json)


@click.command()
@index_option
@_json
@click.argument("passage_id")
def reuse(index_dir: Path | None, as_json: bool, passage_id: str) -> None:
    """How much of a passage stands word for word in other texts, and in which, earliest first."""
    from retrieval.store import open_index
    from webapp import compared
    from webapp.reuse import reuse as reused
    from wenzheng import show, show_compared

    index = open_index(context_of(index_dir).index)
    told = reused(index, *index.find_passage(passage_id))
    show.output(compared.reuse_object(told)) if as_json else show_compared.reuse(told)


def _asked(index_dir: Path | None, named: dict[str, str]) -> tuple[Searcher, Filters]:
    from retrieval.filters import parse_filters

    return open_index_searcher(context_of(index_dir)), parse_filters(dict(named))


def _give(
    found: T,
    as_object: Callable[[T], dict[str, Any]],
    print_it: Callable[[T], None],
    table: Callable[[], Table],
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """As a file, as the API's object, or for people."""
    from wenzheng import show

    if out:
        show.table_file(table(), out)
    elif as_json:
        show.output(as_object(found))
    else:
        print_it(found)
