"""Try readers, cleaner, chunker, parsers and the site with what nobody should send.

    python bench/fuzz.py [--share 1.0] [--seed 1] [--only WORDS]            (or: make fuzz)

Writes bench/results/fuzz.md and ends with 1 where anything went wrong: an error that the project does not foresee, an
offset that is not exact, a server error, an answer that the OpenAPI document does not describe, a case that takes more
than 20 seconds. Each target runs in a process of its own, so that a crash ends that target alone. What is checked
stands in bench/fuzzing/claims.py, what is tried in texts.py, files.py and site.py, how often in targets.py.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from concurrent.futures import TimeoutError as OutOfTime
from multiprocessing import get_context

from pebble import ProcessExpired, ProcessPool

from bench.fuzzing.targets import Target, all_targets
from bench.fuzzing.trial import ROOT, Trial

# Seconds that a target may take altogether.
PATIENCE = 1500


def tried(name: str, cases: int, seed: int) -> Trial:
    """One target, tried; in the target's own process."""
    warnings.simplefilter("ignore")
    target = next(target for target in all_targets() if target.name == name)
    trial = Trial(target.name, target.tool)
    begin = time.perf_counter()
    target.run(trial, cases, seed)
    trial.seconds = time.perf_counter() - begin
    return trial


def run(target: Target, cases: int, seed: int) -> Trial:
    """As `tried`, with the end of the process told as a fault."""
    with ProcessPool(max_workers=1, context=get_context("spawn")) as pool:
        try:
            return pool.schedule(tried, args=[target.name, cases, seed], timeout=PATIENCE).result()
        except (ProcessExpired, OutOfTime) as error:
            return Trial(target.name, target.tool, faults={f"{type(error).__name__}": str(error)})


def table(trials: list[Trial], given: argparse.Namespace) -> str:
    """The results as Markdown."""
    cases, faults = sum(trial.cases for trial in trials), sum(len(trial.faults) for trial in trials)
    lines = [
        "# Fuzzing", "",
        f"Made by `make fuzz` (share {given.share:g}, seed {given.seed}), in {sum(trial.seconds for trial in trials) / 60:.0f} "
        "minutes. What each target promises stands in bench/fuzzing/claims.py.",
        "", "| target | tool | cases | seconds | slowest case, s | faults |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for trial in trials:
        slowest = f"{trial.slowest:.1f}" if trial.slowest else ""
        told = f"skipped: {trial.skipped}" if trial.skipped else str(len(trial.faults))
        lines.append(f"| {trial.target} | {trial.tool} | {trial.cases:,} | {trial.seconds:.0f} | {slowest} | {told} |")
    lines += ["", f"{cases:,} cases, {faults} faults."]
    for trial in trials:
        lines += [f"\n- {trial.target}: {place}: `{example}`" for place, example in trial.faults.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of each target's usual number of cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="targets whose names hold these words; writes no results")
    given = parser.parse_args()
    trials: list[Trial] = []
    for target in all_targets():
        if given.only in target.name:
            trials.append(run(target, max(1, int(target.cases * given.share)), given.seed))
            print(f"{trials[-1].target}: {trials[-1].cases} cases, {len(trials[-1].faults)} faults", flush=True)
            if not given.only:
                (ROOT / "bench" / "results" / "fuzz.md").write_text(table(trials, given), encoding="utf-8")
    print(table(trials, given))
    sys.exit(any(trial.faults for trial in trials))


if __name__ == "__main__":
    main()
