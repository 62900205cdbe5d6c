"""What those who run the site need: probes, figures, logs that keep queries to themselves, and a gentle stop."""

from __future__ import annotations

import http.client
import json
import logging
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from retrieval.config import Config
from retrieval.encoder import Encoder
from tests.conftest import ROOT, Site, interrupts
from webapp import create_app
from webapp.observing import JsonLines, Observer
from webapp.service import Service

STRANGER = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[..., list[dict[str, object]]]:
    caplog.set_level(logging.INFO, "wenzheng")

    def read(**how: bool) -> list[dict[str, object]]:
        formatter = JsonLines(**{"log_queries": False, **how})
        return [json.loads(formatter.format(record)) for record in caplog.records if record.name.startswith("wenzheng")]

    return read


def test_each_request_is_one_line_without_what_was_asked(site: Site, lines) -> None:
    answer = site().get("/search?q=说理式执法&region=北京", buffered=True)
    (line,) = lines()
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/search", 200)
    assert line["bytes"] == len(answer.data)
    assert line["ms"] > 0
    assert not re.search("说理|北京|%E8", json.dumps(line, ensure_ascii=False))


def test_queries_are_logged_where_the_settings_say_so(site: Site, lines) -> None:
    site(log_queries=True).get("/search?q=说理式执法", buffered=True)
    assert lines()[0]["q"] == ["说理式执法"]


def test_an_unexpected_error_is_logged_by_type_and_place_with_the_number_that_the_page_shows(
    site: Site, lines, monkeypatch
) -> None:
    def broken(_searcher: object, query: str, *_: object) -> None:
        raise RuntimeError(f"cannot do {query}")

    monkeypatch.setattr("webapp.pages.find", broken)
    page = site().get("/search?q=说理式执法&lang=zh", buffered=True)
    number = page.headers["X-Request-ID"]
    assert page.status_code == 500
    assert f"<code>{number}</code>" in page.text
    assert "Traceback" not in page.text
    error, request = lines()
    assert error["request_id"] == request["request_id"] == number
    assert error["error"] == "RuntimeError"
    assert any("in broken" in frame for frame in error["trace"])
    assert "说理" not in json.dumps([error, request], ensure_ascii=False)
    assert lines(log_queries=True)[0]["error"] == "RuntimeError: cannot do 说理式执法"


def test_requests_have_numbers_of_their_own_also_where_they_lead_nowhere(client: FlaskClient) -> None:
    forged = {"X-Request-ID": "forged"}
    paths = ("/", "/nothing", "/api/v1/none", "/static/none", "/healthz")
    answers = [client.get(path, headers=forged, buffered=True) for path in paths]
    answers.append(client.get("/", headers={"Host": "evil.example", **forged}))
    numbers = {number for answer in answers for number in answer.headers.getlist("X-Request-ID")}
    assert len(numbers) == len(answers)
    assert "forged" not in numbers
    error = answers[2].json["error"]
    assert error["request_id"] == answers[2].headers["X-Request-ID"]


def test_a_file_that_is_made_as_it_is_sent_is_measured_to_its_end(site: Site, lines) -> None:
    answer = site().get("/download/lines.csv?q=执法")
    assert lines() == []
    size = len(answer.data)
    answer.close()
    assert (lines()[0]["bytes"], lines()[0]["route"]) == (size, "/download/<what>.<suffix>")


def test_metrics_count_requests_by_route_never_by_what_was_asked(site: Site) -> None:
    client = site()
    for path in ("/search?q=说理式执法", "/search?q=行政复议", "/nothing/1", "/nothing/2", "/api/v1/ask"):
        client.get(path, buffered=True)
    client.open("/", method="FROBNICATE", buffered=True)
    text = client.get("/metrics").text
    assert 'wenzheng_requests_total{method="GET",route="/search",status="200"} 2.0' in text
    assert 'wenzheng_requests_total{method="GET",route="",status="404"} 2.0' in text
    assert 'wenzheng_requests_total{method="GET",route="/api/v1/ask",status="400"} 1.0' in text
    assert 'wenzheng_request_seconds_count{route="/search"} 2.0' in text
    assert "wenzheng_index_reports 12.0" in text
    assert not re.search("FROBNICATE|nothing|说理", text)


def test_metrics_are_for_this_machine_or_with_the_password(site: Site, monkeypatch) -> None:
    assert site().get("/metrics").status_code == 200
    assert site().get("/metrics", environ_base=STRANGER).status_code == 403
    assert site().get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    monkeypatch.setenv("WENZHENG_PASSWORD", "long-one")
    locked = site()
    assert locked.get("/metrics").status_code == 200
    assert locked.get("/metrics", environ_base=STRANGER).status_code == 401
    token = {"Authorization": "Bearer long-one"}
    assert locked.get("/metrics", environ_base=STRANGER, headers=token).status_code == 200
    guesses = [
        locked.get("/metrics", environ_base=STRANGER, headers={"Authorization": f"Bearer {n}"}).status_code
        for n in range(11)
    ]
    assert guesses == [401] * 10 + [429]


def test_a_site_is_ready_until_its_index_is_damaged_or_it_is_stopping(
    tmp_path: Path, samples_root: Path, config: Config, encoder: Encoder
) -> None:
    import shutil

    shutil.copytree(samples_root, tmp_path / "i")
    app = create_app(config, service=Service(config, tmp_path / "i", encoder))
    client = app.test_client()
    assert (client.get("/readyz").status_code, client.get("/readyz").json) == (200, {"status": "ready"})
    (tmp_path / "i" / "CURRENT").write_text("00000099.json\n")
    assert (client.get("/readyz").status_code, client.get("/readyz").json) == (503, {"status": "index_unusable"})
    (tmp_path / "i" / "CURRENT").write_text("00000001.json\n")
    assert client.get("/readyz").status_code == 200
    app.extensions["wenzheng-observer"].stopping = True
    assert client.get("/readyz").json == {"status": "stopping"}
    assert client.get("/healthz").status_code == 200


def test_an_observer_is_busy_until_the_last_byte() -> None:
    def slow(_environ, start_response) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"a"
        yield b"b"

    seen: list[object] = []
    observer = Observer(slow, seen.append, log_queries=False)
    body = observer({"REQUEST_METHOD": "GET"}, lambda *_: None)
    assert next(iter(body)) == b"a"
    assert (observer.busy, observer.wait_until_idle(0.01), seen) == (1, False, [])
    body.close()
    assert (observer.busy, observer.wait_until_idle(0.01), len(seen)) == (0, True, 1)


SLOW = """
import sys, time
from webapp import pages
from wenzheng.cli import main
whole = pages.find
def find(*values):
    print("asked", file=sys.stderr, flush=True)
    time.sleep(7)  # longer than waitress itself waits
    return whole(*values)
pages.find = find
sys.argv[0] = "wenzheng"
main()
"""


@contextmanager
def busy_site(root: Path) -> Iterator[tuple[subprocess.Popen[str], threading.Thread, list[tuple[int, int]]]]:
    """A real site in the middle of a request: its process, the asking thread, and what that will have got."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SLOW, "--index", str(root), "serve", "--port", str(port)]
    # As a shell starts what runs in the background.
    with (
        interrupts(signal.SIG_IGN),
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process,
    ):
        try:
            while "http://" not in process.stderr.readline():
                continue
            found: list[tuple[int, int]] = []

            def ask() -> None:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                connection.request("GET", "/search?q=%E6%89%A7%E6%B3%95")
                with suppress(OSError, http.client.HTTPException):
                    answer = connection.getresponse()
                    found.append((answer.status, len(answer.read())))
                connection.close()

            asking = threading.Thread(target=ask)
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            asking.start()
            while "asked" not in process.stderr.readline():
                continue
            yield process, asking, found
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
def test_a_site_that_is_told_to_stop_answers_what_was_asked_first(samples_root: Path) -> None:
    with busy_site(samples_root) as (process, asking, found):
        process.send_signal(signal.SIGTERM)
        asking.join(60)
        assert found[0][0] == 200
        assert found[0][1] > 1000
        assert process.wait(60) == 0
        rest = process.stderr.read()
        assert [json.loads(line)["route"] for line in rest.splitlines() if '"route"' in line] == ["/search"]
        assert "执法" not in rest


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
def test_a_site_that_is_told_twice_stops_without_an_error(samples_root: Path) -> None:
    """Though a request's thread is still at work when the process ends."""
    with busy_site(samples_root) as (process, asking, _):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert "Traceback" not in process.stderr.read()
        asking.join(60)
