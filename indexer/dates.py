"""Years and dates in the forms that reports and sites write them in."""

from __future__ import annotations

import re
import unicodedata

_YEAR = re.compile(r"(?<!\d)(20[0-3]\d)(?!\d)\s*年?(?:度)?(?!\s*[-—–~至到]\s*20\d\d)")
_RANGE = re.compile(r"20\d\d\s*年?\s*[-—–~至到]\s*(?:20)?\d\d\s*年?")
_HAN_YEAR = re.compile(r"(二[〇○零oO0][〇○零oO0一二三四五六七八九]{2})年")
_HAN_DIGITS = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | dict.fromkeys("〇○oO0", "0")
DATE = re.compile(
    r"(?P<y>20\d\d)\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})|(?P<d2>\d{1,2})[./](?P<m2>\d{1,2})[./](?P<y2>20\d\d)"
)


def iso_date(text: str) -> str | None:
    """YYYY-MM-DD of the first date in `text` that exists."""
    for match in DATE.finditer(text):
        year, month, day = (match.group(a) or match.group(b) for a, b in (("y", "y2"), ("m", "m2"), ("d", "d2")))
        if 1 <= int(month) <= 12 and 1 <= int(day) <= 31:
            return f"{year}-{int(month):02d}-{int(day):02d}"
    return None


def arabic(line: str) -> str:
    """`二〇二二年一月十五日` as `2022年1月15日`."""
    han = _HAN_YEAR.search(line)
    if not han:
        return line

    def number(match: re.Match[str]) -> str:
        tens, sign, ones = match.group().replace("元", "一").rpartition("十")
        value = (int(_HAN_DIGITS.get(tens, "1")) * 10 if sign else 0) + int(_HAN_DIGITS.get(ones, "0"))
        return str(value)

    year = "".join(_HAN_DIGITS[c] for c in han.group(1))
    return year + "年" + re.sub(r"[一二三四五六七八九十元]{1,3}", number, line[han.end() :])


def first_year(text: str) -> int | None:
    plain = _RANGE.sub(" ", unicodedata.normalize("NFKC", text))
    match = _YEAR.search(plain)
    if match:
        return int(match.group(1))
    han = _HAN_YEAR.search(plain)
    return int("".join(_HAN_DIGITS[c] for c in han.group(1))) if han else None
