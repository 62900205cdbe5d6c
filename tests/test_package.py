"""A built wheel works from another folder and holds what it should and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_four_packages_their_data_and_the_config(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"retrieval", "indexer", "webapp", "wenzheng"}
    assert {
        "retrieval/config.toml",
        "webapp/messages.toml",
        "webapp/templates/base.html",
        "webapp/static/site.css",
    } <= set(names)


def test_the_wheel_works_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    work = tmp_path / "elsewhere"
    work.mkdir()
    (work / "r.txt").write_text(
        "云台县2022年法治政府建设报告\n一、成效\n推行说理式执法，群众满意度明显提高。\n", "utf-8"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "PYTHONUTF8": "1"}

    def wenzheng(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "wenzheng", *words]
        return subprocess.run(command, cwd=work, env=environment, capture_output=True, encoding="utf-8", check=False)

    assert wenzheng("index", "r.txt").returncode == 0
    assert (work / "index" / "default" / "CURRENT").is_file()
    found = wenzheng("search", "--json", "说理式执法")
    assert "说理式执法" in found.stdout, found.stderr
    page = (
        "from webapp import create_app; import webapp, pathlib;"
        f"assert pathlib.Path(webapp.__file__).is_relative_to(r'{tmp_path}');"
        "assert create_app().test_client().get('/').status_code == 200"
    )
    done = subprocess.run(
        [sys.executable, "-c", page], cwd=work, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_config_is_found_in_the_documented_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from retrieval.config import load_config

    def config(path: Path, port: int) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# wenzheng\n[server]\nport = {port}\n", "utf-8")
        return path

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WENZHENG_CONFIG", raising=False)
    monkeypatch.setattr("retrieval.config.user_config_path", lambda _name: tmp_path / "user")
    assert load_config().server.port == 8000
    config(tmp_path / "user" / "config.toml", 1)
    assert load_config().server.port == 1
    config(tmp_path / "config.toml", 2)
    assert load_config().server.port == 2
    monkeypatch.setenv("WENZHENG_CONFIG", str(config(tmp_path / "named.toml", 3)))
    assert load_config().server.port == 3
    assert load_config(config(tmp_path / "given.toml", 4)).server.port == 4
    monkeypatch.setenv("WENZHENG_SERVER_PORT", "5")
    assert load_config().server.port == 5


def test_somebody_elses_config_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from retrieval.config import load_config

    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text("[other]\nthing = 1\n", "utf-8")
    assert load_config().server.port == 8000
