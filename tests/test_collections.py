"""Collections: complete in themselves, safe with several tabs and processes, and beyond the reach of re-indexing."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.build import build
from indexer.verify import verify
from retrieval import layout
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import NotFoundError, QueryError
from retrieval.quotation import digest
from retrieval.store import Index, open_index
from retrieval.types import Passage
from tests.conftest import ROOT, quiet
from webapp.collections import MOST_ITEMS, Collections
from webapp.items import MOST_NOTE, Draft, Item, part_of, split_tags, tag_counts
from webapp.place_lists import PlaceLists
from webapp.protection import signing_key
from webapp.shelf import Shelf, ShelfError, StaleError

TITLE = "青芦县人民政府2022年法治政府建设情况报告\n"
BODY = (
    "2022年，青芦县坚持依法行政，现将情况报告如下。\n一、主要成效\n"
    "（一）推行说理式执法。处罚决定书说清事实、证据、法律依据和裁量理由，全年制作说理式处罚决定书{n}份。\n"
    "（二）规范行政复议。收到行政复议申请31件，受理28件，审结27件，直接纠错4件，调解和解9件。\n"
    "（三）加强执法培训。组织执法人员集中培训6期，参训410人次，考试合格率百分之九十八。\n"
)


@pytest.fixture
def kept(tmp_path: Path) -> Collections:
    return Collections(Shelf(tmp_path))


@pytest.fixture
def drafts(samples: Index) -> list[Draft]:
    return [Draft(passage, summary) for passage, summary in samples.passages()][:20]


def filled(kept: Collections, drafts: list[Draft]) -> tuple[str, list[Item]]:
    collection = kept.create("复议的做法")
    for draft in drafts:
        kept.add(collection.id, draft)
    return collection.id, kept.items(collection.id)


def test_an_item_keeps_its_words_place_source_and_hash(kept: Collections, drafts: list[Draft]) -> None:
    draft = drafts[3]
    collection = kept.create("复议的做法")
    item, new = kept.add(collection.id, replace(draft, note="要紧\n第二行", tags=("复议", "数字", "复议")))
    assert new
    again = Collections(Shelf(kept.shelf.path.parent)).item(item.id)
    assert again == item
    assert (item.passage, item.report) == (draft.passage, draft.report)
    assert item.digest == digest(draft.passage.text)
    assert (item.note, item.tags, item.revision) == ("要紧\n第二行", ("复议", "数字"), 1)


def test_the_same_span_twice_is_one_item_and_another_span_is_another(kept: Collections, drafts: list[Draft]) -> None:
    collection_id, (item,) = filled(kept, drafts[:1])
    again, new = kept.add(collection_id, replace(drafts[0], note="另一条笔记"))
    assert (again, new) == (item, False)
    passage = drafts[0].passage
    part = part_of(passage, (passage.start, passage.start + 5))
    assert kept.add(collection_id, replace(drafts[0], passage=part))[1]
    assert kept.add(kept.create("另一个").id, drafts[0])[1]


def test_the_same_span_added_at_the_same_time_is_one_item(kept: Collections, drafts: list[Draft]) -> None:
    collection_id = kept.create("同时").id
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: kept.add(collection_id, drafts[0])[1], range(40)))
    assert done.count(True) == 1
    assert len(kept.items(collection_id)) == 1


def test_a_quotation_outside_its_passage_is_refused(drafts: list[Draft]) -> None:
    passage = drafts[0].passage
    for span in ((passage.start, passage.end + 1), (passage.start - 1, passage.end), (passage.start, passage.start)):
        with pytest.raises(QueryError):
            part_of(passage, span)


def test_a_stale_edit_is_refused_and_changes_nothing(kept: Collections, drafts: list[Draft]) -> None:
    _, (item,) = filled(kept, drafts[:1])
    kept.edit(item.id, "第一个窗口写的", ["甲"], item.revision)
    with pytest.raises(StaleError) as refused:
        kept.edit(item.id, "第二个窗口写的", [], item.revision)
    assert refused.value.present == kept.item(item.id)
    assert (kept.item(item.id).note, kept.item(item.id).revision) == ("第一个窗口写的", 2)
    # Sent twice, the same text is no conflict.
    assert kept.edit(item.id, "第一个窗口写的", ["甲"], item.revision).revision == 2


def test_of_edits_at_the_same_time_one_is_kept_and_the_others_are_told(kept: Collections, drafts: list[Draft]) -> None:
    _, (item,) = filled(kept, drafts[:1])

    def edit(number: int) -> str:
        try:
            return kept.edit(item.id, f"笔记{number}", [], item.revision).note
        except StaleError:
            return ""

    with ThreadPoolExecutor(8) as pool:
        saved = [note for note in pool.map(edit, range(40)) if note]
    assert saved == [kept.item(item.id).note]
    assert kept.item(item.id).revision == 2


def test_an_edit_of_what_was_removed_is_told_apart(kept: Collections, drafts: list[Draft]) -> None:
    _, (item,) = filled(kept, drafts[:1])
    kept.remove(item.id)
    with pytest.raises(StaleError) as refused:
        kept.edit(item.id, "还在写", [], item.revision)
    assert refused.value.present is None


def test_a_stale_name_is_refused_and_a_taken_one_too(kept: Collections) -> None:
    one, two = kept.create("甲"), kept.create("乙")
    assert kept.rename(one.id, "丙", one.revision).revision == 2
    with pytest.raises(StaleError):
        kept.rename(one.id, "丁", one.revision)
    with pytest.raises(QueryError):
        kept.rename(two.id, "丙", two.revision)
    with pytest.raises(QueryError):
        kept.create("丙")


def test_moves_are_by_one_place_and_stop_at_the_ends(kept: Collections, drafts: list[Draft]) -> None:
    collection_id, items = filled(kept, drafts[:3])
    a, b, c = (item.id for item in items)
    kept.move(c, -1)
    assert [item.id for item in kept.items(collection_id)] == [a, c, b]
    kept.move(a, -1)
    kept.move(b, 1)
    assert [item.id for item in kept.items(collection_id)] == [a, c, b]


def test_moves_at_the_same_time_all_count(kept: Collections, drafts: list[Draft]) -> None:
    collection_id, items = filled(kept, drafts)
    last = items[-1].id
    # Other shelves stand for other processes.
    others = [Collections(Shelf(kept.shelf.path.parent)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda other: [other.move(last, -1) for _ in range(4)], others))
    after = [item.id for item in kept.items(collection_id)]
    assert after.index(last) == len(items) - 1 - 16
    assert [one for one in after if one != last] == [item.id for item in items[:-1]]
    assert len({item.position for item in kept.items(collection_id)}) == len(items)


def test_deleting_takes_the_items_along_and_nothing_else(kept: Collections, drafts: list[Draft]) -> None:
    collection_id, _ = filled(kept, drafts[:2])
    other = kept.create("另一个")
    item, _ = kept.add(other.id, drafts[0])
    kept.delete(collection_id)
    assert [one.id for one in kept.all()] == [other.id]
    assert kept.shelf.rows("SELECT id FROM items")[0]["id"] == item.id
    with pytest.raises(NotFoundError):
        kept.get(collection_id)
    with pytest.raises(NotFoundError):
        kept.add(collection_id, drafts[0])


def test_tags_are_counted_and_filter(kept: Collections, drafts: list[Draft]) -> None:
    collection_id = kept.create("标签").id
    kept.add(collection_id, replace(drafts[0], tags=tuple(split_tags("复议， 数字;复议、"))))
    kept.add(collection_id, replace(drafts[1], tags=("数字",)))
    assert tag_counts(kept.items(collection_id)) == [("数字", 2), ("复议", 1)]
    assert [item.passage.id for item in kept.items(collection_id, "复议")] == [drafts[0].passage.id]


def test_what_is_too_much_is_refused_in_words(
    kept: Collections, drafts: list[Draft], monkeypatch: pytest.MonkeyPatch
) -> None:
    collection_id, (item,) = filled(kept, drafts[:1])
    for change in (
        lambda: kept.create(" "),
        lambda: kept.create("名" * 121),
        lambda: kept.edit(item.id, "长" * (MOST_NOTE + 1), [], 1),
        lambda: kept.edit(item.id, "", ["长" * 41], 1),
        lambda: kept.edit(item.id, "", [str(n) for n in range(21)], 1),
    ):
        with pytest.raises(QueryError):
            change()
    monkeypatch.setattr("webapp.collections.MOST_ITEMS", 1)
    with pytest.raises(QueryError, match="1"):
        kept.add(collection_id, drafts[1])
    assert MOST_ITEMS > 1000


def test_broken_characters_are_kept_as_far_as_they_can_be(kept: Collections, drafts: list[Draft]) -> None:
    _, (item,) = filled(kept, drafts[:1])
    assert kept.edit(item.id, "好\ud800的\0", [], 1).note == "好?的"


def test_nothing_is_written_before_something_is_kept(kept: Collections) -> None:
    assert kept.all() == []
    assert not kept.shelf.path.exists()


def test_a_file_of_a_newer_program_is_refused_and_left_alone(kept: Collections) -> None:
    kept.create("甲")
    with sqlite3.connect(kept.shelf.path) as database:
        database.execute(f"PRAGMA user_version = {layout.COLLECTIONS_VERSION + 1}")
    with pytest.raises(ShelfError, match="upgrade"):
        Collections(Shelf(kept.shelf.path.parent)).all()


def test_a_file_that_is_no_database_is_said_to_be_unreadable(tmp_path: Path) -> None:
    (tmp_path / layout.COLLECTIONS).write_bytes(b"x" * 5000)
    with pytest.raises(ShelfError, match=layout.COLLECTIONS):
        Collections(Shelf(tmp_path)).all()


def test_a_change_that_fails_half_way_leaves_nothing(kept: Collections, drafts: list[Draft]) -> None:
    collection_id, _ = filled(kept, drafts[:1])

    def fail() -> None:
        with kept.shelf.writing() as database:
            database.execute("DELETE FROM items")
            raise QueryError("停", "stop")

    with pytest.raises(QueryError):
        fail()
    assert len(kept.items(collection_id)) == 1


def test_lists_of_places_are_kept_and_edited_with_a_revision(tmp_path: Path) -> None:
    lists = PlaceLists(Shelf(tmp_path))
    made = lists.create("北片", ["青芦县", " 云岫省/松鹤县 ", "青芦县", ""])
    assert lists.get("北片").places == ("青芦县", "云岫省/松鹤县")
    assert lists.edit(made.id, "北片三县", ["青芦县"], made.revision).revision == 2
    with pytest.raises(StaleError):
        lists.edit(made.id, "北", ["临溪市"], made.revision)
    with pytest.raises(QueryError):
        lists.create("北片三县", ["临溪市"])
    with pytest.raises(QueryError):
        lists.create("空的", [" "])
    lists.delete(made.id)
    assert lists.all() == []


@pytest.fixture
def indexed(tmp_path: Path, config: Config, encoder: Encoder) -> Callable[..., Index]:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "a.txt").write_text(TITLE + BODY.format(n=12), encoding="utf-8")

    def index(*, rebuild: bool = False, purge: bool = False) -> Index:
        build([tmp_path / "reports"], tmp_path / "index", config, encoder, quiet, rebuild=rebuild, purge=purge)
        return open_index(tmp_path / "index")

    return index


def passage_with(index: Index, words: str) -> Passage:
    return next(passage for passage, _ in index.passages() if words in passage.text)


def test_collections_outlive_rebuilding_and_purging_and_verify_lists_what_no_longer_holds(
    indexed: Callable[..., Index], tmp_path: Path
) -> None:
    index = indexed()
    kept = Collections(Shelf(index.root))
    collection = kept.create("说理")
    for words in ("说理式处罚决定书", "行政复议申请"):
        passage = passage_with(index, words)
        kept.add(collection.id, Draft(passage, index.summary(passage.report_id), note=f"看{words}"))
    before, key = kept.items(collection.id), signing_key(index.root)

    index = indexed(rebuild=True)
    assert Collections(Shelf(index.root)).items(collection.id) == before
    assert (verify(index).quotations, verify(index).lost) == (2, ())

    report = tmp_path / "reports" / "a.txt"
    report.write_text(TITLE + BODY.format(n=99), encoding="utf-8")
    index = indexed(rebuild=True)
    (line,) = verify(index).lost
    assert "决定书12份" in line or "处罚决定书说清" in line

    report.unlink()
    (tmp_path / "reports" / "b.txt").write_text(
        "云台县2021年法治政府建设报告\n一、成效\n开展培训六期，效果很好。\n", "utf-8"
    )
    index = indexed(purge=True)
    assert len(verify(index).lost) == 2
    assert Collections(Shelf(index.root)).items(collection.id) == before
    assert signing_key(index.root) == key


def test_verify_lists_a_quotation_that_was_tampered_with(indexed: Callable[..., Index]) -> None:
    index = indexed()
    kept = Collections(Shelf(index.root))
    passage = passage_with(index, "行政复议")
    kept.add(kept.create("复议").id, Draft(passage, index.summary(passage.report_id)))
    assert verify(index).lost == ()
    with kept.shelf.writing() as database:
        database.execute("UPDATE items SET quotation = '改过的话', sha256 = ?", (digest("改过的话"),))
    assert len(verify(index).lost) == 1


def test_the_signing_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: signing_key(tmp_path), range(16)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == [layout.SIGNING_KEY]
    if os.name != "nt":
        assert stat.S_IMODE((tmp_path / layout.SIGNING_KEY).stat().st_mode) == 0o600


def test_the_command_lists_writes_out_and_takes_in(indexed: Callable[..., Index], tmp_path: Path) -> None:
    index = indexed()
    kept = Collections(Shelf(index.root))
    passage = passage_with(index, "行政复议")
    kept.add(kept.create("复议").id, Draft(passage, index.summary(passage.report_id), "看这里", ("复议",)))
    PlaceLists(Shelf(index.root)).create("北片", ["青芦县", "不存在县"])

    def wenzheng(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "wenzheng", "--index", str(index.root), *map(str, words)]
        environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT, env=environment, check=False)

    assert json.loads(wenzheng("collections", "list", "--json").stdout)["items"] == 1
    table, file = tmp_path / "a.csv", tmp_path / "a.wenzheng.json"
    assert wenzheng("collections", "export", "复议", "-o", table).returncode == 0
    assert "看这里" in table.read_text("utf-8-sig")
    assert wenzheng("collections", "export", "复议", "--share", "-o", file).returncode == 0
    kept.delete(kept.all()[0].id)
    done = json.loads(wenzheng("collections", "import", "--json", file).stdout)
    assert (done["added"], done["missing"], done["collection"]["name"]) == (1, [], "复议")
    file.write_text("{}", "utf-8")
    refused = wenzheng("collections", "import", file)
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
    compared = json.loads(wenzheng("compare", "--list", "北片", "--json", "行政复议").stdout)
    assert {row["place"][-1] for row in compared["rows"]} == {"青芦县", "不存在县"}
