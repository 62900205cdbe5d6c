"""Commands about collections: list, write out, take in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from wenzheng.options import context_of, index_option


@click.group()
@index_option
@click.pass_context
def collections(context: click.Context, index_dir: Path | None) -> None:
    """Quotations that are kept beside the index, with notes and tags."""
    context.obj = context_of(index_dir)


@collections.command("list")
@index_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def every(index_dir: Path | None, as_json: bool) -> None:
    """Every collection with its number of items."""
    from webapp.collections import Collections
    from webapp.shelf import Shelf
    from wenzheng import show

    for one in Collections(Shelf(context_of(index_dir).index)).all():
        show.output(asdict(one)) if as_json else click.echo(f"{one.id}  {one.name}  {one.items} 条 items")


@collections.command("export")
@index_option
@click.option("--tag", default="", help="Only the items that have it.")
@click.option("--share", "as_share", is_flag=True, help="A file that `collections import` takes in, not a table.")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A .csv, .xlsx, .docx, .md or .json file; with --share any name.",
)
@click.argument("name")
def export(index_dir: Path | None, tag: str, as_share: bool, out: Path, name: str) -> None:
    """Write a collection, by its name or id, to a file."""
    from retrieval.files import write_atomic
    from retrieval.store import open_index
    from webapp.collections import Collections
    from webapp.sharing import share
    from webapp.shelf import Shelf
    from webapp.tables import of_collection
    from wenzheng import show

    root = context_of(index_dir).index
    shelf = Collections(Shelf(root))
    found = shelf.named(name) or shelf.get(name)
    items = shelf.items(found.id, tag)
    if as_share:
        write_atomic(out, share(found, items))
        click.echo(f"已写入 / written: {out}", err=True)
    else:
        show.table_file(of_collection(found, items, open_index(root), ""), out)


@collections.command("import")
@index_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def take_in(index_dir: Path | None, as_json: bool, file: Path) -> None:
    """Merge a shared file into the collection of its name; notes that are there stay as they are."""
    from retrieval.store import open_index
    from webapp.collections import Collections
    from webapp.sharing import import_share, read_share
    from webapp.shelf import Shelf
    from wenzheng import show

    root = context_of(index_dir).index
    done = import_share(Collections(Shelf(root)), open_index(root), read_share(file.read_bytes()))
    if as_json:
        show.output(asdict(done))
        return
    click.echo(f"{done.collection.name}：新增 added {done.added}，合并 merged {done.merged}")
    for words in done.missing:
        click.echo(f"  ! 本库的报告里找不到，已照原样收入 / not in this index's reports, kept as it came: {words[:60]}")
    for note in done.notes:
        click.echo(f"  ! 笔记不同，保留了已有的 / another note, yours was kept; this one came: {note[:200]}")
