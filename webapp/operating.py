"""For those who run the site: is it alive, is it ready, what has it done."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify

from retrieval.errors import WenzhengError
from webapp.access import from_this_machine
from webapp.metrics import CONTENT_TYPE
from webapp.protection import ForbiddenError
from webapp.requests import service

blueprint = Blueprint("operating", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive, with what was opened last."""
    manifest = service().searcher.index.manifest
    return jsonify({"status": "ok", "version": manifest.number, "reports": manifest.reports})


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Whether to send requests here: the version in force is open, and the site is not about to stop."""
    if current_app.extensions["wenzheng-observer"].stopping:
        return jsonify({"status": "stopping"}), 503
    try:
        service().searcher  # noqa: B018  # opens the version in force
    except WenzhengError as error:
        return jsonify({"status": error.code}), 503
    return jsonify({"status": "ready"}), 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """For programs on this machine, and those elsewhere that have the site's password (access.py has seen to it)."""
    if not (current_app.extensions["wenzheng-password"] or from_this_machine()):
        raise ForbiddenError(
            "指标只给本机上的程序，或有本站密码的",
            "metrics are for programs on this machine, or with the site's password",
        )
    return Response(current_app.extensions["wenzheng-metrics"].text(), content_type=CONTENT_TYPE)
