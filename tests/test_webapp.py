"""API and pages, without a browser."""

from __future__ import annotations

import hashlib
import html
import re
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient

from tests.conftest import SAMPLES
from webapp.evidence import WEAK

HIT = {
    "rank", "score", "why", "passage_id", "report_id", "source_name", "text", "start", "end", "page", "heading_path", "role",
    "title", "issuing_body", "region", "level", "year", "planned_for", "url", "link",
}  # fmt: skip
PAGES = (
    "/",
    "/search?q=执法",
    "/search?q=执法&region=北京",
    "/ask?q=哪些地方推行了说理式执法",
    "/ask?q=核电站",
    "/count?q=执法 近/10 监督&within=report",
    "/count?q=绝无此语",
    "/reports",
    "/nothing",
)


def test_search_has_the_promised_shape(client) -> None:
    found = client.get("/api/v1/search?q=说理式执法&limit=2").json
    assert {"query", "took_ms", "total", "hits", "facets"} <= set(found)
    assert len(found["hits"]) == 2
    assert set(found["hits"][0]) >= HIT
    assert set(found["hits"][0]["region"]) == {"province", "prefecture", "county", "township", "code"}
    assert set(found["facets"]) == {"province", "level", "year", "role", "measure"}
    assert set(found["facets"]["year"][0]) == {"value", "count"}


def test_ask_has_the_promised_shape(client) -> None:
    found = client.get("/api/v1/ask?q=哪些地方推行了说理式执法").json
    assert {"query", "kind", "found", "message", "confidence", "answer", "coverage"} <= set(found)
    assert {
        "region",
        "report_id",
        "passage_id",
        "source_name",
        "quote",
        "start",
        "end",
        "heading_path",
        "role",
        "year",
        "link",
    } <= set(found["answer"][0])
    assert set(found["coverage"]) == {
        "reports_searched",
        "regions_searched",
        "regions_found",
        "regions_not_detected",
        "years",
        "regions_without_report",
    }


def test_offsets_of_the_api_fit_the_text_of_the_api(client) -> None:
    for hit in client.get("/api/v1/search?q=执法&limit=30").json["hits"]:
        report = client.get(f"/api/v1/reports/{hit['report_id']}").json
        assert report["text"][hit["start"] : hit["end"]] == hit["text"]
        assert client.get(f"/api/v1/passages/{hit['passage_id']}").json["text"] == hit["text"]


def test_the_original_comes_back_byte_for_byte_as_a_download(client) -> None:
    for report in client.get("/api/v1/reports").json["reports"]:
        response = client.get(f"/api/v1/reports/{report['report_id']}/original")
        assert response.data == (SAMPLES / report["source_name"]).read_bytes()
        assert hashlib.sha256(response.data).hexdigest() == report["sha256"]
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        response.close()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/search", 400, "bad_query"), ("/api/v1/search?q=x&year=abc", 400, "bad_query"), ("/api/v1/search?q=x&limit=-1", 400, "bad_query"),
        ("/api/v1/search?q=x&limit=1000", 400, "bad_query"), ("/api/v1/passages/none", 404, "not_found"), ("/api/v1/reports/none", 404, "not_found"),
        ("/api/v1/reports/none/original", 404, "not_found"), ("/api/v1/nothing", 404, "not_found"), ("/api/v1/ask", 400, "bad_query"),
    ],
)  # fmt: skip
def test_errors_have_one_shape_and_the_right_status(client, path: str, status: int, code: str) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert response.json["error"]["code"] == code
    assert response.json["error"]["message"]


def test_the_health_check_names_the_version_in_force(client) -> None:
    assert client.get("/healthz").json == {"status": "ok", "version": 1, "reports": 12}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_render_in_both_languages_with_nothing_from_elsewhere(client, path: str, language: str) -> None:
    response = client.get(path + ("&" if "?" in path else "?") + f"lang={language}")
    page = response.text
    assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}">' in page
    assert not re.search(r'(?:src|action)="(?:https?:)?//|<link[^>]*href="(?:https?:)?//', page)
    assert "<script" not in page
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert len(response.data) < 100_000


def test_a_report_that_is_hostile_is_escaped(tmp_path, config, encoder) -> None:
    from indexer.build import build
    from tests.conftest import quiet
    from webapp import create_app
    from webapp.service import Service

    text = "甲县人民政府2022年法治政府建设报告\n一、<script>alert(1)</script>成效\n推行说理式执法<img src=x onerror=alert(1)>，效果良好。\n"
    (tmp_path / "a<b>.txt").write_text(text, encoding="utf-8")
    build([tmp_path / "a<b>.txt"], tmp_path / "i", config, encoder, quiet, rebuild=False)
    hostile = create_app(config, service=Service(config, tmp_path / "i", encoder)).test_client()
    (report,) = hostile.get("/api/v1/reports").json["reports"]
    for path in (
        "/search?q=说理式<script>",
        "/ask?q=说理式执法",
        "/reports",
        report["link"],
        "/search?q=x&region=<script>",
    ):
        page = hostile.get(path).text
        assert "<script" not in page
        assert "<img" not in page


def test_the_report_page_marks_the_cited_passage_and_loses_no_character(client) -> None:
    (hit,) = client.get("/api/v1/search?q=说理式执法&limit=1").json["hits"]
    page = client.get(hit["link"]).text
    marked = "".join(re.findall(r'<mark class="passage"[^>]*>(.*?)</mark>', page, re.S))
    assert marked == hit["text"]
    assert page.count('id="passage"') == 1


def test_a_run_in_heading_keeps_its_text(client) -> None:
    for report in client.get("/api/v1/reports").json["reports"]:
        page = client.get(report["link"]).text
        article = re.search(r"<article.*?</article>", page, re.S).group()
        shown = re.sub(r"\s", "", re.sub(r"<[^>]+>", "", article))
        text = client.get(f"/api/v1/reports/{report['report_id']}").json["text"]
        assert shown.replace("&#34;", '"').replace("&gt;", ">") == re.sub(r"\s", "", text)


def test_a_source_link_carries_a_text_fragment_of_original_characters(client) -> None:
    hits = client.get("/api/v1/search?q=说理式执法&region=鸣泉区&year=2022&limit=1").json["hits"]
    base, _, fragment = hits[0]["url"].partition("#:~:text=")
    assert base == "https://www.example.cn/mingquan-2022.html"
    for part in fragment.split(","):
        assert unquote(part) in hits[0]["text"]


def test_the_site_takes_up_a_new_version_between_requests(tmp_path, config, encoder) -> None:
    from indexer.build import build
    from tests.conftest import quiet
    from webapp import create_app
    from webapp.service import Service

    build([SAMPLES / "linxi-2021.txt"], tmp_path, config, encoder, quiet, rebuild=False)
    site = create_app(config, service=Service(config, tmp_path, encoder)).test_client()
    assert site.get("/healthz").json["reports"] == 1
    build([SAMPLES / "shiyu-2020.txt"], tmp_path, config, encoder, quiet, rebuild=False)
    assert site.get("/healthz").json["reports"] == 2
    assert site.get("/api/v1/search?q=双语执法&limit=1").json["hits"][0]["source_name"] == "shiyu-2020.txt"


@pytest.mark.parametrize(("page", "every"), [("/ask", "answer"), ("/compare", "cells")])
def test_weak_evidence_says_so_and_strong_does_not(client: FlaskClient, page: str, every: str) -> None:
    asked = {"q": "收回街道的执法事项", "lang": "zh"}
    found = client.get(f"/api/v1{page}", query_string=asked).get_json()
    strengths = [entry["strength"] for entry in found["answer"]] if every == "answer" else strengths_of(found)
    weak = sum(strength < WEAK for strength in strengths)
    assert 0 < weak < len(strengths)
    assert client.get(page, query_string=asked).text.count("把握较小") == weak


def test_a_cell_whose_best_passage_is_weak_says_so_before_it_is_opened(client: FlaskClient) -> None:
    asked = {"q": "收回街道的执法事项", "lang": "zh"}
    cells = [
        cell for row in client.get("/api/v1/compare", query_string=asked).get_json()["rows"] for cell in row["cells"]
    ]
    best = [cell["entries"][0]["strength"] for cell in cells if cell["entries"]]
    weak = sum(strength < WEAK for strength in best)
    assert 0 < weak < len(best)
    assert client.get("/compare", query_string=asked).text.count("存疑") == weak


def strengths_of(found: object) -> list[float]:
    """Of every entry of a matrix, wherever it stands."""
    if isinstance(found, dict):
        own = [found["strength"]] if "strength" in found else []
        return own + [strength for value in found.values() for strength in strengths_of(value)]
    return [strength for value in found for strength in strengths_of(value)] if isinstance(found, list) else []


def test_the_matrix_page_shows_three_states_and_keeps_its_parameters(client: FlaskClient) -> None:
    page = client.get("/compare?q=骑马去牧区调解纠纷&place=柳塘乡&place=不存在县&lang=zh").text
    assert 'class="found done"' in page
    assert page.count('class="unreported"') == 1
    whole = client.get("/compare?q=骑马去牧区调解纠纷&lang=zh").text
    assert 'class="undetected"' in whole
    two = client.get("/compare?q=行政复议&q=人民调解&lang=zh").text
    assert "q=%E8%A1%8C%E6%94%BF%E5%A4%8D%E8%AE%AE&amp;q=%E4%BA%BA%E6%B0%91%E8%B0%83%E8%A7%A3" in two


def test_an_empty_matrix_page_is_a_form(client: FlaskClient) -> None:
    assert "<textarea" in client.get("/compare?lang=zh").text
    assert client.get("/compare?q=行政复议&sort=size").status_code == 400


@pytest.mark.parametrize("page", ["/search?q=行政复议", "/ask?q=行政复议", "/compare?q=行政复议", "/count?q=行政复议"])
def test_a_link_names_the_corpus_version_and_says_when_it_is_another(client: FlaskClient, page: str) -> None:
    link = re.search(r'href="([^"]*corpus=\d+[^"]*)"', client.get(f"{page}&lang=zh").text)
    assert link
    assert "这个链接做于" not in client.get(link.group(1).replace("&amp;", "&")).text
    assert "这个链接做于语料第 99 版" in client.get(f"{page}&corpus=99&lang=zh").text
    assert "这个链接做于" not in client.get(f"{page}&corpus=x&lang=zh").text


@pytest.mark.parametrize(
    ("name", "other", "said"),
    [("corpus", "99", "语料第 99 版"), ("model", "0" * 8, "模型 0"), ("settings", "0" * 8, "检索设置 0")],
)
def test_a_link_says_which_of_corpus_model_and_settings_differs(
    client: FlaskClient, name: str, other: str, said: str
) -> None:
    (link,) = re.findall(r'href="([^"]*corpus=\d+[^"]*)" title', client.get("/ask?q=行政复议&lang=zh").text)
    link = link.replace("&amp;", "&")
    assert "这个链接做于" not in client.get(link).text
    page = client.get(re.sub(rf"{name}=\w+", f"{name}={other}", link)).text
    assert page.count("这个链接做于") == 1
    assert f"这个链接做于{said}" in page


def test_the_settings_of_a_link_are_those_that_rank(searcher) -> None:
    from dataclasses import replace

    from webapp.lasting import grounds

    other = searcher.over(searcher.index)
    other.settings = replace(searcher.settings, lexical_weight=0.2)
    assert grounds(other).settings != grounds(searcher).settings
    assert grounds(other).model == grounds(searcher).model


ODD = 'a&b+c%20"行政复议"'


def test_a_page_in_the_other_language_asks_the_same(client: FlaskClient) -> None:
    page = client.get("/search", query_string={"q": ODD, "year": "2021", "limit": "3", "lang": "zh"}).text
    (link,) = re.findall(r'href="([^"]*)" lang="en"', page)
    other = client.get(html.unescape(link))
    assert other.request.args.to_dict(flat=False) == {"q": [ODD], "year": ["2021"], "limit": ["3"], "lang": ["en"]}
    assert '<html lang="en">' in other.text


def test_the_other_language_of_a_report_is_that_report_wherever_the_site_lies(client: FlaskClient) -> None:
    report = client.get("/api/v1/search?q=行政复议&limit=1").json["hits"][0]["report_id"]
    page = client.get(f"/reports/{report}?lang=zh", environ_overrides={"SCRIPT_NAME": "/a b"}).text
    assert re.findall(r'href="([^"]*)" lang="en"', page) == [f"/a%20b/reports/{report}?lang=en"]


@pytest.mark.parametrize("parameter", ["lang", "endpoint", "_scheme", "_anchor", "_external", "_method"])
def test_the_other_language_of_a_page_that_is_nowhere_stays_on_this_site(client: FlaskClient, parameter: str) -> None:
    nowhere = client.get(f"/nothing?{parameter}=zh")
    assert nowhere.status_code == 404
    (link,) = re.findall(r'href="([^"]*)" lang="(?:en|zh)"', nowhere.text)
    assert link.startswith("/?")
