"""Chinese or English interface: ?lang=, then the browser's wish, then Chinese."""

from __future__ import annotations

import tomllib
from pathlib import Path

from flask import Flask, g, request, url_for

LANGUAGES = ("zh", "en")
_CATALOGUE = tomllib.loads((Path(__file__).parent / "messages.toml").read_text(encoding="utf-8"))


def init(app: Flask) -> None:
    """Give templates `t(key)`, `lang` and `here(**changes)`."""
    app.context_processor(lambda: {"t": translate, "lang": current(), "here": here})


def current() -> str:
    """The language of this request."""
    if "lang" not in g:
        asked = request.args.get("lang")
        wished = request.accept_languages.best_match([*LANGUAGES, "zh-CN", "zh-TW"], "zh") or "zh"
        g.lang = asked if asked in LANGUAGES else wished[:2]
    return str(g.lang)


def translate(key: str, /, **values: object) -> str:
    """The text of a key in this request's language. A key that is missing is a KeyError: a test walks all pages."""
    text: str = _CATALOGUE[key][current()]
    return text.format(**values)


def here(**changes: object) -> str:
    """This page's address with some parameters changed; None takes one out."""
    values: dict[str, object] = {**(request.view_args or {}), **request.args.to_dict(flat=False), **changes}
    kept = {key: value for key, value in values.items() if value not in (None, "")}
    return url_for(request.endpoint or "pages.home", **kept)  # type: ignore[arg-type]  # values are str or int
