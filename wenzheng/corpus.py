"""Commands about the corpus: collect, index, list, look into, compare and check reports."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import click

from retrieval import layout
from wenzheng.opening import open_model
from wenzheng.options import context_of, index_option


@click.command()
@index_option
@click.option("--rebuild", is_flag=True, help="Start the index afresh instead of adding to it.")
@click.option("--purge", is_flag=True, help="Reports whose file is gone cannot be cited any more either.")
@click.option("--watch", is_flag=True, help="Stay, and index again whenever files change.")
@click.option(
    "--reference",
    is_flag=True,
    help="They are outlines, plans or statutes: nobody's report, but credited with wording that reports take from them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def index(
    index_dir: Path | None,
    rebuild: bool,
    purge: bool,
    watch: bool,
    reference: bool,
    as_json: bool,
    paths: tuple[Path, ...],
) -> None:
    """Read reports from files and folders into the index."""
    from indexer.build import build
    from wenzheng import show

    context = context_of(index_dir)
    encoder = open_model(context.config)

    def run(*, afresh: bool) -> bool:
        with show.progress() as steps:
            summary = build(
                list(paths),
                context.index,
                context.config,
                encoder,
                steps,
                rebuild=afresh,
                purge=purge,
                reference=reference,
            )
        show.summary(summary, as_json=as_json)
        return not summary.count("failed")

    done = run(afresh=rebuild)
    if watch:
        from indexer.watch import changes

        click.echo("等待文件变化（Ctrl+C 结束）/ waiting for files to change (Ctrl+C to stop)", err=True)
        # Ctrl+C is how watching ends, also when it comes between an update and the next wait.
        with suppress(KeyboardInterrupt):
            for _ in changes(list(paths), context.index):
                done = run(afresh=False)
    sys.exit(0 if done else 1)


@click.command()
@index_option
@click.option("-o", "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where to put it.")
@click.option("--again", is_flag=True, help="Ask whether what was fetched before has changed.")
@click.argument("source")
def fetch(index_dir: Path | None, out: Path, again: bool, source: str) -> None:  # noqa: ARG001  # global option; fetching needs no index
    """Collect pages and what they attach: SOURCE is a file of addresses, or a sitemap's or list page's address."""
    from indexer.fetch import fetch as collect
    from wenzheng import show

    settings = click.get_current_context().obj.config.fetch
    done = collect(source, out, settings, show.fetched, again=again)
    failed = sum(bool(one.fault) for one in done)
    click.echo(f"取到 {len(done) - failed} 个，失败 {failed} 个 / fetched {len(done) - failed}, failed {failed}: {out}")
    sys.exit(1 if failed else 0)


@click.command()
@index_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line (the default form is the same).")
def passages(index_dir: Path | None, as_json: bool) -> None:  # noqa: ARG001  # accepted for the sake of scripts
    """Every passage, one JSON object a line."""
    from retrieval.store import open_index
    from webapp import present
    from wenzheng import show

    for passage, summary in open_index(context_of(index_dir).index).passages():
        show.output(present.passage_object(passage, summary))


@click.command()
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


@click.command()
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


@click.command()
@index_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def inspect(index_dir: Path | None, file: Path) -> None:
    """What is kept of a file and what is removed, side by side, and what was found out about it."""
    from indexer.discover import discover
    from indexer.isolation import read_apart
    from indexer.sites import learned_lines
    from wenzheng import show

    source = next(discover([file], Path()))
    context = context_of(index_dir)
    report = read_apart(file.read_bytes(), source.name, source.corrections, context.config, "inspected")
    known = learned_lines(context.index, report)
    if known:
        report = read_apart(file.read_bytes(), source.name, source.corrections, context.config, "inspected", known)
    show.inspection(report)


@click.command()
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


@click.command()
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(index_dir: Path | None, as_json: bool) -> None:
    """Check the index's files; re-find every passage in its original and every kept quotation in its report."""
    from indexer.verify import verify_at
    from wenzheng import show

    result = verify_at(context_of(index_dir).index)
    values = {
        "reports": result.reports,
        "passages": result.passages,
        "problems": list(result.problems),
        "quotations": result.quotations,
        "quotations_no_longer_held": list(result.lost),
    }
    show.record(values, as_json=as_json)
    sys.exit(1 if result.problems or result.lost else 0)
