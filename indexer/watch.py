"""Waits for files to change; the only importer of watchfiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import watchfiles


def changes(paths: list[Path], index: Path) -> Iterator[int]:
    """The number of files that changed, whenever some did and a moment passed; ends on Ctrl+C.

    What happens inside the index's own folder does not count.
    """
    own = index.resolve()

    def counts(_change: watchfiles.Change, path: str) -> bool:
        return not Path(path).resolve().is_relative_to(own)

    for changed in watchfiles.watch(*paths, watch_filter=counts, debounce=1600, raise_interrupt=False):
        yield len(changed)
