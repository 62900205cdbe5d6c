"""Chinese text cut into dictionary words; the only importer of rjieba."""

from __future__ import annotations

from itertools import accumulate

from retrieval.text import simplify


def words(text: str) -> list[str]:
    """The words of a text in order; all together are the text. Traditional text is cut where Simplified would be."""
    # It reads its dictionary while it is imported: a start need not wait for that.
    import rjieba

    simple = simplify(text)
    cut: list[str] = rjieba.cut(simple)
    if "".join(cut) != simple or len(simple) != len(text):
        return list(text)
    ends = list(accumulate(map(len, cut)))
    return [text[end - len(word) : end] for word, end in zip(cut, ends, strict=True)]
