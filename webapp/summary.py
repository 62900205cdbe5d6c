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
from retrieval.gazetteer import gazetteer
from retrieval.text import bare, normalise, sentences, tokens
from webapp.answer import Answer, Entry, place_name
from webapp.figures import figures
from webapp.llm import LlmError, complete

# How many entries the model is given.
_MOST_ENTRIES = 20
# The share of a sentence's terms that what it cites must hold.
_SHARED = 0.4
_CITATION = re.compile(r"\[(\d{1,3})\]")
_QUOTE = re.compile(r"[“「『\"]([^”」』\"]{2,})[”」』\"]")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_IN_WORDS = re.compile(
    r"[一二三四五六七八九十百千万两几]{1,6}(?:余|多)?(?:件|人|名|家|个|次|项|份|成|倍|场|万|亿)|百分之[一二三四五六七八九十]+"
)
_FULL_NAME = re.compile(r"(?:自治区|自治州|自治县|省|市|县|区|镇|乡|街道|州|盟|旗)$")
_NEGATION = re.compile(r"未|没有|没|无(?!人机|障碍|证明|接触)|不再|并非|零")
_DENIED = re.compile(r"(?:未|没有|无)(?P<words>[\u4e00-\u9fff]{3,6})")
_DEED = re.compile(r"已|建成|完成|实现|建立了|出台了|落实了|开展了|推行了")
_INTENT = re.compile(r"计划|打算|拟|将|准备|预计|目标|下一步|安排")
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
    plain = normalise(text)
    quotes = [quote.strip() for quote in _QUOTE.findall(text)]
    if any(not any(quote in entry.hit.passage.text for entry in cited) for quote in quotes):
        return False
    if not _figures_hold(plain, source) or not _places_hold(plain, source, cited, entries):
        return False
    if not _negations_hold(plain, source) or not _deeds_hold(plain, cited):
        return False
    terms = set(tokens(_NUMBER.sub(" ", plain)))
    shared = len(terms & set(tokens(source))) / len(terms) if terms else 0.0
    return shared >= _SHARED


def _figures_hold(plain: str, source: str) -> bool:
    """Each figure with its unit and scale, each other number, and each number in words stands in what is cited."""
    held = {(figure.base_value, figure.base_unit) for figure in figures(source)}
    claimed = figures(plain)
    if not {(figure.base_value, figure.base_unit) for figure in claimed} <= held:
        return False
    rest = plain
    for figure in reversed(claimed):
        rest = rest[: figure.start] + " " + rest[figure.end :]
    numbers = {number.replace(",", "") for number in _NUMBER.findall(source)}
    if not {number.replace(",", "") for number in _NUMBER.findall(rest)} <= numbers:
        return False
    return all(words in source for words in _IN_WORDS.findall(plain))


def _places_hold(plain: str, source: str, cited: list[Entry], entries: tuple[Entry, ...]) -> bool:
    """Each place named, in full or short, is one of a cited report's or stands in its words."""
    known = {
        name for entry in cited for name in (place_name(entry.hit.report), *entry.hit.report.metadata.region.chain)
    }
    own = bare(" ".join(known))
    named = {mention.name for mention in gazetteer().mentions(plain) if _FULL_NAME.search(mention.name)}
    for entry in entries:
        name = bare(place_name(entry.hit.report))
        stem = _FULL_NAME.sub("", name)
        named |= {word for word in (name, stem) if len(word) >= 2 and word in plain}
    return all(name in own or name in source for name in named)


def _negations_hold(plain: str, source: str) -> bool:
    """Nothing is denied that the source does not deny, and nothing affirmed that it denies."""
    denied = {match.group("words")[:2] for match in _DENIED.finditer(source)}
    if not {match.group("words")[:2] for match in _DENIED.finditer(plain)} <= denied:
        return False
    for match in _DENIED.finditer(source):
        words = match.group("words")
        at = plain.find(words)
        if (
            at >= 0
            and not _NEGATION.search(plain[max(0, at - 4) : at])
            and words not in source.replace(match.group(), "")
        ):
            return False
    return True


def _deeds_hold(plain: str, cited: list[Entry]) -> bool:
    """A plan is not told as a deed."""
    only_plans = all(entry.hit.passage.role == "planned" for entry in cited)
    return not (only_plans and _DEED.search(plain) and not _INTENT.search(plain))


def _source(entry: Entry) -> str:
    metadata = entry.hit.report.metadata
    return " ".join(
        [*metadata.region.chain, str(metadata.year or ""), metadata.title, entry.quote, entry.hit.passage.text]
    )
