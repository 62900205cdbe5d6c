"""`wenzheng`: parse, call, print. JSON goes to stdout and nothing else there; progress and messages go to stderr."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from retrieval import layout
from retrieval.config import Config, load_config
from retrieval.errors import ConfigError, QueryError, WenzhengError
from wenzheng import __version__
from wenzheng.options import Context, context_of, filter_options, index_option


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="wenzheng")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="Another config.toml.")
@index_option
@click.pass_context
def cli(context: click.Context, config_file: Path | None, index_dir: Path | None) -> None:
    """问政 Wenzheng: semantic search over local governments' annual reports on law-based government."""
    config = load_config(config_file)
    context.obj = Context(config, index_dir or Path(config.index.dir))


@cli.command()
@index_option
@click.option("--rebuild", is_flag=True, help="Start the index afresh instead of adding to it.")
@click.option("--purge", is_flag=True, help="Reports whose file is gone cannot be cited any more either.")
@click.option("--watch", is_flag=True, help="Stay, and index again whenever files change.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def index(
    index_dir: Path | None, rebuild: bool, purge: bool, watch: bool, as_json: bool, paths: tuple[Path, ...]
) -> None:
    """Read reports from files and folders into the index."""
    from indexer.build import build
    from wenzheng import show

    context = context_of(index_dir)
    encoder = _encoder(context.config)

    def run(*, afresh: bool) -> bool:
        with show.progress() as steps:
            summary = build(list(paths), context.index, context.config, encoder, steps, rebuild=afresh, purge=purge)
        show.summary(summary, as_json=as_json)
        return not summary.count("failed")

    done = run(afresh=rebuild)
    if watch:
        from indexer.watch import changes

        click.echo("等待文件变化（Ctrl+C 结束）/ waiting for files to change (Ctrl+C to stop)", err=True)
        for _ in changes(list(paths), context.index):
            done = run(afresh=False)
    sys.exit(0 if done else 1)


@cli.command()
@index_option
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
def serve(index_dir: Path | None, host: str | None, port: int | None) -> None:
    """Serve the site and the API."""
    import waitress

    from webapp import create_app

    context = context_of(index_dir)
    settings = context.config.server
    _encoder(context.config)
    app = create_app(context.config, context.index)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    address = f"http://{host or settings.host}:{settings.port if port is None else port}"
    click.echo(f"问政已启动 / serving {context.index}: {address} （Ctrl+C 结束 / to stop）", err=True)
    waitress.serve(
        app,
        host=host or settings.host,
        port=settings.port if port is None else port,
        threads=settings.threads,
        ident=None,
    )


@cli.command()
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

    found = find(_searcher(index_dir), query, parse_filters(dict(named)), ignore, limit, offset)
    show.output(present.found_object(found)) if as_json else show.found(found)


@cli.command()
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

    answer = answer_question(_searcher(index_dir), query, parse_filters(dict(named)), ignore)
    show.output(present.answer_object(answer)) if as_json else show.answer(answer)


@cli.command()
@index_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line (the default form is the same).")
def passages(index_dir: Path | None, as_json: bool) -> None:  # noqa: ARG001  # accepted for the sake of scripts
    """Every passage, one JSON object a line."""
    from retrieval.store import open_index
    from webapp import present
    from wenzheng import show

    for passage, summary in open_index(context_of(index_dir).index).passages():
        show.output(present.passage_object(passage, summary))


@cli.command()
@index_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--check", is_flag=True, help="Only what is unsure, with the reason.")
@click.option("--manifest", type=click.Path(path_type=Path), help="With --check: write a CSV to correct and feed back.")
def reports(index_dir: Path | None, as_json: bool, check: bool, manifest: Path | None) -> None:
    """Every report with its metadata, or what is unsure of it."""
    from retrieval.confidence import doubts
    from retrieval.store import open_index
    from webapp import present
    from wenzheng import show

    summaries = open_index(context_of(index_dir).index).reports
    if check or manifest:
        unsure = [(summary, found) for summary in summaries if (found := doubts(summary.metadata))]
        show.doubts(unsure, as_json=as_json)
        if manifest:
            show.manifest([summary for summary, _ in unsure], manifest)
        return
    if not as_json:
        show.reports(summaries)
        return
    for summary in summaries:
        show.output(present.report_object(summary))


@cli.command()
@index_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a change.")
@click.argument("old")
@click.argument("new")
def diff(index_dir: Path | None, as_json: bool, old: str, new: str) -> None:
    """What changed between two reports or versions, each a report id, a version id or a file's name."""
    from retrieval.store import open_index
    from webapp.difference import differences
    from wenzheng import show

    index = open_index(context_of(index_dir).index)
    show.changes(differences(index.lookup(old), index.lookup(new)), as_json=as_json)


@cli.command()
@index_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def inspect(index_dir: Path | None, file: Path) -> None:  # noqa: ARG001  # global option; a file needs no index
    """What is kept of a file and what is removed, side by side, and what was found out about it."""
    from indexer.discover import discover
    from indexer.prepare import make_report
    from wenzheng import show

    source = next(discover([file], Path()))
    config = click.get_current_context().obj.config
    show.inspection(make_report(file.read_bytes(), source.name, source.corrections, config, "inspected"))


@cli.command()
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(index_dir: Path | None, as_json: bool) -> None:
    """What the index holds."""
    from wenzheng import show

    context = context_of(index_dir)
    manifest = layout.current_manifest(context.index)
    show.record(
        {
            "index": str(context.index),
            "version": manifest.number,
            "created": manifest.created,
            "format_version": manifest.format_version,
            "reports": manifest.reports,
            "passages": manifest.passages,
            "segments": len(manifest.segments),
            "withdrawn_versions": len(manifest.tombstones),
            "model": manifest.model,
            "dimension": manifest.dimension,
            "encoder_fingerprint": manifest.encoder_fingerprint,
            "bytes": sum(entry.size for entry in manifest.files()),
        },
        as_json=as_json,
    )


@cli.command()
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(index_dir: Path | None, as_json: bool) -> None:
    """Check the index's files and re-find every passage in its original."""
    from indexer.verify import verify as check
    from retrieval.store import open_index
    from wenzheng import show

    result = check(open_index(context_of(index_dir).index))
    values = {"reports": result.reports, "passages": result.passages, "problems": list(result.problems)}
    show.record(values, as_json=as_json)
    sys.exit(1 if result.problems else 0)


@cli.command()
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
    report = evaluation.evaluate(_searcher(index_dir), questions)
    if against or against_index:
        config = load_config(against) if against else context.config
        other = evaluation.evaluate(_open(Context(config, against_index or context.index)), questions)
        report = evaluation.compare(report, other)
    show.output(report.as_dict()) if as_json else click.echo(report.as_markdown())


@cli.command()
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def model(index_dir: Path | None, as_json: bool) -> None:  # noqa: ARG001  # global option; the model needs no index
    """Which copy of the embedding model is in use."""
    from retrieval.encoder import describe_model
    from wenzheng import show

    show.record(dict(describe_model(click.get_current_context().obj.config)), as_json=as_json)


def _encoder(config: Config):  # type: ignore[no-untyped-def]  # importing the type would import onnxruntime at start-up
    from retrieval.encoder import is_prepared, open_encoder

    if not is_prepared(config):
        click.echo("首次使用：准备语义模型，约半分钟 / first use: preparing the model, about half a minute …", err=True)
    return open_encoder(config)


def _searcher(index_dir: Path | None):  # type: ignore[no-untyped-def]  # as above
    return _open(context_of(index_dir))


def _open(context: Context):  # type: ignore[no-untyped-def]  # as above
    from retrieval.search import open_searcher
    from retrieval.store import open_index

    layout.current_manifest(context.index)  # before the model is loaded: no index is the commoner mistake
    encoder = _encoder(context.config)
    return open_searcher(context.config, open_index(context.index, encoder.fingerprint), encoder)


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


def main() -> None:
    """The entry point of the `wenzheng` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A Windows console may use a code page without Chinese characters; output is always UTF-8.
            stream.reconfigure(encoding="utf-8", errors="replace")
    with _messages():
        cli(prog_name="wenzheng")
