"""The site: create_app() opens the index once; pages and api parse, call and render."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response

from retrieval.config import Config, load_config
from webapp import api, citing, downloads, errors, language, pages
from webapp.service import Service

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create_app(config: Config | None = None, index: Path | None = None, service: Service | None = None) -> Flask:
    """The Flask application over one index. Raises IndexUnusableError or ModelError when it cannot be opened."""
    config = config or load_config()
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    app.json.sort_keys = False  # type: ignore[attr-defined]  # as above
    app.extensions["wenzheng"] = service or Service(config, index or Path(config.index.dir))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    language.init(app)
    errors.init(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(downloads.blueprint)
    app.register_blueprint(citing.blueprint)
    app.after_request(_harden)
    return app


def _harden(response: Response) -> Response:
    """Report text is hostile until shown otherwise: no scripts, nothing from elsewhere, no guessing of types."""
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
