"""Waits for files to change; the only importer of watchfiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import watchfiles


def changes(paths: list[Path], index: Path) -> Iterator[int]:
    """The number of files that changed, whenever some did and a moment passed; ends on Ctrl+C.

    The first is 0, as soon as it is watching: what arrived between the caller's last look and then is not missed.
    What happens inside the index's own folder does not count.
    """
    own = index.resolve()

    def counts(_change: watchfiles.Change, path: str) -> bool:
        return not Path(path).resolve().is_relative_to(own)

    watching = False
    for changed in watchfiles.watch(
        *paths, watch_filter=counts, debounce=1600, rust_timeout=1000, yield_on_timeout=True, raise_interrupt=False
    ):
        if changed or not watching:
            yield len(changed)
        watching = True
