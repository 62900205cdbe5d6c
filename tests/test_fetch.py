"""Collecting from a server that behaves, and from one that does not."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from indexer.build import build
from indexer.fetch import Fetched, fetch
from retrieval.config import FetchSettings
from retrieval.errors import ReadError
from retrieval.http import HttpError, Limits, get
from retrieval.store import open_index
from tests.conftest import quiet
from tests.web_server import Reply, dripping, endless, serving

SETTINGS = FetchSettings(delay=0.01, timeout=2, max_mb=1, retries=2, allow_private=True)
REPORT = (
    "<html><head><meta charset='utf-8'><title>云台县2022年法治政府建设报告</title></head><body>"
    "<h1>云台县人民政府2022年法治政府建设情况报告</h1><p>一、主要成效</p>"
    "<p>推行说理式执法，处罚决定书说清事实、证据、法律依据和裁量理由，全年制作说理式处罚决定书12份。</p>"
    "<p><a href='/files/annex.txt'>附件</a> <a href='/other'>其他</a></p></body></html>"
)


@dataclass
class Site:
    """What each path answers, and what was asked when."""

    paths: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, float, dict[str, str]]] = field(default_factory=list)
    address: str = ""

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _, _ in self.asked)


def answering(body: str | bytes, status: int = 200, **headers: str) -> Reply:
    data = body.encode() if isinstance(body, str) else body

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return reply


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site({"/robots.txt": answering("", 404)})

    def reply(handler: BaseHTTPRequestHandler) -> None:
        site.asked.append((handler.path, time.monotonic(), dict(handler.headers)))
        site.paths.get(handler.path, answering("nothing", 404))(handler)

    with serving(reply) as site.address:
        yield site


@pytest.fixture
def collect(site: Site, tmp_path: Path) -> Callable[..., dict[str, Fetched]]:
    def run(*paths: str, settings: FetchSettings = SETTINGS, again: bool = False) -> dict[str, Fetched]:
        listed = tmp_path / "urls.txt"
        listed.write_text("\n".join(site.address + path for path in paths), encoding="utf-8")
        done = fetch(str(listed), tmp_path / "out", settings, lambda _: None, again=again)
        return {one.url.removeprefix(site.address): one for one in done}

    return run


def test_a_page_and_what_it_attaches_are_kept_to_the_byte_and_indexed_with_their_addresses(
    site: Site, collect, tmp_path: Path, config, encoder
) -> None:
    site.paths |= {"/a.html": answering(REPORT, Content_Type="text/html"), "/files/annex.txt": answering("附件正文")}
    done = collect("/a.html")
    assert set(done) == {"/a.html", "/files/annex.txt"}
    page = done["/a.html"]
    assert (page.status, page.title) == (200, "云台县2022年法治政府建设报告")
    assert (tmp_path / "out" / page.file).read_bytes() == REPORT.encode()
    lines = (tmp_path / "out" / "fetched.jsonl").read_text(encoding="utf-8").splitlines()
    assert {"url", "fetched_at", "status", "sha256", "title"} <= set(json.loads(lines[0]))
    build([tmp_path / "out"], tmp_path / "index", config, encoder, quiet, rebuild=False)
    addresses = {report.metadata.url for report in open_index(tmp_path / "index").reports}
    assert f"{site.address}/a.html" in addresses


def test_a_list_page_leads_to_reports_of_its_own_site_and_a_sitemap_to_all_its_pages(
    site: Site, tmp_path: Path
) -> None:
    site.paths |= {
        "/list": answering(
            "<a href='/a.html'>2022年法治政府建设报告</a><a href='/news'>新闻</a>"
            "<a href='http://elsewhere.example/x'>法治政府建设报告</a>"
        ),
        "/map.xml": answering(f"<urlset><url><loc>{site.address}/a.html</loc></url></urlset>"),
        "/a.html": answering("<p>正文</p>", Content_Type="text/html"),
    }
    for source in ("/list", "/map.xml"):
        done = fetch(site.address + source, tmp_path / source[1:], SETTINGS, lambda _: None)
        assert [one.url for one in done] == [f"{site.address}/a.html"]
    with pytest.raises(ReadError, match="404"):
        fetch(f"{site.address}/missing", tmp_path / "x", SETTINGS, lambda _: None)


def test_robots_are_obeyed(site: Site, collect) -> None:
    site.paths |= {"/robots.txt": answering("User-agent: *\nDisallow: /secret"), "/secret/a": answering("x")}
    assert "robots.txt" in collect("/secret/a")["/secret/a"].fault
    assert site.count("/secret/a") == 0


def test_requests_to_one_site_come_one_after_another_with_a_pause(site: Site, collect) -> None:
    site.paths |= {f"/{n}": answering("x", Content_Type="text/plain") for n in range(3)}
    collect("/0", "/1", "/2", settings=replace(SETTINGS, delay=0.2))
    times = [at for _, at, _ in site.asked]
    assert all(later - earlier >= 0.2 for earlier, later in itertools.pairwise(times))


def test_a_server_that_fails_for_now_is_asked_again_and_one_that_refuses_is_not(site: Site, collect) -> None:
    def first_fails(handler: BaseHTTPRequestHandler) -> None:
        answering("", 500)(handler) if site.count("/a") == 1 else answering("x", Content_Type="text/plain")(handler)

    site.paths |= {"/a": first_fails, "/b": answering("no", 403)}
    done = collect("/a", "/b")
    assert (done["/a"].status, site.count("/a")) == (200, 2)
    assert ("403" in done["/b"].fault, site.count("/b")) == (True, 1)


def test_a_second_run_asks_nothing_again_and_with_again_only_whether_it_changed(site: Site, collect) -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == '"v1"':
            handler.send_response(304)
            handler.end_headers()
        else:
            answering("x", Content_Type="text/plain", ETag='"v1"')(handler)

    site.paths["/a"] = page
    first = collect("/a")["/a"]
    assert collect("/a")["/a"] == first
    assert site.count("/a") == 1
    later = collect("/a", again=True)["/a"]
    assert (later.status, later.file, later.sha256) == (304, first.file, first.sha256)


def test_an_interrupted_run_goes_on_where_it_stopped(site: Site, collect, tmp_path: Path) -> None:
    site.paths |= {"/a": answering("x", Content_Type="text/plain"), "/b": answering("y", Content_Type="text/plain")}
    collect("/a")
    log = tmp_path / "out" / "fetched.jsonl"
    log.write_text(log.read_text(encoding="utf-8") + '{"url": "http://cut', encoding="utf-8")
    assert {one.status for one in collect("/a", "/b").values()} == {200}
    assert site.count("/a") == 1


@pytest.mark.parametrize(
    ("path", "reply", "fault"),
    [
        ("/slow", dripping, "太慢"),
        ("/endless", endless, "超过 1 MiB"),
        ("/loop", answering("", 302, Location="/loop"), "没有尽头"),
        ("/bomb", answering(gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip"), "超过 1 MiB"),
        ("/empty", answering(""), "200"),
    ],
)
def test_a_server_that_misbehaves_is_given_up_with_the_reason(
    site: Site, collect, path: str, reply, fault: str
) -> None:
    site.paths[path] = reply
    begin = time.monotonic()
    found = collect(path, settings=replace(SETTINGS, retries=0))[path]
    assert fault in found.fault
    assert found.file == ""
    assert time.monotonic() - begin < 6


def test_private_and_local_addresses_are_refused_also_behind_redirects_and_names(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(2, 1 << 20)
    for address in (site.address, "http://localhost/", "http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/"):
        with pytest.raises(HttpError, match="内网或本机"):
            get(address, {}, limits)
    site.paths["/hop"] = answering("", 302, Location="http://127.0.0.1:1/inner")
    real = socket.getaddrinfo

    def public_name(host, port, *args, **kwargs):
        """A name whose first answer is this machine is refused whatever else it answers."""
        return (
            real("127.0.0.1", port, *args, **kwargs) if host == "reports.example" else real(host, port, *args, **kwargs)
        )

    monkeypatch.setattr(socket, "getaddrinfo", public_name)
    with pytest.raises(HttpError, match="内网或本机"):
        get("http://reports.example/", {}, limits)


def test_a_redirect_to_a_private_address_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from retrieval import http

    checked: list[str] = []

    def only_first_is_public(host: str, port: int, url: str) -> str:
        checked.append(url)
        if len(checked) == 1:
            return "127.0.0.1"
        return real(host, port, url)

    real = http._public_address
    monkeypatch.setattr(http, "_public_address", only_first_is_public)
    site.paths["/hop"] = answering("", 302, Location="http://127.0.0.1:9/inner")
    with pytest.raises(HttpError, match="内网或本机"):
        get(f"{site.address}/hop", {}, Limits(2, 1 << 20))
    assert checked[-1] == "http://127.0.0.1:9/inner"


def test_what_a_person_wrote_into_the_manifest_stays(site: Site, collect, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.csv").write_text("file,year,region\na.txt,2021,云南省\n", encoding="utf-8")
    site.paths["/b.txt"] = answering("正文", Content_Type="text/plain")
    file = collect("/b.txt")["/b.txt"].file
    text = (out / "manifest.csv").read_text(encoding="utf-8-sig")
    assert "a.txt,,2021,云南省" in text
    assert f"{file},{site.address}/b.txt,," in text
    with pytest.raises(ReadError, match="网址清单"):
        fetch(str(tmp_path / "missing.txt"), out, SETTINGS, lambda _: None)
    assert (out / "manifest.csv").read_text(encoding="utf-8-sig") == text


@pytest.mark.parametrize("address", ["http://www..example/a", "http://127.0.0.1:80800/a", "http://[abc/"])
def test_an_address_that_is_none_is_one_failed_line(site: Site, tmp_path: Path, address: str) -> None:
    site.paths["/a.txt"] = answering("正文", Content_Type="text/plain")
    listed = tmp_path / "urls.txt"
    listed.write_text(f"{address}\n{site.address}/a.txt", encoding="utf-8")
    bad, good = fetch(str(listed), tmp_path / "out", replace(SETTINGS, retries=0), lambda _: None)
    assert bad.fault
    assert good.status == 200


def test_attachments_are_looked_for_beside_the_page_that_answered(site: Site, collect) -> None:
    site.paths |= {
        "/r": answering("", 302, Location="/2023/report.html"),
        "/2023/report.html": answering("<a href='annex.txt'>附件</a>", Content_Type="text/html"),
        "/2023/annex.txt": answering("附件", Content_Type="text/plain"),
    }
    assert collect("/r")["/2023/annex.txt"].status == 200


def test_a_file_that_was_deleted_is_fetched_whole_again(site: Site, collect, tmp_path: Path) -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        answering("", 304)(handler) if handler.headers.get("If-None-Match") else answering(
            "正文", Content_Type="text/plain", ETag='"v1"'
        )(handler)

    site.paths["/a.txt"] = page
    kept = tmp_path / "out" / collect("/a.txt")["/a.txt"].file
    kept.unlink()
    assert collect("/a.txt", again=True)["/a.txt"].status == 200
    assert kept.is_file()
