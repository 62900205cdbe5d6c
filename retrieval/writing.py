"""Write what an index version consists of: segments, their lexical parts; and clear old versions away."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import numpy as np

from retrieval import layout
from retrieval.blocks import write_sums
from retrieval.codes import new_rotation
from retrieval.encoder import Encoder
from retrieval.files import staged_directory, staged_file
from retrieval.fulltext import write_fulltext
from retrieval.late import write_tokens
from retrieval.layout import FileEntry, LexicalEntry, ListsEntry, Manifest, SegmentEntry, file_entry
from retrieval.lexical import write_lexical
from retrieval.measures import Measure
from retrieval.segment import SegmentReader, write_segment
from retrieval.store import codec_of
from retrieval.tags import write_tags
from retrieval.text import normalise
from retrieval.types import Passage, Report
from retrieval.vectors import write_lists, write_vectors

# A version stays for so long after it was replaced: longer than any request that may have begun with it.
KEPT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """What the index keeps of a passage's encoding: `pooled` (dimension,) float32, `tokens` (tokens, width) uint8 codes."""

    pooled: np.ndarray
    tokens: np.ndarray


def add_segment(root: Path, reports: list[Report], vectors: list[PassageVectors], manifest: Manifest) -> SegmentEntry:
    """Write reports and the vectors of their passages (in order) as a new segment. Nothing refers to it yet."""
    codec = codec_of(root, manifest)
    segment_id = uuid4().hex[:12]
    folder = root / layout.SEGMENTS / segment_id
    with staged_directory(folder) as staging:
        count = write_segment(staging / layout.SEGMENT_DATABASE, reports)
        write_fulltext(staging / layout.SEGMENT_FULLTEXT, reports)
        pooled = np.array([vector.pooled for vector in vectors], np.float32).reshape(-1, manifest.dimension)
        write_vectors(staging, pooled)
        write_tokens(staging, [vector.tokens for vector in vectors], codec.width)
        _write_sums(staging)
    return SegmentEntry(segment_id, len(reports), count, _entries(root, folder))


def add_lexical(root: Path, segment: SegmentEntry, measures: Sequence[Measure]) -> LexicalEntry:
    """Write BM25 and the measures' tags of a segment's passages, headings included, in order."""
    lexical_id = uuid4().hex[:12]
    folder = root / layout.LEXICAL / lexical_id
    reader = SegmentReader(root / layout.SEGMENTS / segment.id / layout.SEGMENT_DATABASE)
    texts = [lexical_text(passage) for passage in reader.passages()]
    with staged_directory(folder) as staging:
        write_lexical(staging, texts)
        write_tags(staging, texts, measures)
        _write_sums(staging)
    return LexicalEntry(lexical_id, segment.id, _entries(root, folder))


def add_lists(root: Path, segments: Sequence[SegmentEntry]) -> ListsEntry:
    """Write inverted lists over the vectors of some segments."""
    lists_id = uuid4().hex[:12]
    folder = root / layout.LISTS / lists_id
    with staged_directory(folder) as staging:
        write_lists(staging, [root / layout.SEGMENTS / segment.id for segment in segments])
        _write_sums(staging)
    return ListsEntry(lists_id, tuple(segment.id for segment in segments), _entries(root, folder))


def lexical_text(passage: Passage) -> str:
    """What BM25 reads of a passage: its lowest heading and its words."""
    return normalise(" ".join([*passage.heading_path[-1:], passage.text]))


def _write_sums(folder: Path) -> None:
    """For what lies behind the heads; passages say by their ids whether their words are whole."""
    for path in list(folder.rglob("*")):
        if path.suffix != ".sqlite" and path.stat().st_size > layout.HEAD:
            write_sums(path)


def _entries(root: Path, folder: Path) -> tuple[FileEntry, ...]:
    return tuple(file_entry(root, path) for path in sorted(folder.rglob("*")) if path.is_file())


def empty_manifest(root: Path, model: str, encoder: Encoder) -> Manifest:
    """Where a first build starts from."""
    return Manifest(
        0, now(), encoder.fingerprint, model, encoder.dimension, rotation=_rotation(root, encoder.dimension)
    )


def _rotation(root: Path, dimension: int) -> FileEntry | None:
    """What token vectors will be kept with: made once for an index, lest another machine's arithmetic make another."""
    path = root / layout.ROTATIONS / f"{dimension}.npy"
    rotation = new_rotation(dimension)
    if rotation is None:
        return None
    # A rebuild is the way out where it is damaged.
    if not path.is_file() or not _orthogonal(path, dimension):
        with staged_file(path) as file:
            np.save(file, rotation)
    return file_entry(root, path)


def _orthogonal(path: Path, dimension: int) -> bool:
    """Whether a file holds a matrix that turns vectors of this dimension and leaves their lengths."""
    try:
        held = np.load(path)
    except (ValueError, OSError, EOFError):
        return False
    return held.shape == (dimension, dimension) and np.allclose(held @ held.T, np.eye(dimension), atol=1e-4)


def now() -> str:
    """The present moment in ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def prune(root: Path) -> None:
    """Delete what no version refers to that may still be served: the two newest, and those replaced a short while ago."""
    manifests = sorted((root / layout.MANIFESTS).glob("*.json"))
    replaced = pairwise(manifests[:-1])
    old = {path for path, successor in replaced if time.time() - successor.stat().st_mtime > KEPT_SECONDS}
    kept = [layout.load_manifest(path, upgrade=True) for path in manifests if path not in old]
    for path in old:
        path.unlink()
    segments = {segment.id for manifest in kept for segment in manifest.segments}
    lexicals = {part.id for manifest in kept for part in manifest.lexical}
    lists = {manifest.lists.id for manifest in kept if manifest.lists}
    for folder, used in ((layout.SEGMENTS, segments), (layout.LEXICAL, lexicals), (layout.LISTS, lists)):
        if (root / folder).is_dir():
            for path in (root / folder).iterdir():
                if path.name not in used:
                    shutil.rmtree(path, ignore_errors=True)
    _clear_leftovers(root)


def _clear_leftovers(root: Path) -> None:
    """Files that a build which died was still writing; only builds write these, and one at a time."""
    folders = (layout.MANIFESTS, layout.ROTATIONS, layout.ORIGINALS, layout.RUNS)
    for pattern in (f".{layout.POINTER}.*", *(f"{folder}/.*" for folder in folders)):
        for path in root.glob(pattern):
            path.unlink(missing_ok=True)
