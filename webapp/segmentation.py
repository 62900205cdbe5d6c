"""Chinese text cut into dictionary words; the only importer of rjieba."""

from __future__ import annotations

import rjieba


def words(text: str) -> list[str]:
    """The words of a text in order; all together are the text."""
    cut: list[str] = rjieba.cut(text)
    return cut if "".join(cut) == text else list(text)
