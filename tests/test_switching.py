"""The corpus changes while the site is used: no request fails, none sees two generations, and what is kept stays."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bench import processes
from bench.generations import generations_in, write_generation
from bench.planted import PLACES, write
from bench.visitors import Crowd
from indexer.build import build
from retrieval import readonly
from retrieval.config import Config
from retrieval.encoder import Encoder
from tests.conftest import ROOT, quiet
from webapp import create_app
from webapp.service import Service

CLIENTS = 8
# Measures that three of the reports below say were done: whatever is asked of them has words of a report in its answer.
QUERIES = ("说理式执法", "首违不罚", "法律明白人")
Generation = Callable[..., None]


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    """One year's reports of several places."""
    write(tmp_path / "originals")
    for path in (tmp_path / "originals").iterdir():
        if path.stem not in [f"{place}-2020" for place in PLACES[:4]]:
            path.unlink()
    return tmp_path / "originals"


@pytest.fixture
def generation(tmp_path: Path, originals: Path, config: Config, encoder: Encoder) -> Generation:
    """Puts a generation of one report in force."""
    for path in sorted(originals.iterdir())[1:]:
        path.unlink()

    def put(number: int, *, rebuild: bool = False) -> None:
        write_generation(originals, tmp_path / "reports", number)
        build([tmp_path / "reports"], tmp_path / "index", config, encoder, quiet, rebuild=rebuild)

    return put


@pytest.mark.parametrize(
    ("path", "step"),
    [
        ("/search", "webapp.pages.find"),
        ("/compare", "webapp.requests.compare"),
        ("/download/compare.md", "webapp.requests.compare"),
    ],
)
def test_a_request_keeps_the_version_that_it_began_with(
    path: str, step: str, tmp_path: Path, generation: Generation, config: Config, encoder: Encoder, monkeypatch
) -> None:
    generation(1)
    client = create_app(config, service=Service(config, tmp_path / "index", encoder)).test_client()
    module, name = step.rsplit(".", 1)
    whole = getattr(__import__(module, fromlist=[name]), name)

    def overtaken(*values):
        found = whole(*values)
        generation(2)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(step, overtaken)
        assert generations_in(client.get(f"{path}?q={QUERIES[0]}").data) == {1}
    assert generations_in(client.get(f"{path}?q={QUERIES[0]}").data) == {2}


def test_a_request_outlasts_several_versions(
    tmp_path: Path, generation: Generation, config: Config, encoder: Encoder, monkeypatch
) -> None:
    """Also where its thread has not read this version before, and so opens the files only now."""
    generation(1)
    client = create_app(config, service=Service(config, tmp_path / "index", encoder)).test_client()
    whole = Service.searcher.fget

    def overtaken(service: Service):
        found = whole(service)
        for number in (2, 3, 4):
            # Nothing of the version before is used again.
            generation(number, rebuild=True)
        return found

    monkeypatch.setattr(readonly, "_KEPT", 0)
    monkeypatch.setattr(Service, "searcher", property(overtaken))
    answer = client.get(f"/search?q={QUERIES[0]}")
    assert answer.status_code == 200
    assert generations_in(answer.data) == {1}


def test_a_version_that_was_replaced_is_let_go(
    tmp_path: Path, generation: Generation, config: Config, encoder: Encoder
) -> None:
    generation(1)
    service = Service(config, tmp_path / "index", encoder)
    client = create_app(config, service=service).test_client()
    paths = ("/search", "/ask", "/compare", "/wording", "/count")

    def visit() -> None:
        for path in paths:
            assert client.get(f"{path}?q={QUERIES[0]}", buffered=True).status_code == 200

    visit()
    before = weakref.ref(service.searcher.index)
    generation(2)
    visit()
    gc.collect()
    assert before() is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says which files are open")
def test_open_files_do_not_grow_with_the_versions(
    tmp_path: Path, generation: Generation, config: Config, encoder: Encoder
) -> None:
    """Each version adds a segment, and keeps those before for what was cited from them."""
    generation(1)
    client = create_app(config, service=Service(config, tmp_path / "index", encoder)).test_client()
    open_files = []
    for number in range(2, 8):
        for path in ("/search", "/ask", "/compare", "/wording", "/count"):
            assert client.get(f"{path}?q={QUERIES[0]}", buffered=True).status_code == 200
        assert client.get("/passages/none", buffered=True).status_code == 404
        open_files.append(len(list(Path("/proc/self/fd").iterdir())))
        generation(number)
    assert max(open_files[2:]) == min(open_files[2:])


def test_memory_is_given_back_once_the_version_before_is_let_go(
    tmp_path: Path, generation: Generation, config: Config, encoder: Encoder, monkeypatch
) -> None:
    given: list[object] = []
    monkeypatch.setattr("webapp.service.give_back_memory", lambda: given.append(before()))
    generation(1)
    hasty = replace(config, server=replace(config.server, timeout=0.01))
    service = Service(hasty, tmp_path / "index", encoder)
    before = weakref.ref(service.searcher)
    generation(2)
    for times in (0, 1, 1):
        assert service.searcher is not before()
        assert len(given) == times
        time.sleep(0.05)
    assert given == [None]


def test_memory_is_given_back_once_however_many_ask(
    tmp_path: Path, generation: Generation, config: Config, encoder: Encoder, monkeypatch
) -> None:
    given: list[int] = []
    monkeypatch.setattr("webapp.service.give_back_memory", lambda: given.append(1))
    generation(1)
    service = Service(config, tmp_path / "index", encoder)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for _ in range(200):
                service._alone_at = 0.0
                assert len(list(pool.map(lambda _: service.searcher, range(8)))) == 8
    finally:
        sys.setswitchinterval(interval)
    assert len(given) == 200


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_giving_memory_back_lowers_what_the_process_holds() -> None:
    """In a process of its own: blocks that lie between others stay with the C library when they are freed."""
    script = (
        "from pathlib import Path; from webapp.service import give_back_memory\n"
        "def held(): return int(Path('/proc/self/statm').read_text().split()[1]) * 4096\n"
        "blocks = [bytes(50_000) for _ in range(2000)]; kept = blocks[::20]; del blocks\n"
        "before = held(); give_back_memory(); print(before - held())"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    assert int(done.stdout) > 50_000_000


def test_while_the_corpus_changes_no_request_fails_and_none_sees_a_mix(tmp_path: Path, originals: Path) -> None:
    """Real processes; and collections written meanwhile hold what was put into them."""
    reports, index = tmp_path / "reports", tmp_path / "index"
    write_generation(originals, reports, 1)
    processes.index(reports, index)
    with processes.serving(index, tmp_path / "log") as (address, _):
        crowd = Crowd(address, CLIENTS, QUERIES, seed=1)
        crowd.come()
        write_generation(originals, reports, 2)
        processes.index(reports, index)
        crowd.wait_until_shown(2)
        kept = crowd.leave()
    assert crowd.journal.faults == []
    assert kept > 0
    assert len(crowd.journal.answered) > CLIENTS * 10
