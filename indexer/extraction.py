"""One file's bytes → a report with its passages, and the id of that reading."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from types import MappingProxyType

from indexer.chunk import chunk
from indexer.clean import clean
from indexer.metadata import extract, override
from indexer.outline import outline
from indexer.readers import media_type, read
from retrieval.config import Config
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
    summary = ReportSummary(
        id=report_id,
        version_id=version_id(data, source_name, corrections, config),
        source_name=source_name,
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=media_type(source_name),
        metadata=metadata,
    )
    passages = chunk(cleaned.text, paragraphs, cleaned.origins, report_id, metadata.year, config.chunk)
    warnings = cleaned.document.warnings
    return Report(summary, cleaned.text, paragraphs, cleaned.origins, cleaned.removals, passages, warnings)


def version_id(data: bytes, source_name: str, corrections: dict[str, str], config: Config) -> str:
    """A version's id: the same bytes read in the same way under the same name have the same."""
    parts = [EXTRACTOR_VERSION, source_name, hashlib.sha256(data).hexdigest()]
    parts += [json.dumps(corrections, sort_keys=True), json.dumps(asdict(config.chunk), sort_keys=True)]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]
