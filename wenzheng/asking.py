"""Commands that ask the index: search, answers, evaluation, and which model is in use."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from retrieval.config import load_config
from wenzheng.opening import open_index_searcher
from wenzheng.options import Context, context_of, filter_options, index_option


@click.command()
@index_option
@filter_options
@click.option("--limit", type=int, help="How many hits.")
@click.option("--offset", type=int, default=0, help="How many hits to pass over.")
@click.option("--json", "as_json", is_flag=True, help="Print the API's object.")
@click.argument("query")
def search(
    index_dir: Path | None,
    as_json: bool,
    query: str,
    limit: int | None,
    offset: int,
    ignore: tuple[str, ...],
    **named: str,
) -> None:
    """Ranked passages for a query."""
    from retrieval.filters import parse_filters
    from webapp import present
    from webapp.finding import find
    from wenzheng import show

    found = find(open_index_searcher(context_of(index_dir)), query, parse_filters(dict(named)), ignore, limit, offset)
    show.output(present.found_object(found)) if as_json else show.found(found)


@click.command()
@index_option
@filter_options
@click.option("--json", "as_json", is_flag=True, help="Print the API's object.")
@click.argument("query")
def ask(index_dir: Path | None, as_json: bool, query: str, ignore: tuple[str, ...], **named: str) -> None:
    """An answer of verbatim sentences with citations, or an honest "not found"."""
    from retrieval.filters import parse_filters
    from webapp import present
    from webapp.answer import ask as answer_question
    from wenzheng import show

    answer = answer_question(open_index_searcher(context_of(index_dir)), query, parse_filters(dict(named)), ignore)
    show.output(present.answer_object(answer)) if as_json else show.answer(answer)


@click.command()
@index_option
@filter_options
@click.option("--place", "places", multiple=True, help="A row; repeat it. None: all places with reports.")
@click.option("--list", "saved", help="A saved list of places, by name or id, as rows.")
@click.option(
    "--sort", type=click.Choice(["name", "first", "role", "figure"]), default="name", help="Order of the rows."
)
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="A .csv, .xlsx, .docx, .md or .json file."
)
@click.option("--json", "as_json", is_flag=True, help="Print the API's object.")
@click.argument("measures", nargs=-1, required=True)
def compare(
    index_dir: Path | None,
    places: tuple[str, ...],
    saved: str | None,
    sort: Literal["name", "first", "role", "figure"],
    out: Path | None,
    as_json: bool,
    measures: tuple[str, ...],
    ignore: tuple[str, ...],  # noqa: ARG001  # the words of a comparison name no filters
    **named: str,
) -> None:
    """Places by years for one measure, by measures for several: found, not detected, or no report."""
    from retrieval.filters import parse_filters
    from webapp import matrix, present, tables
    from webapp.place_lists import PlaceLists
    from webapp.shelf import Shelf
    from wenzheng import show

    if saved:
        places = (*places, *PlaceLists(Shelf(context_of(index_dir).index)).get(saved).places)
    searcher, filters = open_index_searcher(context_of(index_dir)), parse_filters(dict(named))
    found = matrix.compare(searcher, measures, filters, places, sort)
    if out:
        show.table_file(tables.of_matrix(searcher, found, filters, ""), out)
    elif as_json:
        show.output(present.matrix_object(found, 0, len(found.rows)))
    else:
        show.matrix(found)


@click.command()
@index_option
@filter_options
@click.option(
    "--within", type=click.Choice(["passage", "report"]), default="passage", help="Where AND, NOT and NEAR are met."
)
@click.option("--lines", is_flag=True, help="Every occurrence in its context, instead of the tallies.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="A .csv, .xlsx, .docx, .md or .json file."
)
@click.option("--json", "as_json", is_flag=True, help="Print the API's object, with all lines where --lines is given.")
@click.argument("query")
def count(
    index_dir: Path | None,
    within: Literal["passage", "report"],
    lines: bool,
    out: Path | None,
    as_json: bool,
    query: str,
    ignore: tuple[str, ...],  # noqa: ARG001  # the words of a count name no filters
    **named: str,
) -> None:
    """How many reports, passages and places have a phrase; AND, OR, NOT, NEAR/10 and parentheses join several."""
    from retrieval.filters import parse_filters
    from retrieval.store import open_index
    from webapp import counting, present, tables
    from wenzheng import show

    found = counting.count(open_index(context_of(index_dir).index), query, parse_filters(dict(named)), within)
    if out:
        show.table_file(tables.of_lines(found, "") if lines else tables.of_counts(found, ""), out)
    elif as_json:
        shown = found.total.occurrences if lines else 0
        show.output(present.count_object(found, 0, shown, counting.CONTEXT))
    elif lines:
        show.lines(found)
    else:
        show.tallies(found)


@click.command()
@index_option
@click.option("--against", type=click.Path(exists=True, path_type=Path), help="Another config.toml to compare with.")
@click.option("--against-index", type=click.Path(path_type=Path), help="Its index, where that differs.")
@click.option("--run", type=click.Path(exists=True, path_type=Path), help="A TREC run; QUESTIONS are then TREC qrels.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("questions", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def evaluate(
    index_dir: Path | None,
    against: Path | None,
    against_index: Path | None,
    run: Path | None,
    as_json: bool,
    questions: Path,
) -> None:
    """Score the index against judged questions (JSONL), or two configurations against each other."""
    from wenzheng import evaluation, show

    if run:
        show.record(dict(evaluation.evaluate_run(questions, run)), as_json=as_json)
        return
    context = context_of(index_dir)
    report = evaluation.evaluate(open_index_searcher(context_of(index_dir)), questions)
    if against or against_index:
        config = load_config(against) if against else context.config
        other = evaluation.evaluate(open_index_searcher(Context(config, against_index or context.index)), questions)
        report = evaluation.compare(report, other)
    show.output(report.as_dict()) if as_json else click.echo(report.as_markdown())


@click.command()
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def model(index_dir: Path | None, as_json: bool) -> None:  # noqa: ARG001  # global option; the model needs no index
    """Which copy of the embedding model is in use."""
    from retrieval.encoder import describe_model
    from wenzheng import show

    show.record(dict(describe_model(click.get_current_context().obj.config)), as_json=as_json)
