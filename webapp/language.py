"""Chinese or English interface: ?lang=, then the browser's wish, then Chinese."""

from __future__ import annotations

import tomllib
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlencode

from flask import Flask, g, request

LANGUAGES = ("zh", "en")
_MESSAGES = tomllib.loads((Path(__file__).parent / "messages.toml").read_text(encoding="utf-8"))
_CATALOGUES = {lang: {key: texts[lang] for key, texts in _MESSAGES.items()} for lang in LANGUAGES}


def init(app: Flask) -> None:
    """Give templates `t(key)`, `lang` and `here(**changes)`."""
    app.context_processor(lambda: {"t": partial(translate, _CATALOGUES[current()]), "lang": current(), "here": here})


def current() -> str:
    """The language of this request."""
    if "lang" not in g:
        asked = request.args.get("lang")
        wished = request.accept_languages.best_match([*LANGUAGES, "zh-CN", "zh-TW"], "zh") or "zh"
        g.lang = asked if asked in LANGUAGES else wished[:2]
    return str(g.lang)


def translate(catalogue: dict[str, str], key: str, /, **values: object) -> str:
    """The text of a key. A key that is missing is a KeyError: a test walks all pages."""
    return catalogue[key].format(**values)


def here(**changes: object) -> str:
    """This page's address with some parameters changed; None takes one out."""
    values: dict[str, object] = {**request.args.to_dict(flat=False), **changes}
    kept = {key: value for key, value in values.items() if value not in (None, "")}
    # Not by routing, which takes longer than finding a passage: a page of hits has dozens of links to itself. What
    # stands nowhere may look like another site's address.
    path = request.path if request.endpoint else "/"
    return f"{quote(request.script_root + path)}{'?' if kept else ''}{urlencode(kept, doseq=True)}"
