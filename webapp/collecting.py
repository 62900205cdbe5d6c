"""Pages of collections: parse, call, render. Everything that changes something is a POST with its form's token."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from retrieval.errors import NotFoundError, QueryError, WenzhengError
from retrieval.quotation import Standing, standing, texts_of
from retrieval.types import Report
from webapp.citation import citation_of
from webapp.collections import Collection
from webapp.downloads import sent
from webapp.export import FORMATS
from webapp.items import Draft, Item, part_of, split_tags, tag_counts
from webapp.links import passage_link, source_link
from webapp.requests import collections, number, searcher
from webapp.sharing import import_share, read_share, share
from webapp.shelf import StaleError
from webapp.tables import of_collection

blueprint = Blueprint("collecting", __name__)
# Items of one page.
SIZE = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """An item with how its words stand in the stored text today, and where that is opened."""

    item: Item
    standing: Standing
    link: str | None
    source: str | None
    citation: str


@dataclass(frozen=True, slots=True)
class Added:
    """What the last form put where; `key` names the form."""

    key: str
    collection_id: str
    name: str
    new: bool


def shelves() -> list[Collection]:
    """For the forms on other pages, which show without collections where these cannot be read."""
    if "shelves" not in g:
        try:
            g.shelves = collections().all()
        except WenzhengError:
            g.shelves = []
    found: list[Collection] = g.shelves
    return found


def just_added() -> Added | None:
    """What the form before this page did, once."""
    if "added" not in g:
        values = session.pop("added", None)
        g.added = Added(*values) if values else None
    done: Added | None = g.added
    return done


@blueprint.get("/collections")
def home() -> str:
    return render_template("collections.html", collections=collections().all())


@blueprint.post("/collections")
def create() -> AnyResponse:
    return _to(collections().create(request.form.get("name", "")).id)


@blueprint.post("/collections/import")
def take_in() -> str:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise QueryError("请先选择一个合集文件", "choose a file first")
    with file.stream as stream:
        shared = read_share(stream.read())
    done = import_share(collections(), searcher().index, shared)
    return render_template("imported.html", done=done)


@blueprint.post("/collections/add")
def add() -> AnyResponse:
    """Put a passage, or the part of it between start and end, into a collection, there or new."""
    passage, summary = searcher().index.find_passage(request.form.get("passage", ""))
    start, end = (_number(name, default) for name, default in (("start", passage.start), ("end", passage.end)))
    shelf, name = collections(), request.form.get("name", "").strip()
    target = (shelf.named(name) or shelf.create(name)) if name else shelf.get(request.form.get("collection", ""))
    draft = Draft(part_of(passage, (start, end)), summary, request.form.get("note", ""), tuple(_tags()))
    _, new = shelf.add(target.id, draft)
    key = f"{passage.id}-{start}-{end}"
    session["added"] = (key, target.id, target.name, new)
    return redirect(f"{_own_path(request.form.get('next', ''))}#keep-{quote(key)}", 303)


@blueprint.get("/collections/<collection_id>")
def page(collection_id: str) -> str:
    shelf, tag, at = collections(), request.args.get("tag", ""), max(1, number("page", 1))
    everything = shelf.items(collection_id)
    chosen = [item for item in everything if not tag or tag in item.tags]
    return render_template(
        "collection.html",
        collection=shelf.get(collection_id),
        items=_shown(chosen[(at - 1) * SIZE : at * SIZE]),
        chosen=len(chosen),
        tags=tag_counts(everything),
        tag=tag,
        page=at,
        pages=-(-len(chosen) // SIZE),
        formats=tuple(FORMATS),
    )


@blueprint.get("/collections/<collection_id>/file.<suffix>")
def file(collection_id: str, suffix: str) -> Response:
    """The items, or those of a tag, as a table (csv, xlsx, docx, md, json) or to hand on (share)."""
    shelf = collections()
    collection, items = shelf.get(collection_id), shelf.items(collection_id, request.args.get("tag", ""))
    if suffix == "share":
        response = Response(share(collection, items), content_type="application/json")
        name = quote(f"{collection.name[:60]}.wenzheng.json".replace("/", " "), safe="")
        kept = f"attachment; filename=\"collection.wenzheng.json\"; filename*=UTF-8''{name}"
        response.headers["Content-Disposition"] = kept
        return response
    if suffix not in FORMATS:
        raise NotFoundError(f"没有 {suffix} 格式", f"no {suffix}; there are share, {', '.join(FORMATS)}")
    return sent(of_collection(collection, items, searcher().index, request.host_url), "collection", suffix)


@blueprint.post("/collections/<collection_id>/name")
def rename(collection_id: str) -> AnyResponse | tuple[str, int]:
    name = request.form.get("name", "")
    try:
        collections().rename(collection_id, name, _number("revision", 0))
    except StaleError as error:
        return _conflict(error, url_for(".rename", collection_id=collection_id), collection_id, {"name": name})
    return _to(collection_id)


@blueprint.get("/collections/<collection_id>/delete")
def confirm(collection_id: str) -> str:
    return render_template("delete.html", collection=collections().get(collection_id))


@blueprint.post("/collections/<collection_id>/delete")
def delete(collection_id: str) -> AnyResponse:
    collections().delete(collection_id)
    return redirect(url_for(".home", lang=request.args.get("lang")), 303)


@blueprint.post("/collections/<collection_id>/items/<item_id>")
def edit(collection_id: str, item_id: str) -> AnyResponse | tuple[str, int]:
    note = request.form.get("note", "")
    try:
        collections().edit(item_id, note, _tags(), _number("revision", 0))
    except StaleError as error:
        address = url_for(".edit", collection_id=collection_id, item_id=item_id)
        return _conflict(error, address, collection_id, {"note": note, "tags": request.form.get("tags", "")})
    return _to(collection_id, item_id)


@blueprint.post("/collections/<collection_id>/items/<item_id>/move")
def move(collection_id: str, item_id: str) -> AnyResponse:
    collections().move(item_id, -1 if request.form.get("by") == "-1" else 1)
    return _to(collection_id, item_id)


@blueprint.post("/collections/<collection_id>/items/<item_id>/remove")
def remove(collection_id: str, item_id: str) -> AnyResponse:
    collections().remove(item_id)
    return _to(collection_id)


def _shown(items: list[Item]) -> list[Shown]:
    index = searcher().index

    @lru_cache(maxsize=8)
    def texts(report_id: str, version_id: str) -> tuple[Report, ...]:
        return texts_of(index, report_id, version_id)

    shown = []
    for item in items:
        report, passage = item.report, item.passage
        now = standing(texts(report.id, report.version_id), item.place, passage.text)
        link = None if now.state == "gone" else passage_link(passage, version_id=report.version_id)
        source = source_link(report.metadata.url, report.media_type, passage)
        shown.append(Shown(item, now, link, source, citation_of(report)))
    return shown


def _conflict(error: StaleError, address: str, collection_id: str, yours: dict[str, str]) -> tuple[str, int]:
    """Both texts side by side: nothing that was typed is lost."""
    back = url_for(".page", collection_id=collection_id, lang=request.args.get("lang"))
    page = render_template("conflict.html", address=address, back=back, yours=yours, theirs=error.present)
    return page, 409


def _to(collection_id: str, item_id: str = "") -> AnyResponse:
    """Back to the collection, at the item, with the page and tag that it was sent from."""
    kept = {name: request.args.get(name) for name in ("lang", "page", "tag")}
    return redirect(url_for(".page", collection_id=collection_id, _anchor=item_id or None, **kept), 303)  # type: ignore[arg-type]  # names of parameters


def _own_path(path: str) -> str:
    """An address of this site, never another's; `//` would be another's."""
    own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path.partition("#")[0].rstrip("?") if own else url_for(".home")


def _tags() -> list[str]:
    return split_tags(request.form.get("tags", ""))


def _number(name: str, default: int) -> int:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default
