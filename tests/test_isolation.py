"""One file that hangs, crashes or eats memory is given up by name; the others are read."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.build import build
from indexer.isolation import read_apart
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import ReadError
from tests.conftest import ROOT, quiet
from tests.odd_readers import crash, eat, hang, hang_on_one, stumble

TEXT = "云台县人民政府2022年法治政府建设情况报告\n2022年，云台县坚持依法行政，制作说理式处罚决定书20份，现将情况报告如下。\n"


@pytest.mark.parametrize(
    ("fault", "seconds", "words"),
    [(hang, 3, "read_seconds"), (crash, 60, "crashed"), (eat, 60, "read_mb"), (stumble, 60, "KeyError")],
)
def test_a_file_whose_reading_goes_wrong_is_given_up_by_name(
    fault: object, seconds: int, words: str, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.isolation.make_report", fault)
    limits = replace(config, index=replace(config.index, read_seconds=seconds))
    with pytest.raises(ReadError, match=rf"^odd\.txt：.*{words}"):
        read_apart(b"x", "odd.txt", {}, limits, "r1")


def test_after_a_file_that_went_wrong_the_next_is_read(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("indexer.isolation.make_report", crash)
        with pytest.raises(ReadError):
            read_apart(b"x", "odd.txt", {}, config, "r1")
    assert read_apart(TEXT.encode(), "a.txt", {}, config, "r1").summary.metadata.year == 2022


def test_a_run_lists_the_file_that_hangs_and_indexes_the_others(
    tmp_path: Path, config: Config, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    for name in ("a.txt", "odd.txt", "z.txt"):
        (folder / name).write_text(TEXT.replace("20", str(len(name) + ord(name[0]))), encoding="utf-8")
    read_apart(TEXT.encode(), "warm.txt", {}, config, "r0")
    monkeypatch.setattr("indexer.isolation.make_report", hang_on_one)
    limits = replace(config, index=replace(config.index, read_seconds=15))
    summary = build([folder], tmp_path / "index", limits, encoder, quiet, rebuild=False)
    outcomes = {outcome.source_name: outcome.status for outcome in summary.outcomes}
    assert outcomes == {"a.txt": "new", "odd.txt": "failed", "z.txt": "new"}


def test_a_script_that_reads_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from indexer.isolation import read_apart\nfrom retrieval.config import load_config\nprint('begins')\n"
        f"print(read_apart({TEXT.encode()!r}, 'a.txt', {{}}, load_config(), 'r1').summary.metadata.year)\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["begins", "2022"], done.stderr
