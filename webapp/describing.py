"""The API's OpenAPI document: openapi.toml, served as JSON."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify

blueprint = Blueprint("describing", __name__)


@cache
def document() -> dict[str, Any]:
    """What openapi.toml says."""
    return tomllib.loads((Path(__file__).parent / "openapi.toml").read_text(encoding="utf-8"))


@blueprint.get("/api/v1/openapi.json")
def openapi() -> Response:
    return jsonify(document())
