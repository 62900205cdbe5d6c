"""Damage to the files that change by use is noticed, down to one letter of a note."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from indexer.build import build
from indexer.verify import verify
from retrieval import layout, seal
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.store import open_index
from tests.conftest import SAMPLES, quiet
from webapp.collections import Collections
from webapp.items import Draft
from webapp.shelf import Shelf


@pytest.fixture(scope="module")
def kept(tmp_path_factory, config: Config, encoder: Encoder) -> Path:
    """An index with one note beside it."""
    root = tmp_path_factory.mktemp("sealed") / "index"
    build([SAMPLES / "wangyue"], root, config, encoder, quiet, rebuild=False)
    collections = Collections(Shelf(root))
    passage, summary = next(open_index(root).passages())
    collections.add(collections.create("摘录").id, Draft(passage, summary, note="待核对原文"))
    return root


@pytest.fixture
def index(kept: Path, tmp_path: Path) -> Path:
    """A copy of its own, with everything in the files themselves."""
    for name in (layout.REGISTRY, layout.COLLECTIONS):
        with closing(sqlite3.connect(kept / name)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(kept, tmp_path / "index")
    return tmp_path / "index"


def swap(path: Path, old: str, new: str) -> None:
    data = path.read_bytes()
    assert old.encode() in data
    path.write_bytes(data.replace(old.encode(), new.encode()))


def test_an_index_and_its_notes_as_they_were_left_are_whole(index: Path) -> None:
    assert verify(open_index(index)).problems == ()


@pytest.mark.parametrize(
    ("name", "find"),
    [
        (layout.COLLECTIONS, lambda _: ("待核对原文", "待校对原文")),
        (layout.REGISTRY, lambda index: ((sha := open_index(index).current[0].sha256), sha[::-1])),
    ],
)
def test_one_letter_that_changed_is_named_with_its_file(
    index: Path, name: str, find: Callable[[Path], tuple[str, str]]
) -> None:
    swap(index / name, *find(index))
    (problem,) = verify(open_index(index)).problems
    assert name in problem


def test_a_run_seals_what_it_changed(index: Path, config: Config, encoder: Encoder, tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "wangyue", tmp_path / "reports")
    build([tmp_path / "reports"], index, config, encoder, quiet, rebuild=False)
    with closing(sqlite3.connect(index / layout.REGISTRY)) as database:
        assert database.execute("SELECT count(*) FROM seal").fetchone() == (1,)
    assert seal.damage(index / layout.REGISTRY) == ""


def test_a_file_that_a_run_left_unsealed_is_not_called_damaged(index: Path) -> None:
    with closing(sqlite3.connect(index / layout.REGISTRY)) as database, database:
        seal.unseal(database)
    assert seal.damage(index / layout.REGISTRY) == ""


def test_collections_of_the_version_before_are_opened_and_sealed_from_then_on(index: Path) -> None:
    with closing(sqlite3.connect(index / layout.COLLECTIONS)) as database, database:
        database.execute("DROP TABLE seal")
        database.execute("PRAGMA user_version = 1")
    collections = Collections(Shelf(index))
    assert [collection.name for collection in collections.all()] == ["摘录"]
    collections.create("另一个")
    swap_in = index / layout.COLLECTIONS
    with closing(sqlite3.connect(swap_in)) as database, database:
        assert database.execute("SELECT count(*) FROM seal").fetchone() == (1,)
        database.execute("UPDATE collections SET name = '别名' WHERE name = '另一个'")
    assert seal.damage(swap_in) == "checksum"
