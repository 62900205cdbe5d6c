"""The pipeline: files → reports → passages → vectors → a new version of the index."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.batch import Batch
from indexer.discover import discover
from indexer.prepare import Outcome, Steps, prepare
from indexer.run_report import record_run
from indexer.segments import listed, merged, write_segments
from indexer.spill import Spill
from retrieval import layout, store, writing
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import IndexUnusableError
from retrieval.layout import Duplicate, Manifest, SegmentEntry
from retrieval.measures import Measure, load_measures, vocabulary_path
from retrieval.tags import fingerprint


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did."""

    outcomes: tuple[Outcome, ...]
    reports: int
    passages: int
    new_passages: int
    embedded: int
    seconds: float
    version: int

    def count(self, status: str) -> int:
        return sum(1 for outcome in self.outcomes if outcome.status == status)


def build(
    paths: list[Path],
    root: Path,
    config: Config,
    encoder: Encoder,
    steps: Steps,
    *,
    rebuild: bool,
    purge: bool = False,
    reference: bool = False,
) -> Summary:
    """Index the files under `paths` into `root`; the old version stays in force until the new one is whole.

    With `reference` they are reference documents, whatever a manifest says.

    Reports whose file is gone from the paths leave the search and can still be cited, unless they are to be purged.
    Raises IndexUnusableError when the index is of another kind or another build is running, ReadError when a path
    or manifest is unusable as a whole. Faults of single reports are outcomes, not errors.
    """
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="wenzheng-") as scratch:
        sources = list(discover(paths, Path(scratch)))
        if reference:
            sources = [replace(source, corrections={**source.corrections, "reference": "1"}) for source in sources]
        measures = load_measures(vocabulary_path(config))
        with _alone(root), closing(Spill(Path(scratch) / "reports.sqlite")) as reports:
            manifest = _start(root, config, encoder, rebuild=rebuild)
            batch = Batch(store.Index(root, manifest) if manifest.segments else None, reports)
            outcomes = prepare(sources, paths, root, batch, config, steps)
            fresh = sum(outcome.passages for outcome in outcomes)
            segments, embedded = write_segments(reports.values(), fresh, root, manifest, encoder, steps)
            index = _publish(root, manifest, batch, segments, measures, purge=purge)
            writing.prune(root)
            manifest = index.manifest
            summary = Summary(
                outcomes=tuple(outcomes),
                reports=manifest.reports,
                passages=manifest.passages,
                new_passages=sum(segment.passages for segment in segments),
                embedded=embedded,
                seconds=round(time.perf_counter() - begin, 2),
                version=manifest.number,
            )
            record_run(root, index, summary)
            return summary


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One build at a time in a folder. Raises IndexUnusableError when another is running."""
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / layout.LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise IndexUnusableError(
            f"另一个程序正在更新 {root}；请等它结束", f"another process is updating {root}; wait for it to end"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _start(root: Path, config: Config, encoder: Encoder, *, rebuild: bool) -> Manifest:
    """The manifest to build upon. Raises IndexUnusableError when it does not fit and no rebuild was asked for."""
    if layout.current_name(root) is None:
        return writing.empty_manifest(root, config.model.name, encoder)
    if rebuild:
        numbers = [int(path.stem) for path in (root / layout.MANIFESTS).glob("*.json")]
        fresh = writing.empty_manifest(root, config.model.name, encoder)
        return replace(fresh, number=max(numbers, default=0))
    return store.usable_manifest(root, encoder.fingerprint, upgrade=True)


def _publish(
    root: Path,
    manifest: Manifest,
    batch: Batch,
    added: tuple[SegmentEntry, ...],
    measures: tuple[Measure, ...],
    *,
    purge: bool,
) -> store.Index:
    """Write what is new and make it the version in force, which is given; nothing new makes no new version."""
    withdrawn = ({*manifest.withdrawn} | batch.gone) - batch.restored
    dead = ({*manifest.tombstones} | batch.superseded | batch.gone) - (batch.restored - batch.superseded)
    tagged = batch.held is not None and batch.held.tags.vocabulary == fingerprint(measures)
    lexical = manifest.lexical if tagged else ()
    segments, lexical = merged(root, manifest, (*manifest.segments, *added), lexical)
    changes = {
        "segments": segments,
        "lists": listed(root, segments, manifest.lists),
        "tombstones": tuple(sorted(dead)),
        "withdrawn": tuple(sorted(withdrawn)),
        "purged": tuple(sorted({*manifest.purged} | (withdrawn if purge else set()))),
        "duplicates": _duplicates(manifest, batch, dead),
    }
    same = all(getattr(manifest, name) == value for name, value in changes.items())
    if same and len(lexical) == len(segments) and layout.current_name(root) == manifest.name:
        return batch.held or store.Index(root, manifest)
    lexical = (*lexical, *(writing.add_lexical(root, segment, measures) for segment in segments[len(lexical) :]))
    fresh = layout.next_manifest(
        manifest,
        created=writing.now(),
        lexical=lexical,
        **changes,
    )
    # Opening the new version before it is in force shows that it is whole, and counts what it holds.
    opened = store.Index(root, fresh, batch.held)
    opened.manifest = replace(fresh, reports=len(opened.reports), passages=opened.passage_count)
    layout.publish(root, opened.manifest)
    if purge:
        _forget_originals(opened, set(fresh.purged))
    return opened


def _duplicates(manifest: Manifest, batch: Batch, dead: set[str]) -> tuple[Duplicate, ...]:
    """Those known before and those just found, as far as their file and the report they repeat are there."""
    found = {duplicate.source_name: duplicate for duplicate in manifest.duplicates} | batch.duplicates
    alive = {summary.id for version, summary in batch.current.items() if version not in dead}
    read = {summary.source_name for summary in batch.current.values()}
    return tuple(
        found[name]
        for name in sorted(found)
        if name not in batch.vanished and found[name].report_id in alive and name not in read
    )


def _forget_originals(index: store.Index, purged: set[str]) -> None:
    """Delete the kept files of purged reports that no other version was read from."""
    kept = {s.sha256 for s in index.current} | {version.summary.sha256 for version in index.retired.values()}
    for summary in index.summaries_of(purged):
        if summary.sha256 not in kept:
            index.original(summary).unlink(missing_ok=True)
