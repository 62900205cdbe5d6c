"""How well wording, reuse and first years are told, against a corpus in which the truth is planted (bench/planted.py).

    python bench/score_comparing.py            (or: make comparing)

Writes bench/results/comparing.md. Three draws of the corpus, some 49 reports of 7 places over 8 years each.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from planted import MEASURES, PLACES, REFERENCE, Truth, write

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
Found = tuple[set, set]


def searcher_over(folder: Path, config: Config, encoder: Encoder, seed: int) -> tuple[Searcher, Truth]:
    """The planted corpus and its reference document, indexed in `folder`."""
    truth = write(folder / "reports", folder / "references", seed)
    build([folder / "reports"], folder / "index", config, encoder, lambda *_: None, rebuild=False)
    build([folder / "references"], folder / "index", config, encoder, lambda *_: None, rebuild=False, reference=True)
    return open_searcher(config, open_index(folder / "index"), encoder), truth


def first_years(searcher: Searcher, truth: Truth) -> Found:
    """(place, measure, year) as found and as planted."""
    found = {
        (place.chain[-1], measure.query, place.first_done)
        for measure in MEASURES
        for place in spread(searcher, measure.query).places
        if place.first_done
    }
    return found, {(place, measure, year) for (place, measure), year in truth.first_years().items()}


def near_pairs(searcher: Searcher, truth: Truth) -> tuple[Found, Counter[tuple[str, str]]]:
    """Pairs of places whose sentences are near-verbatim; and how the others are told apart, planted → found."""
    found, planted = set(), set()
    told: Counter[tuple[str, str]] = Counter()
    for measure in MEASURES:
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
    found, planted = set(), set()
    names = {measure.query: measure.original[:12] for measure in MEASURES} | {"outline": REFERENCE[0][:12]}
    for passage, summary in index.passages():
        place, year = summary.metadata.region.name, summary.metadata.year
        for name, opening in names.items():
            if opening in passage.text and passage.role == "done":
                told = reuse(index, passage, summary)
                if told.share >= 0.6 and not told.first:
                    found.add((place, year, name))
    starts = truth.first_years()
    for (place, year, measure), kind in truth.wordings().items():
        others = [starts[other, measure] for other in PLACES if other != place and (other, measure) in starts]
        same = [
            y
            for (p, y, m), k in truth.wordings().items()
            if m == measure and p != place and k in ("original", "copy") and y < year
        ]
        if kind in ("original", "copy") and others and same:
            planted.add((place, year, measure))
    planted |= {(place, year, "outline") for place, year in truth.repeats}
    return found, planted


def scores(found: set, planted: set) -> tuple[float, float]:
    """Precision and recall."""
    right = len(found & planted)
    return right / max(1, len(found)), right / max(1, len(planted))


def main() -> None:
    config = load_config(ROOT / "config.toml")
    encoder = open_encoder(config)
    lines = ["# Comparing", "\nMade by `make comparing` over planted corpora (bench/planted.py)."]
    lines += ["\n| draw | reports | what | found | planted | precision | recall |", "|---" * 7 + "|"]
    told: Counter[tuple[str, str]] = Counter()
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            searcher, truth = searcher_over(Path(folder), config, encoder, seed)
            pairs, more = near_pairs(searcher, truth)
            told += more
            for name, (found, planted) in (
                ("first year of a place", first_years(searcher, truth)),
                ("near-verbatim pairs of places", pairs),
                ("words of an earlier text", reused(searcher, truth)),
            ):
                precision, recall = scores(found, planted)
                lines.append(
                    f"| {seed} | {len(searcher.index.reports)} | {name} | {len(found)} | {len(planted)} "
                    f"| {precision:.3f} | {recall:.3f} |"
                )
    lines += [
        "\nHow sentences are grouped (rows planted, columns found):\n",
        "| | near | words | distinctive |",
        "|---|---|---|---|",
    ]
    for wanted in ("near", "words", "distinctive"):
        lines.append(
            f"| {wanted} | " + " | ".join(str(told[wanted, kind]) for kind in ("near", "words", "distinctive")) + " |"
        )
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / "comparing.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
