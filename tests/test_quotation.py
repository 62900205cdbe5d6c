"""Links keep the hash of the words they were made for: what still stands is opened in silence, what moved is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from indexer.build import build
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.quotation import SHORT, Quoted, digest, find, parse_quoted, quoted
from tests.conftest import quiet
from webapp import create_app
from webapp.service import Service

TITLE = "青芦县人民政府2022年法治政府建设情况报告\n"
BODY = (
    "2022年，青芦县坚持依法行政，现将情况报告如下。\n一、主要成效\n"
    "（一）推行说理式执法。处罚决定书说清事实、证据、法律依据和裁量理由，全年制作说理式处罚决定书{n}份。\n"
    "（二）规范行政复议。收到行政复议申请31件，受理28件，审结27件，直接纠错4件，调解和解9件。\n"
    "（三）加强执法培训。组织执法人员集中培训6期，参训410人次，考试合格率百分之九十八。\n"
)
CHANGED = "正文有过变动"


@pytest.fixture
def site(tmp_path: Path, config: Config, encoder: Encoder) -> Callable[[str], FlaskClient]:
    """Write the report's text, index it, and open the site on it."""
    folder = tmp_path / "reports"
    folder.mkdir()

    def opened(text: str) -> FlaskClient:
        (folder / "a.txt").write_text(text, encoding="utf-8")
        build([folder], tmp_path / "index", config, encoder, quiet, rebuild=False)
        return create_app(config, service=Service(config, tmp_path / "index", encoder)).test_client()

    return opened


def test_a_link_carries_the_first_ten_digits_of_the_hash_of_its_words(client: FlaskClient) -> None:
    (hit,) = client.get("/api/v1/search?q=说理式执法&limit=1").json["hits"]
    asked = parse_qs(urlsplit(hit["link"]).query)
    assert asked["quote"] == [digest(hit["text"])[:SHORT]]
    assert (asked["start"], asked["end"]) == ([str(hit["start"])], [str(hit["end"])])


def test_white_space_and_script_do_not_change_the_hash_and_words_do() -> None:
    assert digest("推行 说理式\n执法") == digest("推行說理式執法")
    assert digest("推行说理式执法") != digest("推行说理式执罚")


def test_entries_and_cells_open_with_their_own_sentence_marked(client: FlaskClient) -> None:
    entries = client.get("/api/v1/ask?q=哪些地方推行了说理式执法").json["answer"]
    rows = client.get("/api/v1/compare?q=说理式执法").json["rows"]
    entries += [entry for row in rows for cell in row["cells"] for entry in cell["entries"]]
    parts = 0
    for entry in entries:
        page = client.get(entry["link"]).text
        words = "".join(re.findall(r'<mark class="passage quoted"[^>]*>(.*?)</mark>', page, re.S))
        # A sentence that is the whole passage needs no second mark.
        assert words in ("", entry["quote"])
        parts += bool(words)
        assert CHANGED not in page
    assert parts


def test_lines_of_a_count_open_at_their_words(client: FlaskClient) -> None:
    lines = client.get("/api/v1/count?q=法治政府建设").json["lines"]
    assert any(line["passage_id"] is None for line in lines)
    for line in lines:
        page = client.get(line["link"]).text
        assert CHANGED not in page
        assert re.search(rf'<mark class="passage quoted"[^>]*>{line["match"]}</mark>', page)


def test_a_text_that_has_not_changed_is_opened_without_a_word(site: Callable[[str], FlaskClient]) -> None:
    client = site(TITLE + BODY.format(n=12))
    for hit in client.get("/api/v1/search?q=执法&limit=9").json["hits"]:
        assert CHANGED not in client.get(hit["link"]).text


def test_words_that_moved_are_found_in_the_text_in_force(site: Callable[[str], FlaskClient]) -> None:
    client = site(TITLE + BODY.format(n=12))
    (hit,) = client.get("/api/v1/search?q=集中培训&limit=1").json["hits"]
    new = BODY.format(n=12).replace("审结27件", "经过认真细致的工作审结27件")
    page = site(TITLE + new).get(hit["link"]).text
    assert "所引的话还在，但位置不同" in page
    marked = "".join(re.findall(r'<mark class="passage[^>]*>(.*?)</mark>', page, re.S))
    assert marked == hit["text"]


def test_words_that_are_nowhere_any_more_are_said_to_be_lost(site: Callable[[str], FlaskClient]) -> None:
    client = site(TITLE + BODY.format(n=12))
    (hit,) = client.get("/api/v1/search?q=集中培训&limit=1").json["hits"]
    short = digest("这句话哪里都没有。")[:SHORT]
    page = client.get(re.sub(r"quote=\w+", f"quote={short}", hit["link"])).text
    assert "所引的话在存下的正文里找不到" in page


def test_a_link_that_names_a_version_is_answered_by_the_text_in_force_when_that_is_gone(
    site: Callable[[str], FlaskClient],
) -> None:
    client = site(TITLE + BODY.format(n=12))
    (hit,) = client.get("/api/v1/search?q=集中培训&limit=1").json["hits"]
    page = client.get(hit["link"].replace("#", "&version=gone#"))
    assert (page.status_code, CHANGED in page.text) == (200, False)
    assert client.get(f"/reports/{hit['report_id']}?version=gone").status_code == 404


def test_words_only_an_older_version_has_are_not_said_to_be_in_this_one(site: Callable[[str], FlaskClient]) -> None:
    client = site(TITLE + BODY.format(n=12))
    (hit,) = client.get("/api/v1/search?q=说理式处罚决定书&limit=1").json["hits"]
    version = client.get(f"/api/v1/reports/{hit['report_id']}").json["version_id"]
    newer = site(TITLE + BODY.format(n=99))
    assert CHANGED not in newer.get(hit["link"].replace("#", f"&version={version}#")).text
    present = newer.get(f"/api/v1/reports/{hit['report_id']}").json["version_id"]
    assert present != version
    assert "找不到" in newer.get(hit["link"].replace("#", f"&version={present}#")).text


@pytest.mark.parametrize("before", ["", "前面多了一句话。", "前 面\n多了①句…… ㎡ "])
def test_a_quotation_is_found_by_its_hash_alone_wherever_it_stands(before: str) -> None:
    words = "收到行政复议申请 31 件，受理……28件。"
    wanted = quoted(words, 40)
    text = f"{before}甲。{words}乙。"
    span = find(text, wanted)
    assert span is not None
    assert text[slice(*span)] == words


def test_of_several_places_the_nearest_is_taken() -> None:
    words = "依法行政。"
    text = words + "甲" * 30 + words + "乙" * 30 + words
    assert find(text, Quoted(38, 43, digest(words))) == (35, 40)
    assert find(text, Quoted(38, 43, digest(words)), words) == (35, 40)


@pytest.mark.parametrize(
    "parts", [("1", "5", None), ("5", "1", "0" * 10), ("x", "5", "0" * 10), ("1", "5", "zz"), ("１", "5", "0" * 10)]
)
def test_what_a_link_says_unreadably_is_passed_over(parts: tuple[str, str, str | None]) -> None:
    assert parse_quoted(*parts) is None
