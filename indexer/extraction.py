"""One file's bytes → a report with its passages, and the id of that reading."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from types import MappingProxyType

from indexer.chunk import chunk
from indexer.clean import clean
from indexer.metadata import extract, override
from indexer.outline import outline
from indexer.readers import media_type, read
from retrieval.config import ChunkSettings, Config
from retrieval.types import Report, ReportSummary

# Changes whenever the same file would give another text, other metadata or other passages.
EXTRACTOR_VERSION = "4"


def make_report(
    data: bytes,
    source_name: str,
    corrections: dict[str, str],
    config: Config,
    report_id: str,
    learned: Mapping[str, str] = MappingProxyType({}),
) -> Report:
    """One file's report with its passages, `learned` lines of its site taken out. Raises ReadError."""
    cleaned = clean(read(data, source_name), learned)
    metadata = override(extract(cleaned, source_name), corrections)
    if metadata.reference and metadata.title_made:
        # An outline or a statute is called by its first line, whatever a report's title looks like.
        metadata = replace(metadata, title=cleaned.text.strip().split("\n")[0][:80], title_made=False)
    paragraphs = outline(cleaned)
    sha256 = hashlib.sha256(data).hexdigest()
    summary = ReportSummary(
        id=report_id,
        version_id=version_id(sha256, source_name, corrections, config),
        source_name=source_name,
        sha256=sha256,
        media_type=media_type(source_name),
        metadata=metadata,
    )
    passages = chunk(cleaned.text, paragraphs, cleaned.origins, report_id, metadata.year, config.chunk)
    warnings = cleaned.document.warnings
    return Report(summary, cleaned.text, paragraphs, cleaned.origins, cleaned.removals, passages, warnings)


def version_id(sha256: str, source_name: str, corrections: dict[str, str], config: Config) -> str:
    """A version's id: the same bytes (by their digest) read in the same way under the same name have the same."""
    parts = [EXTRACTOR_VERSION, source_name, sha256, json.dumps(corrections, sort_keys=True), _said(config.chunk)]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


@cache
def _said(settings: ChunkSettings) -> str:
    """Settings as text. Asked for with every file, of which there may be many thousands."""
    return json.dumps(asdict(settings), sort_keys=True)
