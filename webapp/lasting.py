"""What a shared search, answer or comparison depends on, named in its link and compared when it is opened. No Flask."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from retrieval.search import Searcher

_SHORT = 8
_SHAPES = {"corpus": r"\d{1,9}", "model": rf"[0-9a-f]{{{_SHORT}}}", "settings": rf"[0-9a-f]{{{_SHORT}}}"}


@dataclass(frozen=True, slots=True)
class Grounds:
    """The version of the corpus, the model and the search settings, short enough for an address."""

    corpus: str
    model: str
    settings: str


@dataclass(frozen=True, slots=True)
class Change:
    """One of the grounds that is not what it was when the link was made."""

    name: str
    linked: str
    present: str


def grounds(searcher: Searcher) -> Grounds:
    """Of the results that are given now."""
    manifest = searcher.index.manifest
    settings = json.dumps(asdict(searcher.settings), sort_keys=True)
    short = hashlib.sha256(settings.encode()).hexdigest()[:_SHORT]
    return Grounds(str(manifest.number), manifest.encoder_fingerprint[:_SHORT], short)


def changes(arguments: Mapping[str, str], present: Grounds) -> tuple[Change, ...]:
    """Which of the grounds that a link names differ; what it does not name, or not readably, is not spoken of."""
    pairs = ((name, arguments.get(name, ""), value) for name, value in asdict(present).items())
    return tuple(
        Change(name, linked, value)
        for name, linked, value in pairs
        if linked != value and re.fullmatch(_SHAPES[name], linked, re.ASCII)
    )
