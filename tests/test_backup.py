"""A backup taken while the site is used comes back whole, elsewhere and only into an empty folder; a bad one does not."""

from __future__ import annotations

import io
import json
import shutil
import stat
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.build import build
from indexer.verify import verify
from retrieval import backup as module
from retrieval import layout, writing
from retrieval.backup import BackupError, back_up, restore
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import IndexUnusableError
from retrieval.search import open_searcher
from retrieval.store import open_index
from tests.conftest import SAMPLES, quiet
from tests.test_cli import wenzheng
from webapp.collections import Collections
from webapp.items import Draft
from webapp.shelf import Shelf


@pytest.fixture
def root(samples_root: Path, tmp_path: Path) -> Path:
    """The samples with a collection, to change freely."""
    shutil.copytree(samples_root, tmp_path / "index")
    kept = Collections(Shelf(tmp_path / "index"))
    passage, summary = next(open_index(tmp_path / "index").passages())
    kept.add(kept.create("备份前").id, Draft(passage, summary, "一条笔记"))
    return tmp_path / "index"


@pytest.fixture
def saved(root: Path, tmp_path: Path) -> Path:
    back_up(root, tmp_path / "b.tar")
    return tmp_path / "b.tar"


def test_a_restored_index_is_searched_and_holds_originals_and_notes(
    root: Path, saved: Path, tmp_path: Path, config: Config, encoder: Encoder
) -> None:
    before = open_searcher(config, open_index(root), encoder).search("说理式执法")
    shutil.rmtree(root)
    restore(saved, tmp_path / "new" / "place")
    index = open_index(tmp_path / "new" / "place", encoder.fingerprint)
    after = open_searcher(config, index, encoder).search("说理式执法")
    assert [hit.passage for hit in after.hits] == [hit.passage for hit in before.hits]
    result = verify(index)
    assert (result.reports, result.problems, result.quotations, result.lost) == (12, (), 1, ())
    assert [one.name for one in Collections(Shelf(index.root)).all()] == ["备份前"]
    # Ids are known again: nothing is read anew, nothing becomes another report.
    again = build([SAMPLES], index.root, config, encoder, quiet, rebuild=False)
    assert (again.version, again.count("unchanged")) == (index.manifest.number, 12)


def test_lists_over_many_passages_come_back_too(
    tmp_path: Path, config: Config, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.segments.CROSSOVER", 3)
    monkeypatch.setattr("indexer.segments._SMALL", 1)
    build([SAMPLES], tmp_path / "index", config, encoder, quiet, rebuild=False)
    back_up(tmp_path / "index", tmp_path / "b.tar")
    restore(tmp_path / "b.tar", tmp_path / "new")
    index = open_index(tmp_path / "new", encoder.fingerprint)
    assert index.manifest.lists
    assert verify(index).problems == ()


def test_the_commands_back_up_restore_and_verify(root: Path, tmp_path: Path) -> None:
    done = wenzheng("backup", "--json", tmp_path / "c.tar", index=root)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["missing"] == []
    done = wenzheng("restore", "--json", tmp_path / "c.tar", index=tmp_path / "back")
    shown = json.loads(done.stdout)
    assert (done.returncode, shown["reports"], shown["problems"], shown["quotations"]) == (0, 12, [], 1)
    done = wenzheng("restore", tmp_path / "c.tar", index=tmp_path / "back")
    assert done.returncode == 1
    assert "not an empty folder" in done.stderr


def test_a_backup_is_consistent_while_people_write(root: Path, tmp_path: Path) -> None:
    kept, stop = Collections(Shelf(root)), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            kept.create(f"合集 {number}")
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            back_up(root, tmp_path / f"{number}.tar")
    finally:
        stop.set()
        writer.join()
    sizes = []
    for number in range(3):
        restore(tmp_path / f"{number}.tar", tmp_path / f"r{number}")
        shelf = Shelf(tmp_path / f"r{number}")
        assert shelf.rows("PRAGMA integrity_check")[0][0] == "ok"
        sizes.append(len(Collections(shelf).all()))
    assert 0 < sizes[0] <= sizes[1] <= sizes[2] <= len(kept.all())


def test_a_version_that_is_replaced_meanwhile_is_taken_whole_or_the_next_one_is(
    root: Path, tmp_path: Path, config: Config, encoder: Encoder, monkeypatch
) -> None:
    whole: Callable[..., object] = module._originals
    built: list[int] = []

    def while_others_build(index: object) -> object:
        if not built:
            for number in range(2):
                file = tmp_path / f"新{number}.txt"
                file.write_text(
                    f"石桥县2022年法治政府建设报告\n一、成效\n办理行政复议案件{number + 3}件，均已审结。\n", "utf-8"
                )
                built.append(build([file], root, config, encoder, quiet, rebuild=False).version)
        return whole(index)

    monkeypatch.setattr(module, "_originals", while_others_build)
    # As if these runs had been a quarter of an hour apart.
    monkeypatch.setattr(writing, "KEPT_SECONDS", -1)
    done = back_up(root, tmp_path / "d.tar")
    # Two runs have cleared the first version's lexical index away.
    assert done.version == built[-1] == 3
    restore(tmp_path / "d.tar", tmp_path / "back")
    assert verify(open_index(tmp_path / "back")).problems == ()


def test_secrets_and_what_can_be_made_again_stay_behind(root: Path, saved: Path, tmp_path: Path) -> None:
    (root / layout.SIGNING_KEY).write_bytes(b"k" * 32)
    back_up(root, saved)
    with tarfile.open(saved) as archive:
        names = set(archive.getnames())
    assert {layout.POINTER, layout.REGISTRY, layout.COLLECTIONS} <= names
    assert not {layout.SIGNING_KEY, layout.EMBEDDINGS, layout.LOCK} & names
    if sys.platform != "win32":
        assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_a_backup_that_fails_leaves_the_one_before_and_nothing_else(root: Path, saved: Path, monkeypatch) -> None:
    before, files = saved.read_bytes(), sorted(saved.parent.iterdir())
    monkeypatch.setattr(tarfile.TarFile, "add", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        back_up(root, saved)
    assert saved.read_bytes() == before
    assert sorted(saved.parent.iterdir()) == files


def test_a_lost_original_is_named_and_the_rest_is_saved(root: Path, tmp_path: Path) -> None:
    summary = open_index(root).reports[0]
    (root / layout.ORIGINALS / summary.sha256).unlink()
    done = back_up(root, tmp_path / "e.tar")
    assert done.missing == (summary.source_name,)
    restore(tmp_path / "e.tar", tmp_path / "back")
    (problem,) = verify(open_index(tmp_path / "back")).problems
    assert summary.source_name in problem


def test_no_index_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(IndexUnusableError):
        back_up(tmp_path / "none", tmp_path / "f.tar")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("at", [0.3, 0.6, 0.99])
def test_a_damaged_or_cut_backup_restores_nothing(saved: Path, tmp_path: Path, at: float) -> None:
    data = bytearray(saved.read_bytes())
    with tarfile.open(saved) as archive:
        members = [m for m in archive.getmembers() if m.size > 100]
        member = members[min(len(members) - 1, int(at * len(members)))]
    data[member.offset_data + member.size // 2] ^= 1
    for name, bad in (("flipped", bytes(data)), ("cut", bytes(data[: member.offset_data + 5])), ("empty", b"")):
        (tmp_path / name).write_bytes(bad)
        with pytest.raises(BackupError):
            restore(tmp_path / name, tmp_path / "back")
        assert not (tmp_path / "back").exists()


def test_a_folder_that_holds_something_is_left_alone(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    with pytest.raises(BackupError, match="not an empty folder"):
        restore(saved, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert restore(saved, tmp_path / "empty").version == 1
    assert open_index(tmp_path / "empty").manifest.number == 1


@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "segments/../../evil", "evil", "originals", "signing.key", "CURRENT/x", "CURRENT"]
)
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_hostile_backup_writes_nowhere(tmp_path: Path, name: str, kind: bytes) -> None:
    import hashlib

    values = {"format": "wenzheng-backup", "version": 1, "manifest": "00000001.json", "number": 1,
              "files": [{"path": name, "size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}]}  # fmt: skip
    pointer = b"00000001.json\n"
    with tarfile.open(tmp_path / "h.tar", "w") as archive:
        for path, data in ((module._CONTENTS, json.dumps(values).encode()), (layout.POINTER, pointer)):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        member = tarfile.TarInfo(name)
        member.type, member.size, member.linkname = kind, 1 if kind == tarfile.REGTYPE else 0, "/etc/passwd"
        archive.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(BackupError):
        restore(tmp_path / "h.tar", tmp_path / "deep" / "back")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["h.tar"]


def test_a_damaged_index_is_not_backed_up(root: Path, tmp_path: Path) -> None:
    path = next(root.glob("segments/*/tokens.codes.npy"))
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    with pytest.raises(IndexUnusableError, match=r"tokens\.codes\.npy"):
        back_up(root, tmp_path / "b.tar")
    assert not (tmp_path / "b.tar").exists()
