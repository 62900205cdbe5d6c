"""How well wording, reuse and first years are told, against a corpus in which the truth is planted (bench/planted.py).

    python bench/score_comparing.py            (or: make comparing)

Writes bench/results/comparing.md. Corpora of some 49 reports of 7 places over 8 years each; three draws of the first
and of the fresh measures, one of the hundred, ten of them in a corpus.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from planted import FRESH, HUNDRED, MEASURES, PLACES, REFERENCE, Measure, Truth, write

from indexer.build import build
from retrieval.config import Config, load_config
from retrieval.encoder import Encoder, open_encoder
from retrieval.search import Searcher, open_searcher
from retrieval.store import open_index
from webapp.reuse import reuse
from webapp.spread import spread
from webapp.wording import Wording, wording

ROOT = Path(__file__).parent.parent
SEEDS = (7, 8, 9)
KINDS = ("near", "words", "distinctive")
GROUPED = f"| | {' | '.join(KINDS)} | recall |\n" + "|---" * 5 + "|"
Found = tuple[set, set]


def searcher_over(
    folder: Path, config: Config, encoder: Encoder, seed: int, measures: Sequence[Measure]
) -> tuple[Searcher, Truth]:
    """The planted corpus and its reference document, indexed in `folder`."""
    truth = write(folder / "reports", folder / "references", seed, measures)
    build([folder / "reports"], folder / "index", config, encoder, lambda *_: None, rebuild=False)
    build([folder / "references"], folder / "index", config, encoder, lambda *_: None, rebuild=False, reference=True)
    return open_searcher(config, open_index(folder / "index"), encoder), truth


def first_years(searcher: Searcher, truth: Truth, measures: Sequence[Measure]) -> Found:
    """(place, measure, year) as found and as planted."""
    found = {
        (place.chain[-1], measure.query, place.first_done)
        for measure in measures
        for place in spread(searcher, measure.query).places
        if place.first_done
    }
    return found, {(place, measure, year) for (place, measure), year in truth.first_years().items()}


def near_pairs(searcher: Searcher, truth: Truth, measures: Sequence[Measure]) -> tuple[Found, Counter[tuple[str, str]]]:
    """Pairs of places whose sentences are near-verbatim; and how the others are told apart, planted → found."""
    found, planted = set(), set()
    told: Counter[tuple[str, str]] = Counter()
    for measure in measures:
        said = wording(searcher, measure.query)
        for group in said.groups:
            places = {
                one.entry.hit.report.metadata.region.name
                for one in group.sayings
                if one.entry.hit.passage.role == "done"
            }
            found |= {(measure.query, a, b) for a in places for b in places if a < b}
        copies = {
            p for (p, _, m), kind in truth.wordings().items() if m == measure.query and kind in ("original", "copy")
        }
        planted |= {(measure.query, a, b) for a in copies for b in copies if a < b}
        told += Counter(kinds(said, measure.query, truth))
    return (found, planted), told


def kinds(said: Wording, measure: str, truth: Truth) -> Iterable[tuple[str, str]]:
    known = truth.wordings()
    for one in (*(s for group in said.groups for s in group.sayings), *said.words, *said.distinctive):
        metadata = one.entry.hit.report.metadata
        wanted = known.get((metadata.region.name, metadata.year or 0, measure))
        if wanted and one.entry.hit.passage.role == "done":
            yield ("near" if wanted in ("original", "copy") else wanted), one.kind


def reused(searcher: Searcher, truth: Truth) -> Found:
    """(place, year, measure) of sentences whose words an earlier report of another place has, or the outline."""
    index = searcher.index
    sentences = {(one.place, one.year, one.measure): one.text for one in truth.mentions if not one.planned}
    sentences |= {(place, year, "outline"): REFERENCE[0] for place, year in truth.repeats}
    passages = [(passage, summary) for passage, summary in index.passages() if passage.role == "done"]
    found = set()
    for (place, year, name), sentence in sentences.items():
        for passage, summary in passages:
            its = (summary.metadata.region.name, summary.metadata.year)
            if its == (place, year) and sentence in passage.text:
                told = reuse(index, passage, summary)
                if told.share >= 0.6 and not told.first:
                    found.add((place, year, name))
    starts = truth.first_years()
    planted = {key for key in sentences if key[2] == "outline"}
    for (place, year, measure), kind in truth.wordings().items():
        others = [starts[other, measure] for other in PLACES if other != place and (other, measure) in starts]
        same = [
            y
            for (p, y, m), k in truth.wordings().items()
            if m == measure and p != place and k in ("original", "copy") and y < year
        ]
        if kind in ("original", "copy") and others and same:
            planted.add((place, year, measure))
    return found, planted


def scores(found: set, planted: set) -> tuple[float, float]:
    """Precision and recall."""
    right = len(found & planted)
    return right / max(1, len(found)), right / max(1, len(planted))


def share(counts: Counter[tuple[str, str]], kind: str, side: int) -> float:
    """How many of the sentences that are planted (side 0) or found (1) as a kind are both."""
    whole = sum(count for pair, count in counts.items() if pair[side] == kind)
    return counts[kind, kind] / max(1, whole)


def grouped(counts: Counter[tuple[str, str]], wanted: str) -> str:
    cells = [str(counts[wanted, kind]) for kind in KINDS]
    return f"| {wanted} | {' | '.join(cells)} | {share(counts, wanted, 0):.3f} |"


def measured(
    corpora: Sequence[Sequence[Measure]], seed: int, config: Config, encoder: Encoder
) -> tuple[int, dict[str, Found], Counter[tuple[str, str]]]:
    """Over corpora of some measures each: reports, what was found and planted of each kind, and how it is grouped."""
    reports, every, told = 0, dict[str, Found](), Counter[tuple[str, str]]()
    for number, measures in enumerate(corpora):
        with tempfile.TemporaryDirectory() as folder:
            searcher, truth = searcher_over(Path(folder), config, encoder, seed, measures)
            pairs, more = near_pairs(searcher, truth, measures)
            own = {
                "first year of a place": first_years(searcher, truth, measures),
                "near-verbatim pairs of places": pairs,
                "words of an earlier text": reused(searcher, truth),
            }
        told += more
        reports += len(searcher.index.reports)
        for what, both in own.items():
            for whole, part in zip(every.setdefault(what, (set(), set())), both, strict=True):
                whole |= {(number, one) for one in part}
    return reports, every, told


def main() -> None:
    config = load_config(ROOT / "config.toml")
    encoder = open_encoder(config)
    lines = ["# Comparing", "\nMade by `make comparing` over planted corpora (bench/planted.py)."]
    lines += ["\n| measures | draw | reports | what | found | planted | precision | recall |", "|---" * 8 + "|"]
    told: dict[str, Counter[tuple[str, str]]] = {}
    sets = (("first", (MEASURES,), SEEDS), ("fresh", (FRESH,), SEEDS), ("hundred", HUNDRED, SEEDS[:1]))
    for name, corpora, draws in sets:
        told[name] = Counter()
        for seed in draws:
            reports, every, more = measured(corpora, seed, config, encoder)
            told[name] += more
            for what, (found, planted) in every.items():
                precision, recall = scores(found, planted)
                counts = f"{len(found)} | {len(planted)} | {precision:.3f} | {recall:.3f}"
                lines.append(f"| {name} | {seed} | {reports} | {what} | {counts} |")
    for name, counts in told.items():
        lines += ["", f"How sentences on the {name} measures are grouped (rows planted, columns found):", "", GROUPED]
        lines += [grouped(counts, wanted) for wanted in KINDS]
        lines.append("| precision | " + " | ".join(f"{share(counts, kind, 1):.3f}" for kind in KINDS) + " | |")
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / "comparing.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
