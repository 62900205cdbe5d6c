"""Reports → segments of bounded size, their passages embedded; small segments are merged as they gather."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from indexer.prepare import Steps
from indexer.registry import cached
from retrieval import layout, writing
from retrieval.encoder import Encoder
from retrieval.late import TokenIndex
from retrieval.layout import LexicalEntry, ListsEntry, Manifest, SegmentEntry
from retrieval.segment import SegmentReader
from retrieval.store import codec_of
from retrieval.text import normalise
from retrieval.types import Passage, Report
from retrieval.vectors import CROSSOVER, VectorIndex
from retrieval.writing import PassageVectors

# Passages that are held in memory at a time, with vectors and texts: some 30 kB each. Each segment costs every query.
_LARGEST = 32_000
# Each run adds a segment, and each costs every query a little: when there are more small ones, they become one.
_SMALL, _MOST_SMALL = 2000, 8
# Lists are made anew when more passages than CROSSOVER, and than this share of theirs, lie outside them and are scanned.
_OUTSIDE = 1 / 32


def encoder_input(passage: Passage) -> str:
    """What the encoder reads of a passage: its words, normalised."""
    return normalise(passage.text)


def write_segments(
    reports: Iterable[Report], whole: int, root: Path, manifest: Manifest, encoder: Encoder, steps: Steps
) -> tuple[tuple[SegmentEntry, ...], int]:
    """Embed and write reports, of `whole` passages in all; nothing refers to the segments yet.

    Returns them and how many passages were embedded. Only one segment's reports are in memory at a time.
    What has been embedded is kept as it comes, so a run that is killed goes on where it was.
    """
    codec = codec_of(root, manifest)
    segments, done, embedded = [], 0, 0

    def embed(texts: list[str]) -> list[PassageVectors]:
        nonlocal embedded
        encoded = encoder.passages(texts)
        embedded += len(texts)
        steps("embed", min(whole, done + embedded), whole)
        codes = codec.encode(np.concatenate([each.tokens for each in encoded]))
        ends = np.cumsum([len(each.tokens) for each in encoded])
        parts = np.split(codes, ends[:-1])
        return [PassageVectors(each.pooled, part) for each, part in zip(encoded, parts, strict=True)]

    for group in _groups(reports):
        texts = [encoder_input(passage) for report in group for passage in report.passages]
        steps("embed", done, whole)
        before = embedded
        vectors = cached(root / layout.EMBEDDINGS, f"{encoder.fingerprint} {codec.name}", texts, codec.width, embed)
        segments.append(writing.add_segment(root, group, vectors, manifest))
        done += len(texts) - (embedded - before)
        steps("embed", min(whole, done + embedded), whole)
    return tuple(segments), embedded


def _groups(reports: Iterable[Report]) -> Iterator[list[Report]]:
    """Reports in their order, so many together that their passages fit into a segment."""
    group: list[Report] = []
    size = 0
    for report in reports:
        if group and size + len(report.passages) > _LARGEST:
            yield group
            group, size = [], 0
        group.append(report)
        size += len(report.passages)
    if group:
        yield group


def merged(
    root: Path, manifest: Manifest, segments: Sequence[SegmentEntry], lexical: Sequence[LexicalEntry]
) -> tuple[tuple[SegmentEntry, ...], tuple[LexicalEntry, ...]]:
    """The segments, the small ones at the end become one when there are many; and the lexical parts that still fit."""
    small = _small_at_end(segments)
    if small <= _MOST_SMALL:
        return tuple(segments), tuple(lexical)
    kept, joined = segments[:-small], segments[-small:]
    folders = [root / layout.SEGMENTS / segment.id for segment in joined]
    readers = [SegmentReader(folder / layout.SEGMENT_DATABASE) for folder in folders]
    reports = [reader.report(summary) for reader in readers for summary in reader.summaries]
    vectors = [
        each for folder, segment in zip(folders, joined, strict=True) for each in _vectors_of(folder, segment.passages)
    ]
    return (*kept, writing.add_segment(root, reports, vectors, manifest)), tuple(lexical[: len(kept)])


def _small_at_end(segments: Sequence[SegmentEntry]) -> int:
    """How many segments at the end are small, and will be merged when there are more."""
    return next((n for n, one in enumerate(reversed(segments)) if one.passages >= _SMALL), len(segments))


def listed(root: Path, segments: Sequence[SegmentEntry], held: ListsEntry | None) -> ListsEntry | None:
    """Lists over the segments that will not be merged: those held while they answer for nearly all, or new ones."""
    lasting = segments[: len(segments) - _small_at_end(segments)]
    covered = len(held.segments) if held else 0
    if held and held.segments != tuple(segment.id for segment in lasting[:covered]):
        held, covered = None, 0
    inside, outside = (sum(each.passages for each in part) for part in (lasting[:covered], lasting[covered:]))
    return writing.add_lists(root, lasting) if outside >= max(CROSSOVER, inside * _OUTSIDE) else held


def _vectors_of(folder: Path, passages: int) -> Iterator[PassageVectors]:
    pooled, tokens = VectorIndex(folder).vectors(), TokenIndex(folder)
    for row in range(passages):
        yield PassageVectors(pooled[row], tokens.codes(row))
