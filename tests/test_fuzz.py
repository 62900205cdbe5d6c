"""A short run of what `make fuzz` does at length: the same claims, held against a few hundred inputs."""

from __future__ import annotations

from random import Random

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.fuzzing import claims, texts
from bench.fuzzing.files import damaged, sound_files
from bench.fuzzing.targets import PLACES
from retrieval.config import load_config
from tests.conftest import ROOT
from webapp.places import PlaceNames

CONFIG = load_config(ROOT / "config.toml")
NAMES = PlaceNames(PLACES)


@settings(max_examples=100)
@given(texts.reports)
def test_offsets_of_normalised_text_lead_back(text: str) -> None:
    claims.normalised_text_leads_back(text)


@pytest.mark.parametrize("ending", [".txt", ".md", ".html", ".csv"])
@settings(max_examples=30)
@given(text=texts.reports)
def test_a_report_from_any_text_has_exact_offsets(ending: str, text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    claims.report_is_stored_citable_and_comparable(data, f"a{ending}", CONFIG)


@settings(max_examples=60)
@given(texts.reports, texts.questions)
def test_figures_of_any_text_stand_where_they_say(text: str, question: str) -> None:
    claims.figures_stand_where_they_say(text, question)


@settings(max_examples=60)
@given(texts.reports, st.integers(0, 3000), st.integers(1, 300))
def test_words_of_any_text_are_found_again(text: str, start: int, size: int) -> None:
    claims.quotation_is_found_again(text, start, size)


@settings(max_examples=150)
@given(texts.questions)
def test_any_words_are_a_question(text: str) -> None:
    claims.question_is_understood(text, NAMES)


@settings(max_examples=150)
@given(texts.expressions)
def test_any_words_are_counted_or_pointed_at(text: str) -> None:
    claims.expression_is_read_or_pointed_at(text)


@settings(max_examples=150)
@given(texts.filters)
def test_any_filters_are_read_or_refused(values: dict[str, str | None]) -> None:
    claims.filters_are_read_or_refused(values, [])


@pytest.mark.parametrize("ending", [ending for ending in sound_files() if ending not in (".pdf", ".zip", ".tar.gz")])
def test_damaged_files_are_read_or_refused(ending: str) -> None:
    for number in range(40):
        chance = Random(number)  # noqa: S311  # damage, no secrets
        claims.file_is_read_or_refused(damaged(sound_files()[ending][0], chance), f"a{ending}")


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_damaged_archives_write_nothing_elsewhere(ending: str) -> None:
    for number in range(20):
        chance = Random(number)  # noqa: S311  # as above
        claims.archive_is_expanded_or_refused(damaged(sound_files()[ending][0], chance), ending)


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/search?q=%ff%fe%00",
        "/api/v1/ask?q=%ed%a0%80",
        "/api/v1/count?q=%00",
        "/api/v1/compare?q=%e2%80%ae&place=%00",
        "/api/v1/search?q=a&region=%ed%a0%80&year=%d9%a2%d9%a0%d9%a2%d9%a2",
        "/api/v1/passages/%00",
        "/api/v1/reports/%ff",
        "/search?q=%00%e2%80%ae",
        "/collections/%00",
        "/download/search.docx?q=%ef%bf%be",
        "/download/search.xlsx?q=%01%ef%bf%bf",
    ],
)
def test_odd_bytes_in_an_address_are_no_server_error(app: Flask, address: str) -> None:
    answer = app.test_client().get(address)
    assert answer.status_code < 500
    assert answer.get_data()
