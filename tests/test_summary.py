"""The optional written summary: what its citations do not support is taken out, and a bad server takes nothing away."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from retrieval.config import Config, LlmSettings
from retrieval.encoder import Encoder
from retrieval.search import Searcher
from retrieval.types import Hit, Metadata, Passage, Region, ReportSummary, Why
from tests.web_server import Reply, dripping, endless, serving
from webapp import create_app
from webapp.answer import Answer, Entry, ask
from webapp.service import Service
from webapp.summary import checked, summarise

QUESTION = "哪些地方推行了说理式执法"


@contextmanager
def endpoint(reply: Reply, timeout: float = 5) -> Iterator[LlmSettings]:
    """A chat endpoint on this machine that answers as told."""
    with serving(reply) as address:
        yield LlmSettings(f"{address}/v1", "test", "WENZHENG_TEST_SECRET", timeout)


def saying(text: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        body = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def sleeping(_: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def failing(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(500)
    handler.end_headers()


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"\xff\x00<html>")


@pytest.fixture(scope="module")
def answer(searcher: Searcher) -> Answer:
    return ask(searcher, QUESTION)


def number_of(answer: Answer, place: str, role: str) -> int:
    return next(
        n
        for n, e in enumerate(answer.entries, start=1)
        if e.hit.report.metadata.region.name == place and e.hit.passage.role == role
    )


def test_a_sentence_that_its_citation_supports_is_kept(answer: Answer) -> None:
    number = number_of(answer, "鸣泉区", "done")
    quote = answer.entries[number - 1].quote.rstrip("。")
    summary = checked(f"鸣泉区在报告中写明：{quote}[{number}]。", answer.entries)
    assert [sentence.entries for sentence in summary.sentences] == [(number,)]
    assert summary.removed == 0


@pytest.mark.parametrize(
    "lie",
    [
        "{quote}。",  # no citation
        "{quote}[99]。",  # a citation of nothing
        "{quote}，共办结98765件[{number}]。",  # a figure that stands nowhere
        "望月镇{quote}[{number}]。",  # not the place cited, though the words are
        "报告称“全省率先实现全覆盖”，{quote}[{number}]。",  # a quotation that is none
        "这项改革深受企业好评，成效显著，走在全国前列[{number}]。",  # nothing of what is cited
    ],
)
def test_a_sentence_that_its_citation_does_not_support_is_removed_and_counted(answer: Answer, lie: str) -> None:
    number = number_of(answer, "鸣泉区", "done")
    quote = answer.entries[number - 1].quote.rstrip("。")
    summary = checked(lie.format(quote=quote, number=number), answer.entries)
    assert summary.sentences == ()
    assert summary.removed == 1


def test_citations_after_the_full_stop_belong_to_the_sentence_before(answer: Answer) -> None:
    number = number_of(answer, "鸣泉区", "done")
    quote = answer.entries[number - 1].quote.rstrip("。")
    summary = checked(f"鸣泉区：{quote}。[{number}] 编造的一句。", answer.entries)
    assert len(summary.sentences) == 1
    assert summary.removed == 1


def test_the_endpoint_gets_the_quotations_and_the_key_of_the_environment(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENZHENG_TEST_SECRET", "abc")
    seen = {}

    def reply(handler: BaseHTTPRequestHandler) -> None:
        asked = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        seen.update(body=asked, key=handler.headers.get("Authorization"))
        saying("没有引文的一句。")(handler)

    with endpoint(reply) as settings:
        summary = summarise(answer, settings)
    assert summary is not None
    assert summary.removed == 1
    assert seen["key"] == "Bearer abc"
    assert answer.entries[0].quote in seen["body"]["messages"][1]["content"]


@pytest.mark.parametrize("reply", [dripping, endless, sleeping, failing, garbage, saying(""), saying("  ")])
def test_a_bad_server_gives_a_message_in_time_and_no_prose(answer: Answer, reply: Reply) -> None:
    begin = time.monotonic()
    with endpoint(reply, timeout=1) as settings:
        summary = summarise(answer, settings)
        taken = time.monotonic() - begin
    assert summary is not None
    assert summary.sentences == ()
    assert summary.error_zh
    assert summary.error_en
    assert taken < 3


def test_nothing_is_asked_where_no_endpoint_is_configured(answer: Answer) -> None:
    assert summarise(answer, LlmSettings()) is None


def test_the_answer_stands_whether_or_not_the_model_lies(
    samples_root, config: Config, encoder: Encoder, answer: Answer
) -> None:
    with endpoint(saying("全国都已推行说理式执法，成效显著。")) as settings:
        app = create_app(config, service=Service(replace(config, llm=settings), samples_root, encoder))
        client = app.test_client()
        page = client.get(f"/ask?q={QUESTION}&summary=1&lang=zh").text
        plain = client.get(f"/ask?q={QUESTION}&lang=zh").text
        found = client.get(f"/api/v1/summary?q={QUESTION}").json
    assert "全国都已推行" not in page
    assert "去掉了 1 句" in page
    assert "summary=1" in plain
    assert all(entry.quote[:20] in page for entry in answer.entries)
    assert found["summary"] == {"sentences": [], "removed": 1, "error": None}
    assert len(found["answer"]) == len(answer.entries)


def entry(text: str, region: Region, role: str = "done", year: int = 2021) -> Entry:
    passage = Passage("p", "r", 0, len(text), text, (), role)
    report = ReportSummary("r", "v", "a.txt", "", "text/plain", Metadata("报告", False, region, year=year))
    return Entry(Hit(1, 1.0, Why(1.0, 1.0, 1.0), passage, report, (0, len(text))), text, 0, len(text))


ENTRIES = (
    entry(
        "2021年共办理行政复议案件120件，覆盖35个部门，结案率98%，涉及金额1,234万元。未发生败诉案件。",
        Region("甘肃省", "武威市"),
    ),
    entry("计划2022年建成行政复议中心，拟招录法律顾问12名。", Region("湖北省", "荆州市"), "planned"),
)


@pytest.mark.parametrize(
    "truth",
    [
        "武威市2021年办理行政复议案件120件，结案率98%[1]。",
        "武威市行政复议涉及金额1,234万元[1]。",
        "武威市未发生败诉案件[1]。",
        "荆州市计划2022年建成行政复议中心[2]。",
    ],
)
def test_what_the_source_says_is_kept(truth: str) -> None:
    assert len(checked(truth, ENTRIES).sentences) == 1


@pytest.mark.parametrize(
    "lie",
    [
        "兰州市办理行政复议案件120件[1]。",
        "荆州办理行政复议案件120件[1]。",
        "武威市办理行政复议案件35件[1]。",
        "武威市行政复议结案率120%[1]。",
        "武威市办理行政复议案件120万件[1]。",
        "武威市办理行政复议案件三百件[1]。",
        "武威市办理行政复议案件2021件[1]。",
        "武威市行政复议案件占全省近九成[1]。",
        "武威市发生败诉案件[1]。",
        "武威市没有办理行政复议案件120件[1]。",
        "荆州市已建成行政复议中心[2]。",
    ],
)
def test_what_the_source_does_not_say_is_removed(lie: str) -> None:
    assert checked(lie, ENTRIES).sentences == ()
