"""The site: create_app() opens the index once; pages and api parse, call and render."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.config import Config

if TYPE_CHECKING:
    from flask import Flask

    from webapp.service import Service


def create_app(config: Config | None = None, index: Path | None = None, service: Service | None = None) -> Flask:
    """The Flask application over one index. Raises IndexUnusableError or ModelError when it cannot be opened."""
    # Imported here: who asks an index from the shell uses this package's functions and waits for no Flask.
    from webapp import site

    return site.create_app(config, index, service)
