"""The OpenAPI document: valid, of exactly the routes that there are, and true to what they answer."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from webapp.describing import document

FIRST = "/api/v1/passages/{passage_id}"


def described(client: FlaskClient, path: str, method: str, status: int) -> dict[str, Any]:
    """The schema of an answer, with the document's own schemas to refer to."""
    answer = document()["paths"][path][method]["responses"][str(status)]
    answer = document()["components"]["responses"][answer["$ref"].rsplit("/", 1)[-1]] if "$ref" in answer else answer
    return {**answer["content"]["application/json"]["schema"], "components": document()["components"]}


def test_the_document_is_valid_and_served(client: FlaskClient) -> None:
    served = client.get("/api/v1/openapi.json").get_json()
    validate(served)
    assert served == document()


def test_the_document_has_every_route_of_the_api_and_no_other(app: Flask) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, methods in document()["paths"].items() for method in methods} == routes


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/api/v1/search", "q=行政复议", 200), ("/api/v1/search", "q=", 400), ("/api/v1/ask", "q=哪些地方推行说理式执法", 200),
        ("/api/v1/ask", "q=云岫省行政复议多少件", 200), ("/api/v1/summary", "q=说理式执法", 200), ("/api/v1/compare", "q=说理式执法", 200),
        ("/api/v1/compare", "q=a&list=none", 404), ("/api/v1/count", "q=行政复议", 200), ("/api/v1/wording", "q=首违不罚", 200),
        ("/api/v1/spread", "q=首违不罚", 200), ("/api/v1/reports", "", 200), ("/api/v1/collections", "", 200),
        ("/api/v1/place-lists", "", 200), (FIRST, "", 200), ("/api/v1/passages/{passage_id}/citations", "", 200),
        ("/api/v1/reuse/{passage_id}", "", 200), ("/api/v1/reports/{report_id}", "", 200),
    ],
)  # fmt: skip
def test_answers_are_as_described_with_no_member_left_out(
    client: FlaskClient, path: str, query: str, status: int
) -> None:
    report = client.get("/api/v1/reports").get_json()["reports"][0]["report_id"]
    passage = client.get(f"/api/v1/reports/{report}").get_json()["passages"][0]
    address = path.format(passage_id=passage, report_id=report)
    answer = client.get(f"{address}?{query}")
    assert answer.status_code == status
    schema = described(client, path, "get", status)
    Draft202012Validator(schema).validate(answer.get_json())
    assert set(answer.get_json()) == members(schema)


def members(schema: dict[str, Any]) -> set[str]:
    """The members that a schema names, its parts' included."""
    schemas = document()["components"]["schemas"]
    if "$ref" in schema:
        return members(schemas[schema["$ref"].rsplit("/", 1)[-1]])
    return set(schema.get("properties", ())).union(*(members(part) for part in schema.get("allOf", ())))


def test_a_method_that_is_not_allowed_is_told_which_are(client: FlaskClient) -> None:
    answer = client.put("/api/v1/search")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
