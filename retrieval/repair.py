"""Damaged text made whole for matching, only where the repair is certain; the only importer of ftfy."""

from __future__ import annotations

import re

from ftfy import fix_encoding
from ftfy.badness import is_bad

# The GBK bytes of 。現 shifted by one byte.
_SHIFTED = re.compile(r"[?？][,，]F(?=[將将])")
# Soft hyphens, zero-width and directional marks, and glyphs of private fonts (bullets of Word and its kin) are no text.
INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ue000-\uf8ff]")
# UTF-8 read as GBK begins its characters with these: their first bytes are those of the commonest Han characters.
_AS_GBK = re.compile(r"[涓浜鍒鍙鍏鍦鎴鎵鏀鏂鏄鏈鐢鐨绗绛璁閮闂娉琛寤绾骞]")
_LONG_ENOUGH = 8


def repaired(text: str) -> str:
    """The text without invisible characters, its certain mojibake undone. Lengths and offsets may change."""
    # First, as private glyphs may stand for bytes.
    if len(_AS_GBK.findall(text)) > len(text) / 10 and len(text) >= _LONG_ENOUGH:
        text = _from_gbk(text)
    text = INVISIBLE.sub("", _SHIFTED.sub("。现", text))
    return fix_encoding(text) if is_bad(text) else text


def _from_gbk(text: str) -> str:
    """What the text was before UTF-8 was read as GBK; the text itself unless every byte agrees."""
    try:
        return text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return text
