"""What is true of the five real reports holds. They lie beside the project, never in it."""

from __future__ import annotations

import json

import pytest

from indexer.verify import verify
from retrieval.search import Searcher
from retrieval.store import Index
from retrieval.text import bare
from retrieval.types import Filters, Report
from tests.conftest import SHARED

TRUTH = SHARED / "eval" / "truth.json"
pytestmark = pytest.mark.skipif(not TRUTH.is_file(), reason=f"the real reports and their truths are not at {SHARED}")


def truth(part: str) -> dict:
    if not TRUTH.is_file():
        return {}
    return {key: value for key, value in json.loads(TRUTH.read_text("utf-8"))[part].items() if key.isdigit()}


def report(index: Index, key: str) -> Report:
    summary = next(s for s in index.reports if s.source_name.startswith(key))
    return index.report(summary.id)


@pytest.mark.parametrize(("key", "true"), truth("boilerplate_and_metadata").items())
def test_boilerplate_is_gone_and_recorded(real: Index, key: str, true: dict) -> None:
    found = report(real, key)
    removed = [removal.text for removal in found.removals]
    assert sorted(map(bare, removed)) == sorted(map(bare, true["boilerplate"]))
    for line in true["boilerplate"]:
        assert bare(line) not in bare(found.text)


@pytest.mark.parametrize(("key", "true"), truth("boilerplate_and_metadata").items())
def test_what_must_stay_stays_and_signatures_are_no_passages(real: Index, key: str, true: dict) -> None:
    found = report(real, key)
    assert all(words in found.text for words in true["must_keep"])
    for item in true["furniture"]:
        for line in filter(None, (part.strip() for part in item["text"].split("\n"))):
            assert line in found.text
            assert not any(line == passage.text.strip() for passage in found.passages)


@pytest.mark.parametrize(("key", "true"), truth("boilerplate_and_metadata").items())
def test_metadata_is_true(real: Index, key: str, true: dict) -> None:
    wanted, found = true["metadata"], report(real, key).summary.metadata
    if wanted["title"]:
        assert found.title == wanted["title"]
    else:
        assert found.title_made
        assert found.title == wanted["title_synthetic"].split("(")[0]
    for name in ("province", "prefecture", "county", "township"):
        place = wanted["region"][name]
        assert getattr(found.region, name) in ((place,) if not place else (place, *place.rstrip(")").split("(")))
    for name in ("level", "year", "publication_date", "signed_date", "index_number"):
        assert getattr(found, name) == wanted[name], name
    assert bare(found.issuing_body or "") in bare(wanted["issuing_body"])


@pytest.mark.parametrize(("key", "true"), truth("structure").items())
def test_the_heading_tree_is_true(real: Index, key: str, true: dict) -> None:
    found = report(real, key)
    headings = [(p.level, found.text[p.start : p.end].strip()) for p in found.paragraphs if p.kind == "heading"]
    assert headings == [(item["level"], item["heading"]) for item in true["headings"]]


@pytest.mark.parametrize(("key", "true"), truth("structure").items())
def test_every_enumeration_item_begins_a_passage_or_shares_a_short_one(real: Index, key: str, true: dict) -> None:
    found = report(real, key)
    for heading in true["headings"]:
        for item in heading["items"]:
            holders = [p for p in found.passages if item in p.text and heading["heading"] in p.heading_path]
            assert len(holders) == 1
            # One that does not begin its passage was joined to a neighbour because one of the two is short.
            at, text = holders[0].text.index(item), holders[0].text
            assert min(at, len(text) - at) < 60


def test_the_other_two_reports_keep_their_last_sentence_and_lose_their_furniture(real: Index) -> None:
    huangchuan, jingzhou = report(real, "001"), report(real, "003")
    assert [bare(removal.text) for removal in jingzhou.removals] == ["20.12.201707:04", "(荆州市政府法制办供稿)"]
    assert jingzhou.text.endswith("增强行政工作的透明度和公开性。")
    assert huangchuan.text.endswith("无需要报告的其他情况。")
    assert len(huangchuan.removals) == 3
    assert huangchuan.summary.metadata.region.chain == ("河南省", "信阳市", "潢川县")
    assert jingzhou.summary.metadata.region.chain == ("湖北省", "荆州市", "荆州区")
    assert (huangchuan.summary.metadata.publication_date, jingzhou.summary.metadata.publication_date) == (
        "2024-03-28",
        "2017-12-20",
    )
    assert (huangchuan.summary.metadata.year, jingzhou.summary.metadata.year) == (2023, 2017)


def test_every_passage_is_found_again_in_its_original(real: Index) -> None:
    result = verify(real)
    assert result.problems == ()
    assert (result.reports, result.passages) == (5, 160)


def test_the_first_hit_for_reasoned_enforcement_is_the_plan_of_bailu(real_searcher: Searcher) -> None:
    hit = real_searcher.search("哪些地方推行了说理式执法").hits[0]
    assert "推广说理式执法、柔性执法" in hit.passage.text
    assert (hit.report.metadata.region.township, hit.passage.role, hit.passage.planned_for) == (
        "白路镇",
        "planned",
        2023,
    )


def test_roles_of_all_judged_quotes_are_right(real: Index) -> None:
    dev = [json.loads(line) for line in (SHARED / "eval" / "dev.jsonl").read_text("utf-8").splitlines()]
    wrong = []
    for item in (quote for question in dev for quote in (*question["relevant"], *question.get("partial", []))):
        found = [p for p in report(real, item["doc"]).passages if bare(item["quote"]) in bare(p.text)]
        wrong += [(item["quote"], item["status"], p.role) for p in found if p.role != item["status"]]
        assert found, f"no single passage holds {item['quote']}"
    assert wrong == []


def test_a_province_takes_in_its_townships(real_searcher: Searcher) -> None:
    results = real_searcher.search("法律顾问", Filters(region="云南省"), limit=50)
    assert {hit.report.metadata.region.township for hit in results.hits} == {"白路镇"}
