"""An optional paragraph about an answer, every sentence of it checked against what it cites. No Flask.

The prose is a model's and is labelled so; the entries it cites stay the answer. A sentence is kept only when each of
its citations exists, every figure and place in it stands in what it cites, every quotation is verbatim there, and,
where it names neither figure nor place, it shares enough of its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from retrieval.config import LlmSettings
from retrieval.text import bare, normalise, sentences, tokens
from webapp.answer import Answer, Entry, place_name
from webapp.llm import LlmError, complete

# How many entries the model is given.
_MOST_ENTRIES = 20
# The share of a sentence's terms that what it cites must hold.
_SHARED = 0.4
_CITATION = re.compile(r"\[(\d{1,3})\]")
_QUOTE = re.compile(r"[“「『\"]([^”」』\"]{2,})[”」』\"]")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SYSTEM = (
    "你为政策研究者写综述。只用给出的摘录，不加任何别的知识。写三到六句中文，每句末尾用方括号注明所依据的摘录编号，"
    "如[1]或[1][3]。数字、地名照抄摘录。计划和已做要分清。摘录之外的内容一概不写。"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that its citations support; `entries` are numbers of the answer's entries, from 1."""

    text: str
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What is left of the model's prose, how many sentences were taken out, and why there is none at all."""

    sentences: tuple[Sentence, ...] = ()
    removed: int = 0
    error_zh: str = ""
    error_en: str = ""


def summarise(answer: Answer, settings: LlmSettings) -> Summary | None:
    """A checked summary of an answer; None when no endpoint is configured or there is nothing to summarise."""
    if not settings.base_url or not answer.entries:
        return None
    entries = answer.entries[:_MOST_ENTRIES]
    try:
        prose = complete(settings, _SYSTEM, _material(answer.query, entries))
    except LlmError as error:
        return Summary(error_zh=error.zh, error_en=error.en)
    return checked(prose, entries)


def checked(prose: str, entries: tuple[Entry, ...]) -> Summary:
    """The sentences of a text that their citations support, and the count of the others."""
    # A model puts its citations before or after the full stop; either way they belong to the sentence before.
    prose = re.sub(r"([。！？!?])((?:\s*\[\d{1,3}\])+)", r"\2\1", prose)
    written = [prose[start:end].strip() for start, end in sentences(prose)]
    kept = []
    for sentence in written:
        numbers = tuple(dict.fromkeys(int(number) for number in _CITATION.findall(sentence)))
        cited = [entries[number - 1] for number in numbers if 1 <= number <= len(entries)]
        text = _CITATION.sub("", sentence).strip()
        if cited and len(cited) == len(numbers) and _supported(text, cited, entries):
            kept.append(Sentence(text, numbers))
    return Summary(tuple(kept), len(written) - len(kept))


def _material(query: str, entries: Iterable[Entry]) -> str:
    lines = [f"问题：{query}", "摘录："]
    for number, entry in enumerate(entries, start=1):
        metadata = entry.hit.report.metadata
        lines.append(
            f"[{number}] {place_name(entry.hit.report)}，{metadata.year} 年报告，{entry.hit.passage.role}：{entry.quote}"
        )
    return "\n".join(lines)


def _supported(text: str, cited: list[Entry], entries: tuple[Entry, ...]) -> bool:
    source = normalise(" ".join(_source(entry) for entry in cited))
    quotes = [quote.strip() for quote in _QUOTE.findall(text)]
    if any(not any(quote in entry.hit.passage.text for entry in cited) for quote in quotes):
        return False
    numbers = set(_NUMBER.findall(normalise(text)))
    if not numbers <= set(_NUMBER.findall(source)):
        return False
    plain = bare(text)
    named = {place_name(entry.hit.report) for entry in entries if bare(place_name(entry.hit.report)) in plain}
    if not named <= {
        name for entry in cited for name in (place_name(entry.hit.report), *entry.hit.report.metadata.region.chain)
    }:
        return False
    terms = set(tokens(normalise(_NUMBER.sub(" ", text))))
    shared = len(terms & set(tokens(source))) / len(terms) if terms else 0.0
    return shared >= _SHARED


def _source(entry: Entry) -> str:
    metadata = entry.hit.report.metadata
    return " ".join(
        [*metadata.region.chain, str(metadata.year or ""), metadata.title, entry.quote, entry.hit.passage.text]
    )
