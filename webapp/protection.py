"""Who may change something: forms of this site with their token, and scripts that no other site can stand for.

The only importer of flask_wtf.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Flask, request
from flask_wtf.csrf import CSRFError, CSRFProtect

from retrieval import layout
from retrieval.errors import WenzhengError
from retrieval.files import sync_directory


class ForbiddenError(WenzhengError):
    """A change that may have been sent by another site's page."""

    code = "forbidden"


def init(app: Flask, root: Path, api: Blueprint) -> None:
    """Every POST needs its form's token; those of `api` need what another site's page cannot send."""
    key = signing_key(root)
    app.config.update(
        SECRET_KEY=key,
        # Sites on several ports of one machine share their cookies: each has one of its own.
        SESSION_COOKIE_NAME=f"wenzheng-{hashlib.sha256(key).hexdigest()[:8]}",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        # A note may be written over days: the token lasts as long as the browser's session.
        WTF_CSRF_TIME_LIMIT=None,
    )
    protection = CSRFProtect(app)
    protection.exempt(api)
    api_name = api.name

    @app.before_request
    def from_here() -> None:
        if request.method == "POST" and request.blueprint == api_name:
            check_script()


def is_token_error(error: Exception) -> bool:
    """Whether a form came without its token."""
    return isinstance(error, CSRFError)


def check_script() -> None:
    """A page elsewhere cannot send JSON without asking first, and this site never allows it. Raises ForbiddenError.

    Browsers say besides where a request comes from; scripts say nothing.
    """
    origin = request.headers.get("Origin")
    same_host = origin is None or urlsplit(origin).netloc == request.host
    same_site = request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
    if not (request.is_json and same_host and same_site):
        raise ForbiddenError(
            "修改请求须是 application/json，且不能从别的网站发出",
            "changes must be sent as application/json, and not from another site",
        )


def signing_key(root: Path) -> bytes:
    """The key that signs cookies and tokens: made once beside the index, for its owner's eyes only.

    Where the folder cannot be written, nothing can be kept either, and a key for this run does.
    """
    path = root / layout.SIGNING_KEY
    try:
        if not path.is_file():
            _make(path)
        return path.read_bytes()
    except OSError:
        return secrets.token_bytes(32)


def _make(path: Path) -> None:
    """Whole or not at all, and by the first of several processes only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        Path(path).hardlink_to(name)
        sync_directory(path.parent)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()
