"""Texts out of all proportion take time in proportion, and odd characters stay where they are."""

from __future__ import annotations

import time

import pytest

from indexer.extraction import make_report
from retrieval.config import Config

HEAD = "云台县2022年法治政府建设情况报告\n2022年，云台县坚持依法行政，现将情况报告如下。\n"
SENTENCE = "2022年，云台县办理行政复议案件1234件，“放管服”改革有成效。"
GIANTS = {
    "a line of sentences": SENTENCE * 10_000,
    "a line without an end": "依法行政" * 100_000,
    "ends and closing marks": "。”" * 150_000,
    "items": "一是推行说理式执法；" * 30_000,
    "ten thousand headings": "".join(f"（{n}）加强制度建设\n{SENTENCE}\n" for n in range(10_000)),
    "ten thousand dates": "2023年1月15日\n" * 10_000,
    "ten thousand wrapped lines": ("依法行政" * 5 + "\n") * 10_000,
}


@pytest.mark.parametrize("giant", GIANTS)
def test_a_giant_is_read_in_time_with_exact_offsets(giant: str, config: Config) -> None:
    begin = time.process_time()
    report = make_report((HEAD + GIANTS[giant]).encode(), "giant.txt", {}, config, "r1")
    assert time.process_time() - begin < 30
    assert report.passages
    assert all(report.text[p.start : p.end] == p.text for p in report.passages)


@pytest.mark.parametrize(
    "odd", ["\u202e", "\u2066", "\u200b", "\x01", "\x1b[31m", "\ufffe", "\U0010ffff", "e\u0301", "ﷺ"]
)
def test_odd_characters_are_kept_to_the_letter(odd: str, config: Config) -> None:
    line = f"2022年，全县{odd}办理行政复议案件12件，没有一件{odd}被撤销。"
    report = make_report((HEAD + line).encode(), "odd.txt", {}, config, "r1")
    assert report.passages[-1].text.endswith(line)
    start, end = report.passages[-1].start, report.passages[-1].end
    assert report.text[start:end] == report.passages[-1].text


def test_nul_beyond_the_beginning_of_a_text_is_kept_and_shifts_nothing(config: Config) -> None:
    data = (HEAD + SENTENCE * 100 + "\n其中\0受理12件，全部按期办结。").encode()
    report = make_report(data, "nul.txt", {}, config, "r1")
    last = report.passages[-1]
    assert report.text[last.start : last.end] == last.text
    assert "\0受理" in last.text


def test_halves_of_characters_never_get_into_a_text(config: Config) -> None:
    page = f"<p>{SENTENCE * 3}&#xD800;&#55357;</p>"
    report = make_report(page.encode(), "half.html", {}, config, "r1")
    report.text.encode()
