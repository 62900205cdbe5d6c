"""Pages of saved lists of places."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp.requests import place_lists
from webapp.shelf import StaleError

blueprint = Blueprint("placing", __name__)


@blueprint.get("/place-lists")
def home() -> str:
    return render_template("place_lists.html", lists=place_lists().all())


@blueprint.post("/place-lists")
def create() -> AnyResponse:
    place_lists().create(request.form.get("name", ""), _lines())
    return _home()


@blueprint.post("/place-lists/<list_id>")
def edit(list_id: str) -> AnyResponse | tuple[str, int]:
    name, revision = request.form.get("name", ""), request.form.get("revision", "")
    try:
        place_lists().edit(list_id, name, _lines(), int(revision) if revision.isdecimal() else 0)
    except StaleError as error:
        yours = {"name": name, "places": "\n".join(_lines())}
        address, back = url_for(".edit", list_id=list_id), url_for(".home", lang=request.args.get("lang"))
        page = render_template("conflict.html", address=address, back=back, yours=yours, theirs=error.present)
        return page, 409
    return _home()


@blueprint.post("/place-lists/<list_id>/delete")
def delete(list_id: str) -> AnyResponse:
    place_lists().delete(list_id)
    return _home()


def _home() -> AnyResponse:
    return redirect(url_for(".home", lang=request.args.get("lang")), 303)


def _lines() -> list[str]:
    return request.form.get("places", "").splitlines()
