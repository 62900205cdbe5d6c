"""Commands beside `compare`: in what words, since when, and from where."""

from __future__ import annotations

from pathlib import Path

import click

from wenzheng.opening import open_index_searcher
from wenzheng.options import context_of, filter_options, index_option

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
    from retrieval.filters import parse_filters
    from webapp import compared, tables
    from webapp.wording import wording as wording_of
    from wenzheng import show, show_compared

    searcher, filters = open_index_searcher(context_of(index_dir)), parse_filters(dict(named))
    said = wording_of(searcher, measure_words, filters)
    if out:
        show.table_file(tables.of_wording(searcher, said, filters, ""), out)
    elif as_json:
        show.output(compared.wording_object(said))
    else:
        show_compared.wording(said)


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
    from retrieval.filters import parse_filters
    from webapp import compared, tables
    from webapp.spread import spread as spread_of
    from wenzheng import show, show_compared

    searcher, filters = open_index_searcher(context_of(index_dir)), parse_filters(dict(named))
    found = spread_of(searcher, measure_words, filters)
    if out:
        show.table_file(tables.of_spread(searcher, found, filters, ""), out)
    elif as_json:
        show.output(compared.spread_object(found))
    else:
        show_compared.spread(found)


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
