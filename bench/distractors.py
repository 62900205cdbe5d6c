"""How much do ten thousand other passages of the genre cost? Distracting reports are made, indexed, and asked over.

    python bench/distractors.py            (or: make eval-large; about fifteen minutes on two cores)

Writes bench/results/distractors.md: each set of questions over its own reports alone, and over the same with the
distracting reports beside them.

What is made keeps clear of what the questions ask. Its matters are bench/distractors/topics.toml, and of
bench/questions/measures.jsonl (never trained on) those measures that no question means, not even as its second
meaning, and no judged quotation names; a sentence that
holds a name of a judged measure, or most of the content words of any question, is left out. Places are invented.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from evaluate import ROOT, SHARED, row, sets

from indexer.build import build
from retrieval import layout
from retrieval.config import Config, load_config
from retrieval.encoder import Encoder, open_encoder
from retrieval.expansion import open_expander
from retrieval.measures import Measure, load_measures
from retrieval.search import Searcher, open_searcher
from retrieval.store import open_index
from retrieval.text import bare, normalise, normalise_query, tokens
from webapp.question import content_terms
from wenzheng.evaluation import Evaluation, compare, evaluate, held_passages, holders

HERE = Path(__file__).parent
PASSAGES = 10_000
PASSAGES_IN_REPORT = 25
# A sentence that holds this share of a question's content words is too near to it.
TOO_NEAR = 0.5
# For questions that nothing may answer, a smaller share.
TOO_NEAR_TO_NONE = 0.3
_RATES = re.compile(r"\d+(?:\.\d+)?%")
_NUMBERS = re.compile(r"\d+(?:\.\d+)?")
_SYLLABLES = "岚溪榆柳松桐枫槐澄涧峪垣塬汀泽沅潼汾栗梓杉桦荻菱蓼"
_TITLE = "{place}人民政府{year}年法治政府建设年度报告"


def judged_questions() -> list[dict]:
    return [json.loads(line) for _, _, path in sets() for line in path.read_text("utf-8").splitlines()]


def judged_words(questions: list[dict]) -> str:
    """The judged quotations, run together: those of the real reports stand as offsets in their files."""
    words = []
    for question in questions:
        for quote in [q for part in ("relevant", "partial", "near_miss") for q in question.get(part, [])]:
            if quote.get("quote"):
                words.append(quote["quote"])
                continue
            file = next((SHARED / "reports").glob(f"{quote['doc']}*"))
            start = quote["offset"]
            words.append(file.read_text(encoding="utf-8")[start : start + quote["length"]])
    return bare("。".join(words))


def free_measures(questions: list[dict], config: Config, encoder: Encoder) -> set[str]:
    """Official names of the measures that no question means, not even secondly, and no judged quotation names."""
    expander = open_expander(config, encoder)
    encoded = encoder.queries([normalise_query(question["query"]) for question in questions])
    meant = {found.measure.term for each in encoded for found in expander.likeliest(each, 2)}
    quoted = judged_words(questions)
    return {m.term for m in load_measures() if m.term not in meant and not any(n in quoted for n in _names(m))}


def _names(measure: Measure) -> list[str]:
    return [bare(name) for name in (measure.term, *measure.variants)]


def templates(config: Config, encoder: Encoder) -> list[tuple[str, list[str]]]:
    """(heading, sentences with slots) that keep clear of every judged question."""
    questions = judged_questions()
    free = free_measures(questions, config, encoder)
    taken = [name for measure in load_measures() if measure.term not in free for name in _names(measure)]
    taken += [bare(absent["term"]) for question in questions for absent in question.get("absent_terms", [])]
    asked = [
        (set(content_terms(normalise_query(question["query"]))), TOO_NEAR if question["relevant"] else TOO_NEAR_TO_NONE)
        for question in questions
    ]

    def clear(sentence: str) -> bool:
        plain, words = bare(sentence), set(tokens(normalise(sentence)))
        near = any(len(terms & words) / len(terms) >= limit for terms, limit in asked if len(terms) > 1)
        return not near and not any(name in plain for name in taken)

    topics = tomllib.loads((HERE / "distractors" / "topics.toml").read_text(encoding="utf-8"))["topic"]
    found = [(topic["heading"], [s for s in topic["sentences"] if clear(s)]) for topic in topics]
    lines = (HERE / "questions" / "measures.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        held = json.loads(line)
        if held["measure"] in free:
            slotted = _NUMBERS.sub("{n}", _RATES.sub("{p}%", held["passage"]))
            found.append((held["measure"], [slotted] if clear(slotted) else []))
    return [(heading, sentences) for heading, sentences in found if sentences]


def filled(sentence: str, chance: random.Random) -> str:
    """Numbers in the slots: no two passages are the same."""
    values = {
        "{n}": lambda: str(chance.randint(20, 9000)),
        "{s}": lambda: str(chance.randint(2, 60)),
        "{p}": lambda: f"{chance.uniform(60, 99.9):.1f}",
        "{k}": lambda: f"{chance.uniform(20, 5000):.2f}",
        "{m}": lambda: str(chance.randint(1, 12)),
    }
    return re.sub(r"\{[nspkm]\}", lambda match: values[match.group()](), sentence)


def passage(chance: random.Random, kinds: list[tuple[str, list[str]]]) -> tuple[str, str]:
    """A heading and a paragraph of two to four sentences, some from a neighbouring matter, strung together."""
    heading, sentences = chance.choice(kinds)
    pool = sentences + chance.choice(kinds)[1]
    chosen = chance.sample(pool, min(len(pool), chance.randint(2, 4)))
    strung = chance.random() < 0.5
    parts = [f"{'一二三四'[i]}是{s}" if strung else s for i, s in enumerate(filled(s, chance) for s in chosen)]
    return heading, "".join(parts)


def reports(count: int, kinds: list[tuple[str, list[str]]], seed: int = 7) -> Iterator[tuple[str, str]]:
    """(file name, text) of invented places' reports with about `count` passages between them."""
    chance = random.Random(seed)  # noqa: S311  # making up places is no secret
    for number in range(count // PASSAGES_IN_REPORT):
        place = "".join(chance.sample(_SYLLABLES, 2)) + chance.choice("县县县区市镇")
        year = chance.randint(2017, 2023)
        lines = [_TITLE.format(place=place, year=year), f"{year}年，{place}有关工作开展情况如下：", "一、主要工作"]
        for item in range(PASSAGES_IN_REPORT):
            heading, text = passage(chance, kinds)
            lines += [f"（{'一二三四五六七八九十'[item % 10]}）{heading}。{text}"]
        yield f"{number:05d}-{place}-{year}.txt", "\n".join(lines)


def among(
    sources: Iterable[Path],
    sizes: Sequence[int],
    kinds: list[tuple[str, list[str]]],
    config: Config,
    encoder: Encoder,
) -> Iterator[tuple[Path, int, Searcher]]:
    """Each folder of reports indexed with about so many distracting passages beside it, which are embedded once.

    What one index embedded the next one has, so the most are best made first.
    """
    with tempfile.TemporaryDirectory() as place:
        embedded: Path | None = None
        for source in sources:
            for size in sizes:
                others, root = Path(place) / f"others-{size}", Path(place) / f"{source.name}-{size}"
                others.mkdir(exist_ok=True)
                root.mkdir()
                for name, text in reports(size, kinds):
                    (others / name).write_text(text, encoding="utf-8")
                if embedded:
                    shutil.copy(embedded, root / layout.EMBEDDINGS)
                embedded = root / layout.EMBEDDINGS
                build([source, *([others] if size else [])], root, config, encoder, lambda *_: None, rebuild=False)
                yield source, size, open_searcher(config, open_index(root), encoder)


def first_stage(searcher: Searcher, path: Path) -> str:
    """Recall@100 of each first stage alone and of all candidates, and what the index keeps of a passage on disk."""
    passages = held_passages(searcher)
    everything = np.ones(len(searcher.index.report_numbers), bool)
    names = {searcher.index.passage(row).id: row for row in range(len(everything))}
    shares: dict[str, list[float]] = {"vectors": [], "BM25": [], "candidates": []}
    for line in path.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        wanted = {names[i] for quote in question["relevant"] for i in holders(searcher, quote, passages)}
        if wanted:
            query = searcher.prepare(question["query"])
            words = searcher.index.lexical.scores(query.terms)
            found = {
                "vectors": searcher.index.nearest(query.encoded.pooled, 100, everything)[0],
                "BM25": np.argsort(-words, kind="stable")[:100],
                "candidates": searcher.rank(query, everything).rows,
            }
            for stage, rows in found.items():
                shares[stage].append(len(wanted & set(rows.tolist())) / len(wanted))
    manifest = searcher.index.manifest
    size = sum(entry.size for entry in manifest.files()) / max(1, searcher.index.passage_count)
    recalls = ", ".join(f"{stage} {np.mean(values):.3f}" for stage, values in shares.items())
    return f"\nFirst stage, recall@100: {recalls}. The index keeps {size / 1000:.1f} kB a passage on disk."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=PASSAGES)
    options = parser.parse_args()
    config = load_config(ROOT / "config.toml")
    encoder = open_encoder(config)
    kinds = templates(config, encoder)
    header = "| reports | nDCG@10 | low overlap | P@1 | MRR | recall@10 | region F1 | found bal. acc. |"
    lines = [
        "# With distracting passages",
        "\nMade by `make eval-large`.",
        f"\n{len(kinds)} matters that no question asks for.",
    ]
    stages: dict[str, str] = {}
    found: dict[str, list[tuple[int, Evaluation]]] = {}
    begin = time.time()
    sources = dict.fromkeys(source for _, source, _ in sets())
    for source, size, searcher in among(sources, (options.passages, 0), kinds, config, encoder):
        count = searcher.index.passage_count
        print(f"{source.name} with {size} others: {count} passages after {time.time() - begin:.0f} s", flush=True)
        for name, own, questions in sets():
            if own == source:
                found.setdefault(name, []).append((count, evaluate(searcher, questions)))
                if size:
                    stages[name] = first_stage(searcher, questions)
    for name, ((many, beside), (few, alone)) in found.items():
        lines += [f"\n## {name}\n", header, "|---" * 8 + "|"]
        lines += [row(f"alone ({few} passages)", alone), row(f"with distractors ({many} passages)", beside)]
        lines.append(stages[name])
        lines.append("\n" + compare(beside, alone).as_markdown())
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / "distractors.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
