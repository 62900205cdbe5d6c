"""Attacks on the site, each tried: hostile text and names, other sites, strangers, the impatient and the greedy."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer.build import build
from retrieval import deadline
from retrieval.config import Config, ServerSettings
from retrieval.encoder import Encoder
from retrieval.errors import ConfigError
from retrieval.store import Index
from tests.conftest import ROOT, Site, quiet
from webapp import create_app, tables
from webapp.access import check_exposure
from webapp.service import Service

PASSWORD = "松鹤-correct-horse"
STRANGER = {"REMOTE_ADDR": "203.0.113.9"}


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"anyone:{password}".encode()).decode()}


@pytest.mark.parametrize(
    "name", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.", "", "a b"]
)
@pytest.mark.parametrize("path", ["/", "/api/v1/search?q=执法", "/healthz", "/static/site.css", "/nothing"])
def test_a_name_that_was_made_to_point_here_is_refused_on_this_machine_too(
    client: FlaskClient, name: str, path: str
) -> None:
    response = client.get(path, headers={"Host": name}, buffered=True)
    assert response.status_code == 400
    assert "hosts" in response.text
    assert len(response.text) < 300


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:80", "wz.example.cn", "[fd00::5]:80"]
)
def test_the_sites_own_names_are_answered(site: Site, name: str) -> None:
    assert site(hosts="wz.example.cn, fd00::5").get("/healthz", headers={"Host": name}).status_code == 200


def test_another_host_cannot_be_forwarded_in(site: Site) -> None:
    behind = site(proxies=1, hosts="wz.example.cn")
    page = behind.get("/api/v1/search?q=执法", headers={"Host": "wz.example.cn", "X-Forwarded-Host": "evil.example"})
    assert page.status_code == 200
    assert "evil.example" not in page.text


def test_without_the_password_nothing_but_the_health_check_answers(site: Site, monkeypatch) -> None:
    monkeypatch.setenv("WENZHENG_PASSWORD", PASSWORD)
    locked = site()
    for path in ("/", "/search?q=执法", "/api/v1/reports", "/static/site.css", "/nothing", "/collections"):
        response = locked.get(path)
        assert response.status_code == 401, path
        assert response.headers["WWW-Authenticate"].startswith("Basic")
        assert "samples" not in response.text
    assert locked.post("/api/v1/collections", json={"name": "x"}).status_code == 401
    assert locked.get("/healthz").status_code == 200


def test_the_password_opens_the_site_as_basic_and_as_bearer(site: Site, monkeypatch) -> None:
    monkeypatch.setenv("WENZHENG_PASSWORD", PASSWORD)
    locked = site()
    assert locked.get("/reports", headers=basic(PASSWORD)).status_code == 200
    for given in ("", PASSWORD[:-1], PASSWORD + "x"):
        assert locked.get("/reports", headers=basic(given)).status_code == 401
    monkeypatch.setenv("WENZHENG_PASSWORD", "token-of-ascii")
    assert site().get("/reports", headers={"Authorization": "Bearer token-of-ascii"}).status_code == 200
    for wrong in ("Bearer x", "Bearer", "Digest x=y", "Basic !!!", "Basic", "x"):
        assert site().get("/reports", headers={"Authorization": wrong}).status_code == 401, wrong


@pytest.mark.parametrize("path", ["/reports", "/nothing", "/static/site.css"])
def test_passwords_cannot_be_guessed_in_numbers(site: Site, monkeypatch, path: str) -> None:
    monkeypatch.setenv("WENZHENG_PASSWORD", PASSWORD)
    locked = site()
    found = [locked.get(path, headers=basic(f"guess {n}")).status_code for n in range(12)]
    assert found == [401] * 10 + [429] * 2
    # Else the eleventh guess, if right, would be told.
    assert locked.get(path, headers=basic(PASSWORD)).status_code == 429
    assert locked.get("/reports", headers=basic(PASSWORD), environ_base=STRANGER).status_code == 200


def test_the_password_is_never_written_anywhere(site: Site, monkeypatch, caplog, samples_root: Path) -> None:
    monkeypatch.setenv("WENZHENG_PASSWORD", PASSWORD)
    locked = site()
    monkeypatch.setattr("webapp.pages.filters", lambda: 1 / 0)
    answers = [locked.get("/reports", headers=basic(PASSWORD)), locked.get("/reports", headers=basic("wrong"))]
    assert answers[0].status_code == 500
    secrets = (PASSWORD, base64.b64encode(f"anyone:{PASSWORD}".encode()).decode())
    for text in (caplog.text, *(answer.text + str(answer.headers) for answer in answers)):
        assert not any(secret in text for secret in secrets)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "wz.example.cn"])
def test_other_machines_are_not_let_in_without_a_password_by_accident(monkeypatch, host: str) -> None:
    settings = ServerSettings(host=host, hosts="wz.example.cn")
    with pytest.raises(ConfigError, match="WENZHENG_PASSWORD"):
        check_exposure(settings, without_password=False)
    check_exposure(settings, without_password=True)
    monkeypatch.setenv("WENZHENG_PASSWORD", PASSWORD)
    check_exposure(settings, without_password=False)


def test_a_proxy_in_front_counts_as_being_open_to_others_and_every_address_needs_a_name() -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        check_exposure(ServerSettings(host=host), without_password=False)
    with pytest.raises(ConfigError, match="WENZHENG_PASSWORD"):
        check_exposure(ServerSettings(proxies=1), without_password=False)
    with pytest.raises(ConfigError, match="hosts"):
        check_exposure(ServerSettings(host="0.0.0.0"), without_password=True)


def test_serve_refuses_to_be_open_to_others_without_a_password(samples_root: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "wenzheng",
        "--index",
        str(samples_root),
        "serve",
        "--host",
        "0.0.0.0",
        "--port",
        "0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 2
    assert "--without-password" in done.stderr


def test_a_client_elsewhere_is_held_to_the_rate_and_told_when_to_come_back(site: Site) -> None:
    limited = site(rate_limit="3 per minute")
    found = [limited.get("/healthz", environ_base=STRANGER).status_code for _ in range(4)]
    assert found == [200, 200, 200, 429]
    response = limited.get("/api/v1/reports", environ_base=STRANGER)
    assert response.json["error"]["code"] == "too_many"
    assert 0 < int(response.headers["Retry-After"]) <= 60
    # Others are not concerned; an IPv6 client cannot change its address within its network.
    assert limited.get("/healthz", environ_base={"REMOTE_ADDR": "203.0.113.10"}).status_code == 200
    addresses = [{"REMOTE_ADDR": f"2001:db8::{n}"} for n in range(1, 5)]
    assert [limited.get("/healthz", environ_base=base).status_code for base in addresses] == found


def test_programs_on_this_machine_have_no_limit_but_a_proxy_is_none_of_them(site: Site) -> None:
    limited = site(rate_limit="2 per minute")
    assert {limited.get("/healthz").status_code for _ in range(5)} == {200}
    passed_on = {"X-Forwarded-For": "127.0.0.1"}
    assert [limited.get("/healthz", headers=passed_on).status_code for _ in range(3)] == [200, 200, 429]


def test_behind_a_proxy_each_client_has_its_own_limit_and_cannot_name_another(site: Site) -> None:
    limited = site(rate_limit="2 per minute", proxies=1)
    # The proxy adds the last address; what comes before it is the client's own word.
    found = [
        limited.get("/healthz", headers={"X-Forwarded-For": f"10.0.0.{n}, 203.0.113.9"}).status_code for n in range(3)
    ]
    assert found == [200, 200, 429]
    assert limited.get("/healthz", headers={"X-Forwarded-For": "203.0.113.10"}).status_code == 200


def test_the_rate_is_limited_unless_it_is_turned_off_and_a_rate_that_cannot_be_read_is_an_error(
    config: Config, site: Site
) -> None:
    assert config.server.rate_limit
    assert {site(rate_limit="").get("/healthz", environ_base=STRANGER).status_code for _ in range(3)} == {200}
    with pytest.raises(ConfigError, match="now and then"):
        site(rate_limit="now and then")


def test_a_body_that_is_too_large_is_refused_unread(site: Site) -> None:
    small = site(max_body_mb=1)
    for path in ("/api/v1/collections/import", "/api/v1/collections", "/collections/import"):
        response = small.post(path, data=b"[" * (1 << 20) + b"[", content_type="application/json")
        assert response.status_code in (413, 400), path
    response = small.post("/api/v1/collections", data=b" " * ((1 << 20) + 1), content_type="application/json")
    assert (response.status_code, response.json["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("path", ["search", "ask", "compare", "count", "summary"])
def test_a_query_and_a_page_have_their_most(client: FlaskClient, path: str) -> None:
    response = client.get(f"/api/v1/{path}?q={'法' * 501}")
    assert (response.status_code, response.json["error"]["code"]) == (400, "bad_query")


def test_no_page_is_longer_than_the_most(client: FlaskClient, config: Config) -> None:
    assert client.get(f"/api/v1/search?q=执法&limit={config.search.max_limit + 1}").status_code == 400
    assert client.get("/search?q=执法&limit=999999999&page=999999999").status_code == 200
    assert len(client.get("/api/v1/count?q=执法&limit=999999999&context=999999999").json["lines"]) <= 1000
    assert client.get(f"/api/v1/count?q={' OR '.join(str(n) for n in range(21))}").status_code == 400
    assert client.get("/api/v1/compare?" + "&".join(f"q=执法{n}" for n in range(13))).status_code == 400


def test_a_request_is_stopped_when_its_time_is_up(site: Site) -> None:
    hurried = site(timeout=1e-9)
    for path in ("search?q=执法", "count?q=执法", "compare?q=行政复议"):
        response = hurried.get(f"/api/v1/{path}")
        assert (response.status_code, response.json["error"]["code"]) == (503, "too_slow"), path


def test_a_file_that_is_made_while_it_is_sent_is_stopped_too(site: Site, monkeypatch) -> None:
    asked = site(timeout=5).get("/download/lines.csv?q=执法", buffered=False)
    assert asked.status_code == 200
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 10)
    with pytest.raises(deadline.TooSlowError):
        list(asked.iter_encoded())


def test_a_file_whose_time_is_up_before_its_first_row_is_refused_in_words(site: Site, monkeypatch) -> None:
    def rows() -> Iterator[tuple[str]]:
        raise deadline.TooSlowError("太费时", "too slow")
        yield ("",)

    monkeypatch.setattr(tables, "of_hits", lambda *_: tables.Table("表", ("地方",), rows()))
    response = site(timeout=60).get("/download/search.csv?q=执法")
    assert response.status_code == 503
    assert "太费时" in response.text


def test_the_time_of_one_request_is_not_the_next_ones(site: Site, samples: Index) -> None:
    site(timeout=1e-9).get("/api/v1/search?q=执法")
    assert next(samples.passages())


@pytest.mark.parametrize(
    "path",
    [
        "/static/../__init__.py", "/static/%2e%2e/__init__.py", "/static/..%5c__init__.py", "/static//etc/passwd",
        "/api/v1/reports/..%2f..%2fsigning.key/original", "/api/v1/reports/%2e%2e/original", "/reports/..%2fCURRENT",
        "/api/v1/passages/..%2f..%2fregistry.sqlite", "/download/..%2fsearch.csv", "/download/search.csv%00", "/download/search.%2e%2e",
        "/cite/..%2f..%2fx/bib", "/api/v1/collections/..%2f..%2fx", "/collections/..%2fx/file.csv", "/api/v1/reports/%00/original",
    ],
)  # fmt: skip
def test_no_address_leads_to_a_file(client: FlaskClient, path: str) -> None:
    assert client.get(path, follow_redirects=True).status_code == 404


def test_no_parameter_leads_to_a_file(client: FlaskClient, samples_root: Path) -> None:
    (report, *_) = client.get("/api/v1/reports").json["reports"]
    key = (samples_root / "signing.key").read_bytes()
    for path in ("../signing.key", "/etc/passwd", "..%2f..%2fsigning.key"):
        original = client.get(f"/api/v1/reports/{report['report_id']}/original?version={path}")
        assert original.status_code == 404
        assert key not in original.data


PAGES = (
    "/",
    "/search?q=执法",
    "/reports",
    "/nothing",
    "/healthz",
    "/api/v1/search?q=执法",
    "/api/v1/none",
    "/static/site.css",
    "/corpus",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_says_that_no_script_runs_and_no_other_site_frames_it(client: FlaskClient, path: str) -> None:
    headers = client.get(path, buffered=True).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["style-src"] == policy["form-action"] == "'self'"
    assert not {"script-src", "object-src", "frame-src", "connect-src"} & set(policy)
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("path", [path for path in PAGES if not path.startswith(("/api", "/healthz", "/static"))])
def test_pages_need_nothing_that_the_policy_forbids(client: FlaskClient, path: str) -> None:
    page = client.get(path).text
    assert not re.search(r"<script|<iframe|<object|<embed|<base|javascript:|\sstyle=|\son\w+=", page, re.I)


EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, config: Config, encoder: Encoder) -> FlaskClient:
    """A site whose one report attacks by its name, title, text, metadata, address and original."""
    root = tmp_path_factory.mktemp("hostile")
    text = (
        "<html><head><title>甲县2022年法治政府建设报告&lt;script&gt;alert(1)&lt;/script&gt;</title><script>alert(2)</script></head>"
        "<body><h1>甲县人民政府2022年法治政府建设报告</h1><p>一、&lt;script&gt;alert(1)&lt;/script&gt;成效</p>"
        "<p>推行说理式执法&lt;img src=x onerror=alert(1)&gt;，处罚决定书说清事实、证据、法律依据和裁量理由，全年制作12份。</p></body></html>"
    )
    (root / "a.html").write_text(text, encoding="utf-8")
    row = ("a.html", EVIL, EVIL, "javascript:alert(document.cookie)")
    cells = ",".join('"' + cell.replace('"', '""') + '"' for cell in row)
    (root / "manifest.csv").write_text(f"file,title,issuing_body,url\n{cells}\n", encoding="utf-8")
    build([root], root / "index", config, encoder, quiet, rebuild=False)
    return create_app(config, service=Service(config, root / "index", encoder)).test_client()


def test_a_hostile_report_does_nothing_on_any_page(hostile: FlaskClient) -> None:
    (report,) = hostile.get("/api/v1/reports").json["reports"]
    (hit, *_) = hostile.get("/api/v1/search?q=说理式执法").json["hits"]
    evil = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E%3Cimg%20src=x%3E"
    paths = ("/", "/reports", "/corpus", "/search?q=说理式执法", "/ask?q=说理式执法", "/compare?q=说理式执法", "/count?q=说理式执法",
             report["link"], hit["link"], f"/cite/{hit['passage_id']}", f"/search?q={evil}", f"/ask?q={evil}", f"/count?q={evil}",
             f"/compare?q={evil}&place={evil}", f"/search?q=执法&region={evil}", f"/reports?region={evil}", f"/?lang={evil}", f"/{evil}")  # fmt: skip
    for path in paths:
        page = hostile.get(path)
        assert page.mimetype == "text/html", path
        assert not re.search(r"<(?:script|img)\b", page.text), path
        assert 'href="javascript:' not in page.text, path


def test_a_hostile_original_is_only_ever_a_file_to_keep(hostile: FlaskClient) -> None:
    (report,) = hostile.get("/api/v1/reports").json["reports"]
    headers = hostile.get(f"/api/v1/reports/{report['report_id']}/original", buffered=True).headers
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_links_out_of_the_site_hand_nothing_over(client: FlaskClient) -> None:
    (report,) = [r for r in client.get("/api/v1/reports").json["reports"] if r["source_name"].startswith("mingquan")][
        :1
    ]
    out = []
    for path in ("/search?q=说理式执法", report["link"], "/ask?q=说理式执法"):
        out += re.findall(r'<a [^>]*href="https?://[^>]*>', client.get(path).text)
    assert out
    assert [link for link in out if 'rel="noopener noreferrer' not in link] == []


def test_a_form_from_another_site_changes_nothing(samples_root: Path, client: FlaskClient) -> None:
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post("/collections", data={"name": "x"}, headers=elsewhere).status_code == 400
    assert client.post("/api/v1/collections", json={"name": "x"}, headers=elsewhere).status_code == 403
    assert client.post("/api/v1/collections", data='{"name": "x"}', content_type="text/plain").status_code == 403
    assert client.get("/api/v1/collections").json == {"collections": []}


def test_cookies_go_by_tls_alone_where_the_site_is_reached_by_tls(site: Site) -> None:
    behind = site(proxies=1)
    page = behind.get("/collections", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"})
    cookie = page.headers["Set-Cookie"]
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax"))
    assert "Secure" not in site().get("/collections").headers["Set-Cookie"]


def test_what_is_promised_names_its_tests_and_is_linked_from_the_readme() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/\w+\.py)`", text)
    assert "tests/test_security.py" in named
    assert [path for path in named if not (ROOT / path).is_file()] == []
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
