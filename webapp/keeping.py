"""Collections and lists of places in the JSON API; protection.py says who may change them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request

from retrieval.errors import QueryError
from webapp import present
from webapp.collections import Collection
from webapp.items import Draft, Item, part_of
from webapp.language import current
from webapp.observing import request_id
from webapp.place_lists import PlaceList
from webapp.requests import collections, place_lists, searcher
from webapp.sharing import import_share, read_share, share
from webapp.shelf import StaleError

blueprint = Blueprint("keeping", __name__, url_prefix="/api/v1")
Json = dict[str, Any]


@blueprint.errorhandler(StaleError)
def stale(error: StaleError) -> tuple[Response, int]:
    """What is there now, beside what was sent."""
    now = _object(error.present) if error.present else None
    sent = {name: value for name, value in _body().items() if name != "revision"}
    return jsonify(
        {
            "error": {
                "code": error.code,
                "message": error.zh if current() == "zh" else error.en,
                "request_id": request_id(),
            },
            "present": now,
            "yours": sent,
        }
    ), 409


@blueprint.get("/collections")
def every() -> Response:
    return jsonify({"collections": [asdict(one) for one in collections().all()]})


@blueprint.post("/collections")
def create() -> tuple[Response, int]:
    return jsonify(asdict(collections().create(_text("name")))), 201


@blueprint.post("/collections/import")
def take_in() -> Response:
    return jsonify(asdict(import_share(collections(), searcher().index, read_share(request.get_data()))))


@blueprint.get("/collections/<collection_id>")
def one(collection_id: str) -> Response:
    found = collections().get(collection_id)
    items = collections().items(collection_id, request.args.get("tag", ""))
    return jsonify({**asdict(found), "items": [present.item_object(item) for item in items]})


@blueprint.post("/collections/<collection_id>")
def rename(collection_id: str) -> Response:
    return jsonify(asdict(collections().rename(collection_id, _text("name"), _number("revision"))))


@blueprint.post("/collections/<collection_id>/delete")
def delete(collection_id: str) -> Response:
    collections().delete(collection_id)
    return jsonify({"deleted": collection_id})


@blueprint.get("/collections/<collection_id>/share")
def shared(collection_id: str) -> Response:
    found = collections().get(collection_id)
    return Response(share(found, collections().items(collection_id)), content_type="application/json")


@blueprint.post("/collections/<collection_id>/items")
def add(collection_id: str) -> tuple[Response, int]:
    passage, summary = searcher().index.find_passage(_text("passage_id"))
    span = (_number("start", passage.start), _number("end", passage.end))
    draft = Draft(part_of(passage, span), summary, _text("note"), tuple(_texts("tags")))
    item, new = collections().add(collection_id, draft)
    return jsonify({**present.item_object(item), "new": new}), 201 if new else 200


@blueprint.post("/collections/<collection_id>/items/<item_id>")
def edit(collection_id: str, item_id: str) -> Response:
    collections().get(collection_id)
    item = collections().edit(item_id, _text("note"), _texts("tags"), _number("revision"))
    return jsonify(present.item_object(item))


@blueprint.post("/collections/<collection_id>/items/<item_id>/move")
def move(collection_id: str, item_id: str) -> Response:
    by = _body().get("by")
    if by not in (-1, 1):
        raise QueryError("by 应为 -1（上移）或 1（下移）", "by must be -1 (up) or 1 (down)")
    collections().move(item_id, by)
    return jsonify({"order": [item.id for item in collections().items(collection_id)]})


@blueprint.post("/collections/<collection_id>/items/<item_id>/remove")
def remove(collection_id: str, item_id: str) -> Response:
    collections().get(collection_id)
    collections().remove(item_id)
    return jsonify({"removed": item_id})


@blueprint.get("/place-lists")
def lists() -> Response:
    return jsonify({"place_lists": [asdict(one) for one in place_lists().all()]})


@blueprint.post("/place-lists")
def create_list() -> tuple[Response, int]:
    return jsonify(asdict(place_lists().create(_text("name"), _texts("places")))), 201


@blueprint.post("/place-lists/<list_id>")
def edit_list(list_id: str) -> Response:
    return jsonify(asdict(place_lists().edit(list_id, _text("name"), _texts("places"), _number("revision"))))


@blueprint.post("/place-lists/<list_id>/delete")
def delete_list(list_id: str) -> Response:
    place_lists().delete(list_id)
    return jsonify({"deleted": list_id})


def _object(kept: object) -> Json:
    if isinstance(kept, Item):
        return present.item_object(kept)
    return asdict(kept) if isinstance(kept, Collection | PlaceList) else {}


def _body() -> Json:
    """The object sent. Raises QueryError."""
    try:
        values = json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError) as error:
        raise QueryError("请求不是 JSON", "the request is not JSON") from error
    if not isinstance(values, dict):
        raise QueryError("请求应是一个 JSON 对象", "the request must be a JSON object")
    return values


def _text(name: str) -> str:
    value = _body().get(name, "")
    if not isinstance(value, str):
        raise QueryError(f"{name} 应为文字", f"{name} must be a string")
    return value


def _texts(name: str) -> list[str]:
    values = _body().get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise QueryError(f"{name} 应为文字的列表", f"{name} must be a list of strings")
    return values


def _number(name: str, default: int | None = None) -> int:
    value = _body().get(name, default)
    if not isinstance(value, int) or not 0 <= value < 10**9:
        raise QueryError(f"{name} 应为不小于 0 的整数", f"{name} must be a whole number, 0 or more")
    return value
