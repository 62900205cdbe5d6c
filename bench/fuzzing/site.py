"""The site over an index of the samples, made for the occasion: the API as its OpenAPI document describes it, and every
route with whatever a stranger may write into an address or a body."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import quote_from_bytes

import schemathesis
from flask import Flask
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bench.fuzzing import texts
from bench.fuzzing.trial import ROOT, Trial, draw
from indexer.build import build
from retrieval.config import load_config
from retrieval.encoder import open_encoder
from retrieval.store import Index
from webapp import create_app
from webapp.collections import Collections
from webapp.items import Draft
from webapp.place_lists import PlaceLists
from webapp.service import Service

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
Ids = dict[str, list[str]]


@dataclass(frozen=True)
class Site:
    """An application with its index; `ids` are some that exist, by the name of the parameter."""

    app: Flask
    index: Index
    ids: Ids


@contextmanager
def samples_site() -> Iterator[Site]:
    """The site, with a collection and a list of places kept."""
    config = load_config(ROOT / "config.toml")
    encoder = open_encoder(config)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        build([ROOT / "samples"], root, config, encoder, lambda *_: None, rebuild=False)
        app = create_app(config, service=Service(config, root, encoder))
        service = app.extensions["wenzheng"]
        index: Index = service.searcher.index
        shelf = app.extensions["wenzheng-shelf"]
        collection = Collections(shelf).create("复议的做法")
        pairs = list(index.passages())
        items = [Collections(shelf).add(collection.id, Draft(*pair))[0].id for pair in pairs[::20]]
        places = PlaceLists(shelf).create("三地", ["松鹤县", "临溪市", "不存在县"])
        ids = {
            "passage_id": [passage.id for passage, _ in pairs[::9]],
            "report_id": [summary.id for summary in index.reports],
            "collection_id": [collection.id],
            "item_id": items,
            "list_id": [places.id],
        }
        yield Site(app, index, ids)


def try_described(site: Site, trial: Trial, cases: int, chosen: int) -> None:
    """Requests made after the OpenAPI document, right and wrong ones by turns; answers held against it."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", site.app)
    operations = [found.ok() for found in schema.get_all_operations()]
    for operation in operations:
        chance = Random(chosen)
        # Half of a collection's deletions would leave nothing to try the others on.
        spared = operation.path.endswith("/delete")

        def ask(case: Case, chance: Random = chance, spared: bool = spared) -> None:
            for name, known in site.ids.items():
                if name in (case.path_parameters or {}) and chance.random() < 0.6 and not spared:
                    case.path_parameters[name] = chance.choice(known)
            try:
                case.call_and_validate(checks=CHECKS)
            except* Failure as failures:
                first = failures.exceptions[0]
                raise AssertionError(f"{case.method} {case.path}: {first.title}: {first.message}"[:300]) from None

        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                strategy = operation.as_strategy(mode)
                draw(strategy, partial(trial.case, ask), max(1, cases // len(operations) // 2), chosen)
            except Exception as error:  # some routes have nothing that could be wrong
                if type(error).__name__ not in ("Unsatisfiable", "SkipTest", "InvalidArgument"):
                    raise


def requests(site: Site) -> st.SearchStrategy[tuple[str, str, bytes]]:
    """Method, address and body: every route, its parts filled with ids or nonsense, queries of any bytes."""
    rules = sorted(
        (method, rule.rule)
        for rule in site.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    )
    part = st.one_of(texts.pieces, st.sampled_from(["csv", "xlsx", "docx", "md", "json", "share", "bib", "ris", "svg"]))
    words = st.one_of(texts.questions, texts.expressions, texts.pieces).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    )
    names = ["q", "place", "list", "sort", "within", "limit", "offset", "context", "start", "end", "quote", "passage"]
    names += ["version", "from", "to", "ignore", "lang", "tag", "corpus", "model", "settings", "own", "by"]
    values = st.dictionaries(st.sampled_from(names), st.one_of(words, st.binary(max_size=6)), max_size=4)

    @st.composite
    def one(draw: st.DrawFn) -> tuple[str, str, bytes]:
        method, rule = draw(st.sampled_from(rules))

        def filled(match: re.Match[str]) -> str:
            known = site.ids.get(match.group(1).rpartition(":")[2], [])
            text = draw(st.sampled_from(known) if known and draw(st.booleans()) else part)
            return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")

        path = re.sub(r"<([^>]*)>", filled, rule)
        query = {
            **draw(values),
            **{name: v.encode("utf-8", "surrogatepass") for name, v in draw(texts.filters).items()},
        }
        written = "&".join(f"{name}={quote_from_bytes(value)}" for name, value in query.items())
        body = draw(st.one_of(st.binary(max_size=30), words)) if method == "POST" else b""
        return method, f"{path}?{written}", body

    return one()


def request_is_answered(app: Flask, method: str, address: str, body: bytes) -> None:
    """No server error, whatever is asked."""
    client = app.test_client()
    answer = client.open(address, method=method, data=body, content_type="application/json")
    answer.get_data()
    assert answer.status_code < 500, f"{method} {address}: {answer.status_code}"
