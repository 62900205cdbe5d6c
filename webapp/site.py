"""The Flask application: its parts put together, and what goes with every response."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response

from retrieval.config import Config, load_config
from webapp import (
    access,
    api,
    citing,
    collecting,
    comparing,
    describing,
    downloads,
    errors,
    keeping,
    language,
    observing,
    operating,
    pages,
    placing,
    protection,
)
from webapp.metrics import Metrics
from webapp.observing import Observer
from webapp.service import Service
from webapp.shelf import Shelf
from webapp.time_limit import TimeLimit

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create_app(config: Config | None = None, index: Path | None = None, service: Service | None = None) -> Flask:
    """The Flask application over one index. Raises IndexUnusableError or ModelError when it cannot be opened."""
    config = config or load_config()
    app = Flask("webapp")
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    app.json.sort_keys = False  # type: ignore[attr-defined]  # as above
    service = service or Service(config, index or Path(config.index.dir))
    app.extensions["wenzheng"] = service
    app.extensions["wenzheng-shelf"] = Shelf(service.root)
    observing.init(app)
    access.init(app, config.server)
    protection.init(app, service.root, keeping.blueprint)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    language.init(app)
    errors.init(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(comparing.blueprint)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(downloads.blueprint)
    app.register_blueprint(citing.blueprint)
    app.register_blueprint(collecting.blueprint)
    app.register_blueprint(placing.blueprint)
    app.register_blueprint(keeping.blueprint)
    app.register_blueprint(operating.blueprint)
    app.register_blueprint(describing.blueprint)
    app.jinja_env.globals.update(shelves=collecting.shelves, just_added=collecting.just_added)
    app.after_request(_harden)
    app.extensions["wenzheng-metrics"] = figures = Metrics(service)
    app.wsgi_app = TimeLimit(app.wsgi_app, config.server.timeout)  # type: ignore[method-assign]  # as Flask's documentation has it
    observer = Observer(app.wsgi_app, figures.note, log_queries=config.server.log_queries)
    app.extensions["wenzheng-observer"] = app.wsgi_app = observer  # type: ignore[method-assign]  # as above
    return app


def _harden(response: Response) -> Response:
    """Report text is hostile until shown otherwise: no scripts, nothing from elsewhere, no guessing of types."""
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    return response
