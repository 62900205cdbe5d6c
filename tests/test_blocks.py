"""What lies behind the first bytes of a file of the index is checked before it is used."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.build import build
from indexer.verify import verify_at
from retrieval import blocks, layout
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import IndexUnusableError
from retrieval.late import CODES, TokenIndex, write_tokens
from retrieval.layout import HEAD
from retrieval.lexical import LexicalIndex, write_lexical
from retrieval.search import open_searcher
from retrieval.segment import SegmentReader
from retrieval.store import Index, open_index
from retrieval.vectors import FLAT, VectorIndex, write_vectors
from tests.conftest import SAMPLES, quiet
from webapp.service import Service
from webapp.site import create_app


@pytest.fixture
def copy(samples: Index, tmp_path: Path) -> Path:
    """An index that may be damaged."""
    return Path(shutil.copytree(samples.root, tmp_path / "index"))


@pytest.fixture
def in_a_segment(copy: Path, samples: Index) -> Callable[[str], Path]:
    return lambda name: copy / layout.SEGMENTS / samples.manifest.segments[0].id / name


def flip(path: Path, at: int) -> None:
    """Change one bit, as a disk does: the file's name, size and head stay."""
    data = bytearray(path.read_bytes())
    data[at] ^= 4
    path.write_bytes(data)


def test_a_vector_that_changed_keeps_the_file_from_the_parser(in_a_segment, copy: Path, monkeypatch) -> None:
    parsed: list[str] = []
    monkeypatch.setattr("faiss.read_index", lambda path, _how: parsed.append(path))
    flip(in_a_segment(FLAT), HEAD + 5000)
    with pytest.raises(IndexUnusableError, match=rf"{FLAT} .*restore"):
        open_index(copy)
    assert parsed == []


@pytest.mark.parametrize("part", [0, 0.13, 0.5, 0.87, 0.9999])
def test_each_block_of_a_vector_file_is_looked_at(tmp_path: Path, part: float) -> None:
    write_vectors(tmp_path, np.eye(384, dtype=np.float32)[np.arange(300) % 384])
    blocks.write_sums(tmp_path / FLAT)
    assert len(VectorIndex(tmp_path)) == 300
    flip(tmp_path / FLAT, int((tmp_path / FLAT).stat().st_size * part))
    with pytest.raises(IndexUnusableError, match=FLAT):
        VectorIndex(tmp_path)


def test_token_vectors_are_checked_where_they_are_read(in_a_segment, copy: Path, samples: Index) -> None:
    flip(in_a_segment(CODES), 3 * HEAD + 7)
    index = open_index(copy)
    wrong = [row for row in range(samples.passage_count) if refused(index, row)]
    # Those that share the block, and no others.
    assert 1 <= len(wrong) < samples.passage_count / 2
    assert all(
        (codes(index, row) == codes(samples, row)).all() for row in range(samples.passage_count) if row not in wrong
    )


def codes(index: Index, row: int) -> np.ndarray:
    (found,) = index.token_codes(np.array([row]))
    return found


def refused(index: Index, row: int) -> bool:
    try:
        codes(index, row)
    except IndexUnusableError:
        return True
    return False


@pytest.mark.parametrize("part", [0.11, 0.37, 0.5, 0.73, 0.9999])
def test_no_damage_of_token_vectors_goes_into_a_score(in_a_segment, copy: Path, samples: Index, part: float) -> None:
    path = in_a_segment(CODES)
    flip(path, int(path.stat().st_size * part))
    index = open_index(copy)
    assert any(refused(index, row) for row in range(samples.passage_count))


def test_a_letter_that_changed_on_the_disk_is_never_quoted(in_a_segment) -> None:
    path = in_a_segment(layout.SEGMENT_DATABASE)
    reader = SegmentReader(path)
    before = reader.passage(3)
    with sqlite3.connect(path) as database:
        version, text = database.execute(
            "SELECT version_id, text FROM reports JOIN passages USING (version_id) WHERE row = 3"
        ).fetchone()
        changed = text[: before.start] + "某" + text[before.start + 1 :]
        database.execute("UPDATE reports SET text = ? WHERE version_id = ?", (changed, version))
    database.close()
    with pytest.raises(IndexUnusableError, match=layout.SEGMENT_DATABASE):
        SegmentReader(path).passage(3)


def opened(reader: SegmentReader) -> None:
    """Read what every opening reads in whole."""
    assert len(reader.summaries)
    assert len(reader.columns[0])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reports SET metadata = replace(metadata, '2021', '2020')",
        "UPDATE reports SET metadata = replace(metadata, '临溪市', '临汐市')",
        "UPDATE passages SET role = 'planned' WHERE row = (SELECT min(row) FROM passages WHERE role = 'done')",
    ],
    ids=["year", "place", "role"],
)
def test_a_report_is_never_taken_for_another_place_s_or_year_s(in_a_segment, change: str) -> None:
    path = in_a_segment(layout.SEGMENT_DATABASE)
    before = SegmentReader(path)
    opened(before)
    with sqlite3.connect(path) as database:
        assert database.execute(change).rowcount > 0
    database.close()
    after = SegmentReader(path)
    with pytest.raises(IndexUnusableError, match=layout.SEGMENT_DATABASE):
        opened(after)


def test_the_site_says_which_file_is_damaged_instead_of_a_ranking(
    in_a_segment, copy: Path, config: Config, encoder: Encoder
) -> None:
    path = in_a_segment(CODES)
    for at in range(HEAD, path.stat().st_size, blocks.BLOCK):
        flip(path, at)
    own = replace(config, server=replace(config.server, rate_limit=""))
    client = create_app(own, service=Service(own, copy, encoder)).test_client()
    answer = client.get("/api/v1/search?q=说理式执法")
    assert answer.status_code == 503
    assert CODES in answer.json["error"]["message"]


def test_every_damaged_file_is_named_though_one_keeps_the_index_from_opening(in_a_segment, copy: Path) -> None:
    flip(in_a_segment(FLAT), HEAD + 5000)
    flip(in_a_segment(CODES), HEAD + 5000)
    problems = verify_at(copy).problems
    assert [any(name in problem for problem in problems) for name in (FLAT, CODES)] == [True, True]


def test_checksums_that_were_cut_short_are_damage_themselves(tmp_path: Path) -> None:
    write_tokens(tmp_path, [np.zeros((3000, 40), np.uint8)], 40)
    blocks.write_sums(tmp_path / CODES)
    sums = tmp_path / f"{CODES}.xxh3"
    sums.write_bytes(sums.read_bytes()[:-8])
    with pytest.raises(IndexUnusableError, match=sums.name):
        TokenIndex(tmp_path)


@pytest.mark.parametrize("texts", [20_000, 60_000], ids=["read into memory", "mapped"])
def test_a_damaged_posting_is_noticed_before_it_counts(tmp_path: Path, texts: int) -> None:
    write_lexical(tmp_path, [f"说理式执法第{number}次" for number in range(texts)])
    path = tmp_path / "data.csc.index.npy"
    blocks.write_sums(path)
    for at in range(HEAD, path.stat().st_size, blocks.BLOCK):
        flip(path, at)
    with pytest.raises(IndexUnusableError, match=path.name):
        LexicalIndex([tmp_path], [0], texts).scores(["说理"])


def test_a_rebuild_replaces_a_damaged_rotation(samples: Index, copy: Path, config: Config, encoder: Encoder) -> None:
    path = copy / samples.manifest.rotation.path
    flip(path, 200_003)
    with pytest.raises(IndexUnusableError, match=path.name):
        open_index(copy)
    build([SAMPLES], copy, config, encoder, quiet, rebuild=True)
    found = open_searcher(config, open_index(copy), encoder).search("说理式执法")
    right = open_searcher(config, samples, encoder).search("说理式执法")
    assert [hit.passage.id for hit in found.hits] == [hit.passage.id for hit in right.hits]


def test_an_index_without_checksums_is_searched_as_before(
    copy: Path, samples: Index, config: Config, encoder: Encoder
) -> None:
    for path in copy.rglob("*.xxh3"):
        path.unlink()
    manifest = layout.current_manifest(copy)
    segments = tuple(
        replace(segment, files=tuple(file for file in segment.files if not file.path.endswith(".xxh3")))
        for segment in manifest.segments
    )
    layout.publish(copy, replace(manifest, segments=segments))
    found = open_searcher(config, open_index(copy), encoder).search("说理式执法")
    right = open_searcher(config, samples, encoder).search("说理式执法")
    assert [hit.passage.id for hit in found.hits] == [hit.passage.id for hit in right.hits]
