"""Web pages saved whole (.mht, .mhtml): the page inside is read, its pictures are not."""

from __future__ import annotations

import codecs
import contextlib
import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

from indexer.readers import html
from indexer.readers.document import Document
from retrieval.errors import ReadError


def read(data: bytes, name: str) -> Document:
    """The first HTML part. Raises ReadError when there is none."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    page = next((part for part in message.walk() if part.get_content_type() == "text/html"), None)
    payload = page.get_payload(decode=True) if isinstance(page, EmailMessage) else None
    if page is None or not isinstance(payload, bytes):
        raise ReadError(
            f"{name}：里面没有网页；请在浏览器里重新另存", f"{name}: holds no web page; save it again in a browser"
        )
    charset = page.get_content_charset()
    if charset and b"charset" not in payload[:2048].lower():
        # The page itself does not say what the envelope says.
        with contextlib.suppress(LookupError, ValueError):
            payload = codecs.BOM_UTF8 + payload.decode(charset).encode("utf-8")
    document = html.read(payload, name)
    url = page.get("Content-Location") or message.get("Snapshot-Content-Location")
    return (
        replace(document, hints={"url": str(url), **document.hints}) if str(url or "").startswith("http") else document
    )
