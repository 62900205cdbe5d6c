"""The pages and the API of collections: what is typed is never lost, and no other site can change anything."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import docx
import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.build import build
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import IndexUnusableError
from tests.conftest import SAMPLES, quiet
from webapp import create_app
from webapp.service import Service


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, config: Config, encoder: Encoder) -> Flask:
    """A site of its own, so that what is kept here is seen by no other test."""
    root = tmp_path_factory.mktemp("collecting")
    build([SAMPLES], root, config, encoder, quiet, rebuild=False)
    return create_app(config, service=Service(config, root, encoder))


@pytest.fixture
def site(own: Flask) -> Iterator[FlaskClient]:
    shelf = own.extensions["wenzheng-shelf"]
    with shelf.writing() as database:
        for table in ("collections", "place_lists"):
            database.execute(f"DELETE FROM {table}")  # noqa: S608  # our own names
    with own.test_client() as client:
        yield client


def send(site: FlaskClient, address: str, page: str, **fields: object):
    """A form as a browser sends it: with the token of the page it stands on."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', site.get(page).text)
    assert token
    return site.post(address, data={"csrf_token": token.group(1), **fields}, follow_redirects=True)


def api(site: FlaskClient, address: str, **body: object):
    return site.post(f"/api/v1/{address}", json=body)


def first_hit(site: FlaskClient) -> dict:
    return site.get("/api/v1/search?q=行政复议&limit=1").json["hits"][0]


@pytest.fixture
def item(site: FlaskClient) -> dict:
    collection = api(site, "collections", name="复议的做法").json
    kept = api(site, f"collections/{collection['id']}/items", passage_id=first_hit(site)["passage_id"], note="看这里")
    return {**kept.json, "collection": collection["id"]}


@pytest.mark.parametrize(
    "page", ["/search?q=行政复议", "/ask?q=哪些地方推行了说理式执法", "/compare?q=说理式执法", "/count?q=行政复议"]
)
def test_what_can_be_cited_can_be_kept(site: FlaskClient, page: str) -> None:
    text = site.get(page).text
    assert text.count('class="cite"') == text.count('<details class="keep" id="keep-') > 0
    address, passage = "/collections/add", re.search(r'name="passage" value="([^"]+)"', text).group(1)
    start, end = (re.search(rf'name="{name}" value="(\d+)"', text).group(1) for name in ("start", "end"))
    following = html.unescape(re.search(r'name="next" value="([^"]+)"', text).group(1))
    done = send(site, address, page, passage=passage, start=start, end=end, name="新的", next=following, tags="甲，乙")
    assert done.status_code == 200
    assert done.request.path == page.split("?")[0]
    assert "已收入" in done.text
    assert "已收入" not in site.get(page).text
    (collection,) = site.get("/api/v1/collections").json["collections"]
    (kept,) = site.get(f"/api/v1/collections/{collection['id']}").json["items"]
    assert (kept["start"], kept["end"], kept["tags"]) == (int(start), int(end), ["甲", "乙"])
    report = site.get(f"/api/v1/reports/{kept['report_id']}").json["text"]
    assert report[kept["start"] : kept["end"]] == kept["text"]
    again = send(
        site, address, page, passage=passage, start=start, end=end, collection=collection["id"], next=following
    )
    assert "这句话已在" in again.text


def test_the_report_page_keeps_its_passage(site: FlaskClient) -> None:
    assert site.get(first_hit(site)["link"]).text.count('id="keep-') == 1


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "", "javascript:1"]
)
def test_the_way_back_never_leaves_the_site(site: FlaskClient, elsewhere: str) -> None:
    token = re.search(r'name="csrf_token" value="([^"]+)"', site.get("/collections").text).group(1)
    fields = {"csrf_token": token, "passage": first_hit(site)["passage_id"], "name": "甲", "next": elsewhere}
    answer = site.post("/collections/add", data=fields)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/collections#")


def test_a_collection_shows_words_source_note_and_the_way_back(site: FlaskClient, item: dict) -> None:
    page = site.get(f"/collections/{item['collection']}?lang=zh").text
    for words in (item["text"], "看这里", item["title"]):
        assert html.escape(words, quote=False) in page
    link = html.unescape(re.search(r'href="(/reports/[^"]+)"', page).group(1))
    opened = site.get(link).text
    assert "正文有过变动" not in opened
    assert item["text"] in html.unescape(re.sub(r"<[^>]+>", "", opened))


def test_a_stale_note_is_refused_with_both_texts_and_saved_the_second_time(site: FlaskClient, item: dict) -> None:
    address, page = f"/collections/{item['collection']}/items/{item['item_id']}", f"/collections/{item['collection']}"
    assert send(site, address, page, note="第一个窗口", tags="甲", revision=1).status_code == 200
    refused = send(site, address, page, note="第二个窗口\n写了很久", tags="乙", revision=1)
    assert refused.status_code == 409
    for words in ("第一个窗口", "第二个窗口\n写了很久", 'value="乙"'):
        assert words in refused.text
    revision = re.search(r'name="revision" value="(\d+)"', refused.text).group(1)
    assert send(site, address, page, note="两边合成的", tags="甲，乙", revision=revision).status_code == 200
    assert "两边合成的" in site.get(page).text


def test_a_note_for_an_item_that_another_tab_removed_is_shown_to_be_copied(site: FlaskClient, item: dict) -> None:
    address = f"/collections/{item['collection']}/items/{item['item_id']}"
    assert send(site, f"{address}/remove", "/collections").status_code == 200
    refused = send(site, address, "/collections", note="写了很久", revision=1)
    assert (refused.status_code, "写了很久" in refused.text) == (409, True)


def test_a_stale_name_is_refused_with_both_names(site: FlaskClient, item: dict) -> None:
    page = f"/collections/{item['collection']}"
    assert send(site, f"{page}/name", page, name="新名甲", revision=1).status_code == 200
    refused = send(site, f"{page}/name", page, name="新名乙", revision=1)
    assert refused.status_code == 409
    assert "新名甲" in refused.text
    assert "新名乙" in refused.text


def test_items_move_and_are_removed(site: FlaskClient, item: dict) -> None:
    hits = site.get("/api/v1/search?q=执法培训&limit=3").json["hits"]
    page = f"/collections/{item['collection']}"
    other = next(hit for hit in hits if hit["passage_id"] != item["passage_id"])
    second = api(site, f"collections/{item['collection']}/items", passage_id=other["passage_id"]).json
    moved = send(site, f"{page}/items/{second['item_id']}/move", page, by=-1).text
    order = re.findall(r'<li class="hit" id="(\w+)"', moved)
    assert order == [second["item_id"], item["item_id"]]
    after = send(site, f"{page}/items/{item['item_id']}/remove", page).text
    assert re.findall(r'<li class="hit" id="(\w+)"', after) == [second["item_id"]]


def test_a_tag_filters_the_page_and_the_files(site: FlaskClient, item: dict) -> None:
    page = f"/collections/{item['collection']}"
    send(site, f"{page}/items/{item['item_id']}", page, note="", tags="复议", revision=1)
    other = site.get("/api/v1/search?q=执法培训&limit=3").json["hits"][-1]["passage_id"]
    api(site, f"collections/{item['collection']}/items", passage_id=other)
    chosen = site.get(f"{page}?tag=复议").text
    assert chosen.count('<li class="hit"') == 1
    assert "/move" not in chosen
    assert len(json.loads(site.get(f"{page}/file.json?tag=复议").data)["rows"]) == 1
    assert len(json.loads(site.get(f"{page}/file.json").data)["rows"]) == 2


def test_deleting_asks_first(site: FlaskClient, item: dict) -> None:
    page = f"/collections/{item['collection']}"
    assert "不能恢复" in site.get(f"{page}/delete?lang=zh").text
    assert site.get(page).status_code == 200
    send(site, f"{page}/delete", f"{page}/delete")
    assert site.get(page).status_code == 404


def test_a_collection_is_taken_away_in_every_form_with_its_notes(site: FlaskClient, item: dict) -> None:
    page = f"/collections/{item['collection']}"
    files = {
        suffix: site.get(f"{page}/file.{suffix}").data for suffix in ("csv", "xlsx", "docx", "md", "json", "share")
    }
    assert "看这里" in files["csv"].decode("utf-8-sig")
    assert "看这里" in files["md"].decode()
    assert "看这里" in {
        cell.value for row in openpyxl.load_workbook(io.BytesIO(files["xlsx"])).worksheets[0] for cell in row
    }
    (grid,) = docx.Document(io.BytesIO(files["docx"])).tables
    assert {"看这里", item["text"]} <= {cell.text for cell in grid.rows[1].cells}
    (row,) = json.loads(files["json"])["rows"]
    assert site.get(row["库内链接 stored"].removeprefix("http://localhost")).status_code == 200
    assert json.loads(files["share"])["items"][0]["note"] == "看这里"
    assert site.get(f"{page}/file.exe").status_code == 404


def test_a_shared_file_is_taken_in_by_the_page_and_a_bad_one_is_refused_in_words(site: FlaskClient, item: dict) -> None:
    data = site.get(f"/collections/{item['collection']}/file.share").data
    api(site, f"collections/{item['collection']}/delete")
    done = send(site, "/collections/import", "/collections", file=(io.BytesIO(data), "a.json"))
    assert "新增 1 条" in done.text
    bad = send(site, "/collections/import", "/collections", file=(io.BytesIO(b"{}"), "a.json"))
    assert (bad.status_code, "不能导入" in bad.text) == (400, True)
    form = "multipart/form-data; boundary=x"
    huge = site.post("/collections/import", data=b" " * 6_000_000, content_type=form)
    assert (huge.status_code, "太大" in huge.text) == (413, True)


def test_every_form_without_its_token_is_refused(own: Flask, site: FlaskClient, item: dict) -> None:
    site.get("/collections")
    posts = [
        rule
        for rule in own.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not rule.rule.startswith("/api/")
    ]
    assert len(posts) >= 9
    for rule in posts:
        address = rule.rule.replace("<collection_id>", item["collection"]).replace("<item_id>", item["item_id"])
        for token in ({}, {"csrf_token": "x"}):
            refused = site.post(address, data={"name": "别人的", "note": "别人的", **token})
            assert (refused.status_code, "表单" in refused.text) == (400, True), rule.rule
    everything = site.get("/api/v1/collections").json["collections"]
    assert [one["name"] for one in everything] == ["复议的做法"]


def test_everything_that_writes_is_a_post(own: Flask) -> None:
    assert {m for rule in own.url_map.iter_rules() for m in rule.methods or ()} == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize(
    ("headers", "data"),
    [
        ({"Content-Type": "text/plain"}, '{"name": "别人的"}'),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "name=x"),
        ({"Content-Type": "application/json", "Origin": "https://evil.example"}, '{"name": "别人的"}'),
        ({"Content-Type": "application/json", "Origin": "null"}, '{"name": "别人的"}'),
        ({"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}, '{"name": "别人的"}'),
    ],
)
def test_the_api_takes_no_change_from_another_site(site: FlaskClient, headers: dict[str, str], data: str) -> None:
    refused = site.post("/api/v1/collections", data=data.encode(), headers=headers)
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "forbidden")
    assert site.get("/api/v1/collections").json["collections"] == []
    allowed = {"Content-Type": "application/json", "Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert site.post("/api/v1/collections", data='{"name": "自己的"}'.encode(), headers=allowed).status_code == 201


def test_no_answer_invites_another_site(site: FlaskClient) -> None:
    answer = site.options("/api/v1/collections", headers={"Origin": "https://evil.example"})
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


def test_the_cookie_is_for_this_site_alone(site: FlaskClient) -> None:
    cookie = site.get("/collections").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert cookie.startswith("wenzheng-")


def test_the_api_writes_and_refuses_what_is_stale_with_both_texts(site: FlaskClient, item: dict) -> None:
    address = f"collections/{item['collection']}/items/{item['item_id']}"
    assert api(site, address, note="甲", tags=["一"], revision=1).json["revision"] == 2
    refused = api(site, address, note="乙", tags=[], revision=1)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "stale")
    assert (refused.json["present"]["note"], refused.json["yours"]["note"]) == ("甲", "乙")
    assert api(site, f"{address}/move", by=1).json == {"order": [item["item_id"]]}
    assert api(site, f"{address}/move", by=3).status_code == 400
    name = api(site, f"collections/{item['collection']}", name="新名", revision=1)
    assert (name.json["name"], name.json["revision"]) == ("新名", 2)
    assert site.get(f"/api/v1/collections/{item['collection']}/share").json["name"] == "新名"
    assert api(site, f"{address}/remove").status_code == 200
    gone = api(site, address, note="乙", tags=[], revision=2)
    assert (gone.status_code, gone.json["present"]) == (409, None)
    assert api(site, f"collections/{item['collection']}/delete").status_code == 200
    assert site.get(f"/api/v1/collections/{item['collection']}").status_code == 404


def test_the_api_takes_a_shared_file_in(site: FlaskClient, item: dict) -> None:
    data = site.get(f"/api/v1/collections/{item['collection']}/share").data
    done = site.post("/api/v1/collections/import", data=data, content_type="application/json").json
    assert (done["added"], done["merged"], done["missing"]) == (0, 1, [])


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{", b'{"name": 3}', b'{"name": ""}', b'{"places": "x", "name": "x"}', b'{"places": [1], "name": "x"}'],
)
def test_unusable_bodies_are_refused_in_words(site: FlaskClient, body: bytes) -> None:
    refused = site.post("/api/v1/place-lists", data=body, content_type="application/json")
    assert (refused.status_code, refused.json["error"]["code"]) == (400, "bad_query")


def test_a_saved_list_is_the_rows_of_a_comparison(site: FlaskClient) -> None:
    page = "/compare?q=行政复议&place=松鹤县&lang=zh"
    assert "松鹤县" in re.search(r'<textarea name="places"[^>]*>(.*?)</textarea>', site.get(page).text, re.S).group(1)
    send(site, "/place-lists", page, name="北片", places="松鹤县\n不存在县")
    (saved,) = site.get("/api/v1/place-lists").json["place_lists"]
    rows = site.get(f"/api/v1/compare?q=行政复议&list={saved['id']}").json["rows"]
    assert {row["place"][-1] for row in rows} == {"松鹤县", "不存在县"}
    assert len(json.loads(site.get(f"/download/compare.json?q=行政复议&list={saved['id']}").data)["rows"]) > 1
    shown = site.get(f"/compare?q=行政复议&list={saved['id']}&lang=zh").text
    assert "selected>北片</option>" in shown
    assert shown.count('<tr><th scope="row"') == 2
    assert site.get("/compare?q=行政复议&list=none").status_code == 404
    # Elsewhere the list is unknown, and here it may change: a lasting link has its places.
    link = html.unescape(re.search(r'href="([^"]*corpus=[^"]*)" title', shown).group(1))
    assert "list=" not in link
    assert parse_qs(urlsplit(link).query)["place"] == ["松鹤县", "不存在县"]


def test_a_stale_list_is_refused_with_both_texts(site: FlaskClient) -> None:
    made = api(site, "place-lists", name="北片", places=["松鹤县"]).json
    address = f"/place-lists/{made['id']}"
    assert send(site, address, "/place-lists", name="北片", places="松鹤县\n柳塘乡", revision=1).status_code == 200
    refused = send(site, address, "/place-lists", name="北片", places="临溪市", revision=1)
    assert refused.status_code == 409
    assert "柳塘乡" in refused.text
    assert "临溪市" in refused.text
    assert api(site, f"place-lists/{made['id']}", name="北", places=["临溪市"], revision=2).json["revision"] == 3
    assert send(site, f"{address}/delete", "/place-lists").status_code == 200
    assert site.get("/api/v1/place-lists").json == {"place_lists": []}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_render_in_both_languages_under_the_strict_policy(site: FlaskClient, item: dict, language: str) -> None:
    api(site, "place-lists", name="北片", places=["松鹤县"])
    address = f"/collections/{item['collection']}"
    for page in ("/collections", address, f"{address}/delete", "/place-lists"):
        answer = site.get(f"{page}?lang={language}")
        assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}">' in answer.text
        assert "<script" not in answer.text
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_hostile_words_are_escaped(site: FlaskClient, item: dict) -> None:
    page = f"/collections/{item['collection']}"
    evil = "</textarea><script>alert(1)</script>"
    send(site, f"{page}/items/{item['item_id']}", page, note=evil, tags=evil, revision=1)
    send(site, f"{page}/name", page, name=evil, revision=1)
    for shown in (page, "/collections", f"{page}/delete", f"{page}?tag={evil}", "/search?q=行政复议"):
        assert "<script" not in site.get(shown).text


def test_a_collection_is_read_when_its_report_is_gone(tmp_path: Path, config: Config, encoder: Encoder) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    for name in ("linxi-2021.txt", "shiyu-2020.txt"):
        (folder / name).write_bytes((SAMPLES / name).read_bytes())

    def opened(*, purge: bool = False) -> FlaskClient:
        build([folder], tmp_path / "index", config, encoder, quiet, rebuild=False, purge=purge)
        return create_app(config, service=Service(config, tmp_path / "index", encoder)).test_client()

    site = opened()
    hit = site.get("/api/v1/search?q=双语执法&limit=1").json["hits"][0]
    collection = api(site, "collections", name="双语").json["id"]
    api(site, f"collections/{collection}/items", passage_id=hit["passage_id"])
    (folder / hit["source_name"]).unlink()
    site = opened(purge=True)
    assert site.get(hit["link"]).status_code == 404
    page = site.get(f"/collections/{collection}?lang=zh").text
    assert "本库没有这份报告" in page
    assert html.escape(hit["text"], quote=False) in page
    assert "/reports/" not in re.search(r'<ol class="hits.*?</ol>', page, re.S).group()
    assert hit["text"] in site.get(f"/collections/{collection}/file.csv").text.replace('""', '"')


def test_other_pages_do_without_collections_that_cannot_be_read(own: Flask, site: FlaskClient) -> None:
    shelf = own.extensions["wenzheng-shelf"]
    path = shelf.path
    try:
        shelf.path = path.parent / "broken.sqlite"
        shelf.path.write_bytes(b"x" * 5000)
        shelf._local.connection = None
        for page in ("/search?q=行政复议", "/ask?q=行政复议", "/compare?q=行政复议", "/count?q=行政复议"):
            assert site.get(page).status_code == 200
        assert site.get("/collections").status_code == 503
    finally:
        shelf.path, shelf._local.connection = path, None


def test_an_index_that_is_missing_makes_no_key(tmp_path: Path, config: Config, encoder: Encoder) -> None:
    with pytest.raises(IndexUnusableError):
        create_app(config, service=Service(config, tmp_path, encoder))
    assert list(tmp_path.iterdir()) == []
