"""What is tried, with which tool and how often; each target runs in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random

from hypothesis import strategies as st

from bench.fuzzing import claims, texts
from bench.fuzzing.files import TEXT, damaged, sound_files
from bench.fuzzing.trial import ROOT, Trial, draw
from retrieval.config import load_config
from retrieval.types import Metadata, Region, ReportSummary
from webapp.places import PlaceNames

ARCHIVES = (".zip", ".tar.gz")
PLACES = (
    Region("云岫省", None, "松鹤县"),
    Region("云岫省", "临溪市"),
    Region("云南省", "楚雄彝族自治州", "武定县", code="532329"),
)


@dataclass(frozen=True)
class Target:
    """`run` tries `cases` inputs, chosen by the seed, and notes them in the trial."""

    name: str
    tool: str
    cases: int
    run: Callable[[Trial, int, int], None]


def damaged_files(ending: str) -> Callable[[Trial, int, int], None]:
    """Damaged files of one format."""
    check = claims.archive_is_expanded_or_refused if ending in ARCHIVES else claims.file_is_read_or_refused

    def run(trial: Trial, cases: int, chosen: int) -> None:
        sound = sound_files()[ending]
        for number in range(cases):
            chance = Random(chosen * 1_000_003 + number)
            # The first is small, and quickly read.
            seeds = sound if chance.random() < 0.1 else sound[: max(1, len(sound) - 1)]
            trial.case(check, damaged(chance.choice(seeds), chance), f"a{ending}")

    return run


def generated(
    check: Callable[..., object], *strategies: st.SearchStrategy[object]
) -> Callable[[Trial, int, int], None]:
    """Inputs that hypothesis makes, one of each strategy."""

    def run(trial: Trial, cases: int, chosen: int) -> None:
        draw(st.tuples(*strategies), lambda values: trial.case(check, *values), cases, chosen)

    return run


def reports(ending: str) -> Callable[[Trial, int, int], None]:
    """Whole reports out of generated texts."""
    config = load_config(ROOT / "config.toml")

    def check(text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        claims.report_is_stored_citable_and_comparable(data, f"a{ending}", config)

    return generated(check, texts.reports)


def questions() -> Callable[[Trial, int, int], None]:
    names = PlaceNames(PLACES)
    return generated(lambda text: claims.question_is_understood(text, names), texts.questions)


def filters() -> Callable[[Trial, int, int], None]:
    held = [
        ReportSummary(f"r{number}", "v", "a.txt", "0" * 64, "text/plain", Metadata("题", False, region, year=2022))
        for number, region in enumerate(PLACES)
    ]
    return generated(lambda values: claims.filters_are_read_or_refused(values, held), texts.filters)


def shared_files() -> Callable[[Trial, int, int], None]:
    item = {"passage": texts.values, "report": texts.values, "sha256": texts.pieces, "note": texts.values}
    whole = st.fixed_dictionaries(
        {
            "format": st.just("wenzheng-collection"),
            "version": st.just(1),
            "name": texts.values,
            "items": st.one_of(texts.values, st.lists(st.fixed_dictionaries(item), max_size=3)),
        }
    )
    return generated(claims.shared_file_is_taken_or_refused, st.one_of(whole, texts.values))


def guided(target: str) -> Callable[[Trial, int, int], None]:
    """Inputs that atheris makes, guided by the lines that they reach."""

    def run(trial: Trial, cases: int, chosen: int) -> None:
        if find_spec("atheris") is None:
            trial.skipped = "atheris is not installed"
            return
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            known = Path(folder) / "known"
            known.mkdir()
            ending = {"HTML": ".html", "MHTML": ".mht"}.get(target, ".txt")
            for number, data in enumerate(sound_files()[ending] if target[0] not in "qe" else (TEXT.encode()[:300],)):
                (known / str(number)).write_bytes(data)
            command = [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "bench.fuzzing.guided",
                target,
                f"-runs={cases}",
                f"-seed={chosen}",
            ]
            command += ["-max_len=2000", "-timeout=60", "-rss_limit_mb=4096", f"-artifact_prefix={folder}/", str(known)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603  # our own command
        trial.seconds = time.perf_counter() - begin
        counted = re.search(r"Done (\d+) runs", done.stderr)
        trial.cases = int(counted.group(1)) if counted else 0
        if done.returncode or not counted:
            trial.fault(f"atheris ended with {done.returncode}", done.stderr[-800:])

    return run


def described(trial: Trial, cases: int, chosen: int) -> None:
    """The API after its OpenAPI document."""
    from bench.fuzzing.site import samples_site, try_described

    with samples_site() as site:
        try_described(site, trial, cases, chosen)


def addresses(trial: Trial, cases: int, chosen: int) -> None:
    """Every page, file and route of the API."""
    from bench.fuzzing.site import request_is_answered, requests, samples_site

    with samples_site() as site:

        def check(request: tuple[str, str, bytes]) -> None:
            request_is_answered(site.app, *request)

        generated(check, requests(site))(trial, cases, chosen)


_DAMAGED = {
    ".txt": 7000, ".md": 2500, ".html": 7000, ".mht": 2500, ".csv": 2500, ".xlsx": 2500, ".docx": 1500, ".pdf": 500, ".zip": 1000,
    ".tar.gz": 1000,
}  # fmt: skip
_REPORTS = {".txt": 2500, ".md": 1000, ".html": 1500, ".csv": 1000}
_GUIDED = {"plain text": 20_000, "HTML": 10_000, "MHTML": 3000, "question": 5000, "expression": 20_000}


def all_targets() -> tuple[Target, ...]:
    """In the order of the table."""
    cells = st.lists(st.one_of(texts.pieces, st.integers(-(10**20), 10**20), st.floats(), st.none()), max_size=4)
    return (
        *(Target(f"damaged {ending}", "mutation", number, damaged_files(ending)) for ending, number in _DAMAGED.items()),
        *(Target(f"report from {ending}", "hypothesis", number, reports(ending)) for ending, number in _REPORTS.items()),
        Target("normaliser", "hypothesis", 5000, generated(claims.normalised_text_leads_back, texts.reports)),
        Target("question", "hypothesis", 5000, questions()),
        Target("count expression", "hypothesis", 6000, generated(claims.expression_is_read_or_pointed_at, texts.expressions)),
        Target("figures", "hypothesis", 2500, generated(claims.figures_stand_where_they_say, texts.reports, texts.questions)),
        Target(
            "quotation", "hypothesis", 2500,
            generated(claims.quotation_is_found_again, texts.reports, st.integers(0, 3000), st.integers(1, 300)),
        ),
        Target("quotation link", "hypothesis", 1500, generated(claims.quotation_link_is_read_or_ignored, *[texts.pieces] * 3)),
        Target("filters", "hypothesis", 4000, filters()),
        Target("exports", "hypothesis", 500, generated(claims.table_is_written_in_every_format, texts.pieces, cells)),
        Target("collection file", "hypothesis", 3000, shared_files()),
        *(Target(f"guided: {name}", "atheris", number, guided(name)) for name, number in _GUIDED.items()),
        Target("API as described", "schemathesis", 2400, described),
        Target("all addresses", "hypothesis", 1500, addresses),
    )  # fmt: skip
