"""The opened encoder and index that requests share; a new index version is taken up between requests. No Flask."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from pathlib import Path

from retrieval import layout
from retrieval.config import Config
from retrieval.encoder import Encoder, open_encoder
from retrieval.search import Searcher, open_searcher
from retrieval.store import open_index


class Service:
    """Opens everything once. Raises IndexUnusableError or ModelError when that is impossible."""

    def __init__(self, config: Config, root: Path, encoder: Encoder | None = None) -> None:
        self.config = config
        self.root = root
        self.encoder = encoder or open_encoder(config)
        self._switch = threading.Lock()
        self._opened = layout.current_name(root)
        self._searcher = open_searcher(config, open_index(root, self.encoder.fingerprint), self.encoder)
        # When the last request that may hold the version before has ended.
        self._alone_at: float | None = None

    @property
    def searcher(self) -> Searcher:
        """For the version in force; a request that holds one keeps that version to its end."""
        if layout.current_name(self.root) != self._opened:
            with self._switch:
                name = layout.current_name(self.root)
                if name is not None and name != self._opened:
                    index = open_index(self.root, self.encoder.fingerprint, self._searcher.index)
                    self._searcher, self._opened = self._searcher.over(index), name
                    self._alone_at = time.monotonic() + self.config.server.timeout
        elif self._idle() and self._switch.acquire(blocking=False):
            try:
                if self._idle():
                    self._alone_at = None
                    give_back_memory()
            finally:
                self._switch.release()
        return self._searcher

    def _idle(self) -> bool:
        """Whether the version before has just been let go by every request."""
        alone_at = self._alone_at
        return alone_at is not None and time.monotonic() > alone_at


def give_back_memory() -> None:
    """Return to the system what the C library keeps of freed memory for the next use: with each version it would grow."""
    if sys.platform == "linux":
        # Not every C library has it, nor needs it.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim:
            trim(0)
