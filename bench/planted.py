"""A corpus of invented reports in which the truth is planted: who had a measure first, who copied whose words, what
was only planned, which reports are missing. 7 places × 8 years less seven gaps, and one reference document.

`write` makes the files and returns the truth; tests and bench/score_comparing.py hold the product's findings against it.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

PLACES = ("岚溪县", "榆关县", "桐荫县", "槐塘县", "涧口县", "汀洲县", "垣北县")
YEARS = tuple(range(2016, 2024))
# Reports that nobody holds: (place, year).
MISSING = frozenset(
    {
        *(("榆关县", 2016), ("桐荫县", 2019), ("槐塘县", 2016), ("槐塘县", 2017)),
        *(("涧口县", 2021), ("汀洲县", 2018), ("垣北县", 2020)),
    }
)
Wording = Literal["original", "copy", "words", "distinctive"]


@dataclass(frozen=True)
class Measure:
    """How a measure is reported (planted.toml says what the parts are)."""

    query: str
    original: str
    copies: tuple[str, ...]
    words: tuple[str, ...]
    distinctive: tuple[str, ...]
    plan: str

    def said(self, wording: Wording, draw: int) -> str:
        """The sentence in such a wording; another one from draw to draw."""
        choices = {
            "original": (self.original,),
            "copy": self.copies or (self.original,),
            "words": self.words,
            "distinctive": self.distinctive,
        }[wording]
        return choices[draw % len(choices)]


def _measures(name: str) -> tuple[Measure, ...]:
    held = tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))["measure"]
    return tuple(Measure(**{k: tuple(v) if isinstance(v, list) else v for k, v in one.items()}) for one in held)


def _in_tens(measures: tuple[Measure, ...]) -> tuple[tuple[Measure, ...], ...]:
    """For corpora of ten measures each: a report that told of a hundred would be none."""
    return tuple(measures[start : start + 10] for start in range(0, len(measures), 10))


# Those that the rules of grouping were made beside, and those that somebody else wrote later without seeing them.
_FIRST = _measures("planted.toml")
MEASURES, FRESH = _FIRST[:6], _FIRST[6:16]
# To fit by.
MORE = _in_tens(_FIRST[16:])
# Written by four others when everything had been made by the ones above.
HUNDRED = _in_tens(_measures("planted_hundred.toml"))
# Wording of an (invented) outline that reports repeat: it is credited to the outline, not to whoever repeats it first.
REFERENCE_TITLE = "法治政府建设示范纲要（虚构）"
REFERENCE = (
    "凡涉及重大公共利益、直接关系当事人重大权益的执法决定，未经法制审核或者审核未通过的，一律不得作出。",
    "坚持把公众参与、专家论证、风险评估、合法性审查和集体讨论决定作为重大行政决策的必经程序，防止久拖不决。",
)
REFERENCE_QUERY = "重大执法决定法制审核"
# A date that the text itself gives: (place, measure, first report that says so, the words).
DATED = ("汀洲县", "政府法律顾问", "政府法律顾问制度于2015年6月建立，比周边各县早两年。")


@dataclass(frozen=True)
class Mention:
    """One measure in one report: done in the words of `wording`, or planned for the next year; `text` is what it says."""

    place: str
    year: int
    measure: str
    wording: Wording
    text: str
    planned: bool = False


@dataclass
class Truth:
    """`mentions` of measures, and (place, year) of the reports that repeat the reference document."""

    mentions: list[Mention] = field(default_factory=list)
    repeats: list[tuple[str, int]] = field(default_factory=list)

    def first_years(self) -> dict[tuple[str, str], int]:
        """(place, measure) → the first year whose report says it was done."""
        years: dict[tuple[str, str], int] = {}
        for one in self.mentions:
            key = (one.place, one.measure)
            if not one.planned:
                years[key] = min(years.get(key, one.year), one.year)
        return years

    def wordings(self) -> dict[tuple[str, int, str], Wording]:
        """(place, year, measure) → in what words it is said to be done."""
        return {(one.place, one.year, one.measure): one.wording for one in self.mentions if not one.planned}


def write(folder: Path, references: Path | None = None, seed: int = 7, measures: Sequence[Measure] = MEASURES) -> Truth:
    """The reports as text files in `folder`, the reference document in `references` where it is given."""
    chance = random.Random(seed)  # noqa: S311  # drawing invented reports is no secret
    truth = Truth()
    starts = {measure.query: _starts(number, chance) for number, measure in enumerate(measures)}
    fillers = tomllib.loads((Path(__file__).parent / "distractors" / "topics.toml").read_text(encoding="utf-8"))[
        "topic"
    ]
    folder.mkdir(parents=True, exist_ok=True)
    for place in PLACES:
        for year in YEARS:
            if (place, year) not in MISSING:
                text = _report(place, year, measures, starts, fillers, seed, chance, truth)
                (folder / f"{place}-{year}.txt").write_text(text, encoding="utf-8")
    if references:
        references.mkdir(parents=True, exist_ok=True)
        text = f"{REFERENCE_TITLE}\n\n一、程序\n{REFERENCE[0]}\n二、决策\n{REFERENCE[1]}\n"
        (references / "outline.txt").write_text(text, encoding="utf-8")
    return truth


def _starts(number: int, chance: random.Random) -> dict[str, tuple[int, Wording]]:
    """Place → (the year from which it has a measure, in whose words); the last two places never have it."""
    order = list(PLACES[number % len(PLACES) :] + PLACES[: number % len(PLACES)])
    first = 2016 + chance.randint(0, 2)
    kinds: tuple[Wording, ...] = ("original", "copy", "copy", "words", "distinctive")
    years = (first, first + 1, first + 3, first + 2, first + 2)
    return {place: (year, kind) for place, year, kind in zip(order, years, kinds, strict=False)}


def _report(
    place: str,
    year: int,
    measures: Sequence[Measure],
    starts: dict[str, dict[str, tuple[int, Wording]]],
    fillers: list[dict],
    draw: int,
    chance: random.Random,
    truth: Truth,
) -> str:
    done, planned = [], []
    for measure in measures:
        start, wording = starts[measure.query].get(place, (9999, "original"))
        if year == start or (year > start and chance.random() < 0.7):
            sentence = _filled(measure.said(wording, draw + PLACES.index(place)), chance)
            if (place, measure.query) == DATED[:2] and year == start:
                sentence += DATED[2]
            done.append(sentence)
            truth.mentions.append(Mention(place, year, measure.query, wording, sentence))
        elif year == start - 1:
            planned.append(f"{measure.plan}。")
            truth.mentions.append(Mention(place, year, measure.query, wording, measure.plan, planned=True))
    if (PLACES.index(place) + year) % 3 == 0:
        done.append(REFERENCE[0])
        truth.repeats.append((place, year))
    filler = [_filled("".join(chance.sample(topic["sentences"], 3)), chance) for topic in chance.sample(fillers, 6)]
    paragraphs = [*done, *filler]
    chance.shuffle(paragraphs)
    half = len(paragraphs) // 2
    aims = _filled("".join(chance.choice(fillers)["sentences"][:2]), chance)
    return "\n".join(
        [
            f"{place}人民政府{year}年法治政府建设年度报告",
            "",
            f"现将{place}{year}年法治政府建设情况报告如下：",
            "一、主要举措和成效",
            "（一）依法履职",
            *paragraphs[:half],
            "（二）规范用权",
            *paragraphs[half:],
            "二、存在的问题",
            f"基层法治力量还有{chance.randint(2, 9)}个缺口没有补上，工作推进不够平衡。",
            f"三、{year + 1}年工作计划",
            *(planned or [aims]),
            "",
            f"{place}人民政府",
            f"{year + 1}年1月{chance.randint(5, 28)}日",
            "",
        ]
    )


def _filled(sentence: str, chance: random.Random) -> str:
    values = {
        "{n}": str(chance.randint(20, 900)),
        "{s}": str(chance.randint(2, 19)),
        "{p}": f"{chance.uniform(60, 99):.1f}",
        "{k}": f"{chance.uniform(20, 900):.1f}",
        "{m}": str(chance.randint(1, 12)),
    }
    for slot, value in values.items():
        sentence = sentence.replace(slot, value)
    return sentence
