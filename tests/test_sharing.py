"""A collection handed on in a file: self-contained, merged by content, and never over somebody's own note."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.build import build
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import QueryError
from retrieval.store import Index, open_index
from tests.conftest import SAMPLES, quiet
from webapp import sharing
from webapp.collections import Collections
from webapp.items import Draft, part_of
from webapp.sharing import import_share, read_share, share
from webapp.shelf import Shelf


@pytest.fixture
def sender(tmp_path: Path, samples: Index) -> Collections:
    """Three quotations: a passage, a part of one, and one with note and tags."""
    kept = Collections(Shelf(tmp_path / "sender"))
    (tmp_path / "sender").mkdir()
    collection = kept.create("复议的做法")
    pairs = list(samples.passages())
    passage, summary = pairs[0]
    kept.add(collection.id, Draft(passage, summary))
    passage, summary = pairs[20]
    kept.add(collection.id, Draft(part_of(passage, (passage.start + 3, passage.end)), summary))
    kept.add(collection.id, Draft(*pairs[40], note="寄件人的笔记", tags=("复议", "数字")))
    return kept


@pytest.fixture
def receiver(tmp_path: Path) -> Collections:
    (tmp_path / "receiver").mkdir()
    return Collections(Shelf(tmp_path / "receiver"))


def sent(sender: Collections) -> bytes:
    (collection,) = sender.all()
    return share(collection, sender.items(collection.id))


def test_a_file_says_what_it_is_and_has_everything(sender: Collections) -> None:
    values = json.loads(sent(sender))
    assert (values["format"], values["version"], values["name"]) == ("wenzheng-collection", 1, "复议的做法")
    item = values["items"][2]
    assert {"passage", "report", "sha256", "note", "tags", "added"} == set(item)
    assert item["report"]["metadata"]["title"]
    assert len(item["report"]["sha256"]) == 64


def test_taken_in_where_the_reports_are_the_items_are_the_same(
    sender: Collections, receiver: Collections, samples: Index
) -> None:
    done = import_share(receiver, samples, read_share(sent(sender)))
    assert (done.added, done.merged, done.missing, done.notes) == (3, 0, (), ())
    before, after = (kept.items(kept.all()[0].id) for kept in (sender, receiver))
    assert [(i.passage, i.report, i.note, i.tags, i.added) for i in after] == [
        (i.passage, i.report, i.note, i.tags, i.added) for i in before
    ]


def test_taken_in_twice_nothing_is_doubled(sender: Collections, receiver: Collections, samples: Index) -> None:
    for expected in ((3, 0), (0, 3)):
        done = import_share(receiver, samples, read_share(sent(sender)))
        assert (done.added, done.merged) == expected
    assert len(receiver.items(receiver.all()[0].id)) == 3


def test_a_note_that_is_there_is_kept_and_the_other_is_given_back(
    sender: Collections, receiver: Collections, samples: Index
) -> None:
    file = read_share(sent(sender))
    import_share(receiver, samples, file)
    _, _, item = receiver.items(receiver.all()[0].id)
    receiver.edit(item.id, "我自己的笔记", ["我的"], item.revision)
    done = import_share(receiver, samples, file)
    assert done.notes == ("寄件人的笔记",)
    assert receiver.item(item.id).note == "我自己的笔记"
    assert receiver.item(item.id).tags == ("我的", "复议", "数字")


def test_an_empty_note_is_filled(sender: Collections, receiver: Collections, samples: Index) -> None:
    file = read_share(sent(sender))
    import_share(receiver, samples, replace(file, items=tuple(replace(item, note="") for item in file.items)))
    done = import_share(receiver, samples, file)
    assert done.notes == ()
    assert receiver.items(receiver.all()[0].id)[2].note == "寄件人的笔记"


def test_a_full_set_of_tags_takes_no_more_and_fails_nothing(
    sender: Collections, receiver: Collections, samples: Index
) -> None:
    file = read_share(sent(sender))
    import_share(receiver, samples, file)
    _, _, item = receiver.items(receiver.all()[0].id)
    own = [f"标签{n}" for n in range(20)]
    receiver.edit(item.id, item.note, own, item.revision)
    import_share(receiver, samples, file)
    assert list(receiver.item(item.id).tags) == own


def test_another_index_finds_the_quotations_in_its_own_reports_and_names_what_it_lacks(
    sender: Collections, samples: Index, tmp_path: Path, config: Config, encoder: Encoder
) -> None:
    collection = sender.all()[0].id
    pairs = [pair for pair in samples.passages() if pair[1].source_name == "linxi-2021.txt"]
    item, _ = sender.add(collection, Draft(*pairs[2], note="临溪"))
    copied = tmp_path / "copies"
    copied.mkdir()
    # Other bytes under another name: other ids and offsets for the same report.
    text = (SAMPLES / "linxi-2021.txt").read_text("utf-8")
    (copied / "copy.txt").write_text(text.replace("\n\n", "\n").replace("2021年", "2021 年", 3), "utf-8")
    build([copied], tmp_path / "other", config, encoder, quiet, rebuild=False)
    index = open_index(tmp_path / "other")
    kept = Collections(Shelf(index.root))
    done = import_share(kept, index, read_share(sent(sender)))
    items = kept.items(done.collection.id)
    assert done.added == 4
    (here,) = index.reports
    assert here.id != item.report.id
    (found,) = [one for one in items if one.note == "临溪"]
    assert found.report == here
    assert index.report(here.id).text[found.passage.start : found.passage.end] == found.passage.text
    assert found.digest == item.digest
    assert index.find_passage(found.passage.id)[1] == here
    lacking = [one for one in items if one.report.id != here.id]
    assert done.missing == tuple(one.passage.text for one in lacking)
    assert lacking
    assert lacking[-1].note == "寄件人的笔记"
    # Merged by content, although the ids are others.
    assert import_share(kept, index, read_share(sent(sender))).merged == 4


def test_the_same_sentence_twice_in_a_report_stays_two_items(receiver: Collections, samples: Index) -> None:
    passage, summary = next(samples.passages())
    one = Draft(passage, summary, "第一处")
    (receiver.shelf.path.parent / "x").mkdir()
    kept = Collections(Shelf(receiver.shelf.path.parent / "x"))
    collection = kept.create("两处")
    moved = replace(passage, start=passage.start + 500, end=passage.end + 500)
    kept.add(collection.id, one)
    kept.add(collection.id, replace(one, passage=moved, report=replace(summary, id="远", version_id="远", sha256="远")))
    # Neither is in the index under these ids but by its words: the first in its place.
    done = import_share(kept, samples, read_share(share(collection, kept.items(collection.id))))
    assert (done.added, len(kept.items(collection.id))) == (0, 2)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "JSON"),
        (b"[1]", "wenzheng-collection"),
        (b"[" * 100_000, "JSON"),
        (b'{"format": "other"}', "wenzheng-collection"),
        (b'{"format": "wenzheng-collection", "version": 2}', "upgrade"),
        (b'{"format": "wenzheng-collection", "version": 1, "name": "x"}', "items"),
        (b'{"format": "wenzheng-collection", "version": 1, "name": "x", "items": [{}]}', "items.0"),
        (b'{"format": "wenzheng-collection", "version": 1, "name": "", "items": []}', "name"),
        (b'{"format": "wenzheng-collection", "version": 1, "name": "\\ud800", "items": []}', "JSON"),
    ],
)
def test_a_bad_file_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        read_share(data)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("passage", "text"), "改过的原文。", "altered"),
        (("passage", "start"), -5, "offsets"),
        (("passage", "end"), 10**30, "offsets"),
        (("passage", "role"), "boss", "role"),
        (("note",), "长" * 20_001, "20000"),
        (("tags",), ["长" * 41], "40"),
        (("report", "metadata", "level"), "planet", "level"),
    ],
)
def test_an_altered_item_is_refused_in_words(
    sender: Collections, path: tuple[str, ...], value: object, said: str
) -> None:
    values = json.loads(sent(sender))
    inner = values["items"][0]
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    with pytest.raises(QueryError, match=said):
        read_share(json.dumps(values).encode())


def test_too_large_a_file_is_refused(sender: Collections, monkeypatch: pytest.MonkeyPatch) -> None:
    data = sent(sender)
    monkeypatch.setattr(sharing, "MOST_ITEMS", 2)
    with pytest.raises(QueryError, match="more than 2"):
        read_share(data)
    monkeypatch.setattr(sharing, "MOST_BYTES", 100)
    with pytest.raises(QueryError, match="larger"):
        read_share(data)


def test_an_address_that_is_no_web_address_is_not_taken_in(sender: Collections) -> None:
    values = json.loads(sent(sender))
    values["items"][0]["report"]["metadata"]["url"] = "javascript:alert(1)"
    assert read_share(json.dumps(values).encode()).items[0].report.metadata.url is None


def test_a_file_that_fails_leaves_nothing(
    sender: Collections, receiver: Collections, samples: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.collections.MOST_ITEMS", 2)
    with pytest.raises(QueryError):
        import_share(receiver, samples, read_share(sent(sender)))
    assert receiver.all() == []
