"""What is kept of vectors, and what is found by them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from retrieval.codes import TokenCodec, WholeBytes, new_rotation, token_codec
from retrieval.encoder import Encoder
from retrieval.late import TokenIndex, maxsim, write_tokens
from retrieval.text import normalise
from retrieval.vectors import FLAT, LISTS, ListIndex, Vectors, write_lists, write_vectors
from tests.conftest import ROOT

# Three segments of an index; the lists of these tests cover the first two.
EDGES = (0, 9000, 18_000, 20_500)
TEXT = "推行说理式执法，处罚决定书说清事实、证据、法律依据和裁量理由，全年制作说理式处罚决定书一百二十份。"


def directions(count: int, seed: int = 0) -> np.ndarray:
    """Vectors of length 1 that lie in heaps, as those of texts do."""
    chance = np.random.default_rng(seed)
    heaps = chance.normal(size=(60, 64))
    vectors = heaps[chance.integers(0, 60, count)] + chance.normal(size=(count, 64)) * 0.4
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def many() -> np.ndarray:
    return directions(EDGES[-1])


@pytest.fixture(scope="module")
def folder(many: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vectors")
    parts = [folder / str(n) for n in range(3)]
    for part, first, last in zip(parts, EDGES, EDGES[1:], strict=False):
        part.mkdir()
        write_vectors(part, many[first:last])
    (folder / "lists").mkdir()
    write_lists(folder / "lists", parts[:2])
    return folder


@pytest.fixture(scope="module")
def listed(folder: Path) -> Vectors:
    return Vectors([folder / str(n) for n in range(3)], EDGES[:3], np.ones(EDGES[-1], bool), folder / "lists")


@pytest.fixture
def proposals(listed: Vectors, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many were wanted each time that the lists were asked."""
    asked: list[int] = []
    propose = ListIndex.propose
    monkeypatch.setattr(
        ListIndex, "propose", lambda self, q, count, allowed: (asked.append(count), propose(self, q, count, allowed))[1]
    )
    return asked


def exact(vectors: np.ndarray, query: np.ndarray, count: int, allowed: np.ndarray | None = None) -> np.ndarray:
    scores = vectors @ query
    if allowed is not None:
        scores = np.where(allowed, scores, -np.inf)
    return np.argsort(-scores, kind="stable")[:count]


def test_lists_find_nearly_all_that_a_scan_finds_with_exact_products(
    listed: Vectors, many: np.ndarray, proposals: list[int]
) -> None:
    kept = []
    for query in directions(40, seed=1):
        rows, scores = listed.search(query, 100, np.ones(len(many), bool))
        assert np.allclose(scores, many[rows] @ query, atol=1e-5)
        assert (np.diff(scores) <= 0).all()
        kept.append(len({*rows} & {*exact(many, query, 100)}) / 100)
    assert np.mean(kept) > 0.95
    assert proposals == [100] * 40


def test_a_wide_filter_is_kept_to_by_lists(listed: Vectors, many: np.ndarray, proposals: list[int]) -> None:
    allowed = np.random.default_rng(2).random(len(many)) < 0.5
    kept = []
    for query in directions(40, seed=3):
        rows, _ = listed.search(query, 50, allowed)
        assert allowed[rows].all()
        kept.append(len({*rows} & {*exact(many, query, 50, allowed)}) / 50)
    assert np.mean(kept) > 0.95
    assert proposals == [50] * 40


@pytest.mark.parametrize("share", [0.1, 0.002])
def test_a_narrow_filter_loses_nothing(listed: Vectors, many: np.ndarray, share: float, proposals: list[int]) -> None:
    allowed = np.random.default_rng(4).random(len(many)) < share
    for query in directions(20, seed=5):
        count = min(50, int(allowed.sum()))
        assert {*listed.search(query, 50, allowed)[0]} == {*exact(many, query, count, allowed)}
    assert proposals == []


def test_more_than_the_lists_would_propose_are_scanned(listed: Vectors, many: np.ndarray, proposals: list[int]) -> None:
    for query in directions(5, seed=7):
        assert {*listed.search(query, 5000, np.ones(len(many), bool))[0]} == {*exact(many, query, 5000)}
    assert proposals == []


def test_what_is_no_longer_in_force_does_not_make_a_filter_narrow(
    folder: Path, many: np.ndarray, proposals: list[int]
) -> None:
    """Most of these passages have been replaced; all that are left are searched."""
    in_force = np.random.default_rng(9).random(len(many)) < 0.15
    opened = Vectors([folder / str(n) for n in range(3)], EDGES[:3], in_force, folder / "lists")
    kept = []
    for query in directions(20, seed=10):
        kept.append(len({*opened.search(query, 20, in_force)[0]} & {*exact(many, query, 20, in_force)}) / 20)
    assert np.mean(kept) > 0.9
    assert proposals == [20] * 20


def test_what_is_asked_exactly_is_scanned(listed: Vectors, many: np.ndarray) -> None:
    for query in directions(20, seed=6):
        assert {*listed.search(query, 100, np.ones(len(many), bool), exact=True)[0]} == {*exact(many, query, 100)}


@pytest.mark.skipif(sys.platform != "linux", reason="what is mapped is read from /proc")
def test_vectors_and_lists_are_mapped_not_loaded(listed: Vectors, folder: Path, many: np.ndarray) -> None:
    assert listed.search(many[0], 1, np.ones(len(many), bool))[0][0] == 0
    mapped = Path("/proc/self/maps").read_text()
    assert str(folder / "2" / FLAT) in mapped
    assert str(folder / "lists" / LISTS) in mapped


def test_rows_beyond_the_lists_are_found_too(listed: Vectors, many: np.ndarray) -> None:
    for row in range(EDGES[2], EDGES[3], 250):
        rows, scores = listed.search(many[row], 5, np.ones(len(many), bool))
        assert rows[0] == row
        assert scores[0] == pytest.approx(1, abs=1e-5)


def test_a_segment_that_nobody_searches_need_not_be_there(folder: Path, many: np.ndarray) -> None:
    allowed = np.ones(len(many), bool)
    allowed[EDGES[1] : EDGES[2]] = False
    opened = Vectors([folder / "0", folder / "2"], [EDGES[0], EDGES[2]], allowed, folder / "lists")
    rows = np.array([3, EDGES[2] + 4])
    assert opened.products(many[7], rows) == pytest.approx(many[rows] @ many[7], abs=1e-5)
    for query in directions(20, seed=8):
        found = opened.search(query, 20, allowed)[0]
        assert len({*found} & {*exact(many, query, 20, allowed)}) >= 18


def test_lists_read_a_small_part_of_themselves(listed: Vectors, many: np.ndarray) -> None:
    """Else they were no faster than a scan: far from every query there are rows that no list proposes."""
    proposed = listed._lists.propose(many[0], EDGES[2], np.ones(EDGES[2], bool))
    assert 100 < len(proposed) < EDGES[2] / 4


@pytest.mark.parametrize("codec", [WholeBytes(64), token_codec(new_rotation(64), 64)], ids=["bytes", "half bytes"])
def test_what_is_kept_of_a_vector_points_where_it_did(codec: TokenCodec) -> None:
    vectors = directions(500)
    # As in these models, a few dimensions are far greater than the others.
    vectors[:, :3] *= 20
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    codes = codec.encode(vectors)
    assert codes.shape == (500, codec.width)
    decoded = codec.decode(codes)
    assert np.linalg.norm(decoded, axis=1) == pytest.approx(1, abs=2e-3)
    assert (decoded * vectors).sum(axis=1).min() > 0.98
    assert codec.cosines(codes, vectors[:9]) == pytest.approx(decoded @ vectors[:9].T, abs=2e-3)


def test_half_a_byte_is_kept_for_each_dimension() -> None:
    assert token_codec(new_rotation(384), 384).width == 194


def test_a_model_of_an_odd_dimension_keeps_whole_bytes() -> None:
    assert token_codec(new_rotation(33), 33).width == 33


def test_late_interaction_over_kept_tokens_is_that_over_the_vectors(encoder: Encoder) -> None:
    texts = [TEXT, "全年受理行政复议案件八件。", "开展宪法宣传周活动。"]
    passages = [encoded.tokens for encoded in encoder.passages([normalise(text) for text in texts])]
    (query,) = (encoded.tokens for encoded in encoder.queries(["处罚时把道理讲清楚"]))
    codec = token_codec(new_rotation(encoder.dimension), encoder.dimension)
    kept = maxsim(query, [codec.encode(tokens) for tokens in passages], codec)
    true = [float((query @ tokens.T).max(axis=1).mean()) for tokens in passages]
    assert kept == pytest.approx(true, abs=0.01)


def test_token_codes_come_back_by_row_and_a_passage_may_have_none(tmp_path: Path) -> None:
    texts = [np.full((3, 8), 7, np.uint8), np.zeros((0, 8), np.uint8), np.arange(16, dtype=np.uint8).reshape(2, 8)]
    write_tokens(tmp_path, texts, 8)
    index = TokenIndex(tmp_path)
    assert all((index.codes(row) == text).all() for row, text in enumerate(texts))
    assert index.codes(1).shape == (0, 8)
    write_tokens(tmp_path, [], 8)
    assert TokenIndex(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is read from /proc")
def test_too_little_memory_to_map_an_index_is_told_as_that(tmp_path: Path) -> None:
    """In a process of its own, whose address space may not grow."""
    write_vectors(tmp_path, np.eye(384, dtype=np.float32)[np.zeros(15_000, int)])
    script = (
        "import os, resource; from pathlib import Path; import retrieval.vectors as v;"
        "now = int(open('/proc/self/statm').read().split()[0]) * os.sysconf('SC_PAGESIZE');"
        "resource.setrlimit(resource.RLIMIT_AS, (now + 4_000_000, now + 4_000_000));"
        f"v.VectorIndex(Path(r'{tmp_path}'))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1].startswith("MemoryError"), done.stderr
