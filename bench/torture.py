"""Kill builds, damage files: what is left must be whole, or say what is wrong with it.

    python bench/torture.py [--kills N] [--chosen N] [--damages N]            (or: make torture)

Writes bench/results/torture.md (kills at random), chosen.md and damages.md. Builds are real processes of `wenzheng
index` over a few reports that change from run to run; each is killed (SIGKILL), or kills itself at its n-th write,
rename or commit, or meets there a full disk, a permission that is gone, the end of its memory, or a report that
vanishes. Then the index must open, hold the same reports as one of the two versions, verify without a problem, and keep
its collections; and the next run must finish. Damages are bits flipped or files cut in a copy of an index: opening,
searching or verifying it must name what is wrong; no process may crash, and nothing may be found that was not there.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from indexer.build import build
from retrieval.config import load_config
from retrieval.encoder import Encoder, open_encoder
from retrieval.errors import WenzhengError

ROOT = Path(__file__).parent.parent
TEXT = "云台县人民政府{year}年法治政府建设情况报告\n{year}年，云台县坚持依法行政，现将情况报告如下。\n一、主要成效\n{body}\n"
BODY = "推行说理式执法，处罚决定书说清事实、证据、法律依据和裁量理由，全年制作说理式处罚决定书{n}份，第{k}次修改。"
QUERY = "处罚决定书讲清道理"
VANISHED = "a report vanishes at a chosen call"
CHOSEN = {
    "kill": "killed at a chosen call",
    "fail": "full disk at a chosen call",
    "refuse": "permission gone at a chosen call",
    "starve": "no more memory from a chosen call on",
    "vanish": VANISHED,
    "full": "no room for files",
}
# Longer than any build here takes.
PATIENCE = 120


@dataclass
class Tally:
    counts: Counter[str]
    faults: list[str]

    def check(self, holds: bool, what: str, fault: str) -> None:
        self.counts[what] += 1
        if not holds:
            self.faults.append(f"{what}: {fault}")


def write_reports(folder: Path, change: int) -> None:
    """Six reports, of which each change alters two, adds one and takes one away."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(6):
        last = change if number in (change % 6, (change + 1) % 6) else 0
        text = TEXT.format(year=2016 + number, body=BODY.format(n=10 + number, k=last))
        (folder / f"r{number}.txt").write_text(text, encoding="utf-8")
    for path in folder.glob("extra*.txt"):
        path.unlink()
    text = TEXT.format(year=2022, body=BODY.format(n=1000 + change, k=change))
    (folder / f"extra{change}.txt").write_text(text.replace("云台", "岚溪"), encoding="utf-8")


def command(folder: Path, index: Path) -> list[str]:
    return [sys.executable, "-c", "from wenzheng.cli import main; main()", "--index", str(index), "index", str(folder)]


def run_whole(folder: Path, index: Path) -> None:
    """The next run, which is not cut off: in this process, where the model is open already."""
    build([folder], index, load_config(ROOT / "config.toml"), model(), lambda *_: None, rebuild=False)


@cache
def model() -> Encoder:
    return open_encoder(load_config(ROOT / "config.toml"))


def state(index: Path) -> set[str]:
    """The texts that a version holds. Raises WenzhengError when it cannot be opened."""
    from retrieval.store import open_index

    opened = open_index(index)
    return {summary.version_id for summary in opened.reports}


def whole(index: Path) -> list[str]:
    from indexer.verify import verify
    from retrieval.store import open_index

    return list(verify(open_index(index)).problems)


def interrupted(index: Path, folder: Path, hook: str | None, delay: float | None) -> int:
    """Run a build that is cut off by a hook inside it or by a kill after `delay` seconds; its exit status."""
    hooked = {"WENZHENG_TORTURE": hook, "PYTHONPATH": str(Path(__file__).parent / "hooks")} if hook else {}
    process = subprocess.Popen(  # noqa: S603  # our own command
        command(folder, index),
        env={**os.environ, **hooked},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    if delay is not None:
        time.sleep(delay)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    _, errors = process.communicate(timeout=PATIENCE)
    if "Traceback" in errors:
        raise AssertionError(errors[-600:])
    return process.returncode


def kill_builds(place: Path, moments: Iterator[tuple[str, str | None, float | None]], tally: Tally) -> None:
    from retrieval.kept import kept_quotations

    index, folder = place / "index", place / "reports"
    write_reports(folder, 0)
    run_whole(folder, index)
    keep_quotations(index)
    kept = len(kept_quotations(index))
    before = state(index)
    for change, (name, hook, delay) in enumerate(moments, start=1):
        write_reports(folder, change)
        try:
            status = interrupted(index, folder, hook, delay)
            now = state(index)
            tally.counts[f"{name}, cut off" if status else f"{name}, ended in time"] += 1
            if now != before:
                # A new version may have come into force before the cut; then it must be the one that a whole run makes.
                tally.counts[f"{name}, new version already in force"] += 1
            tally.check(not whole(index), f"{name}: verified after", f"change {change}: {whole(index)[:2]}")
            tally.check(len(kept_quotations(index)) == kept, f"{name}: collections after", f"change {change}")
            # A report that vanished is there again.
            write_reports(folder, change)
            run_whole(folder, index)
            after = state(index)
            # Without that report the version between is neither, but holds nothing that is in neither.
            mixed = now not in (before, after) and (name != VANISHED or bool(now - before - after))
            tally.check(not mixed, f"{name}: no mixed version", f"change {change}")
            tally.check(len(after) == 7, f"{name}: next run whole", f"change {change}: {len(after)} reports")
            before = after
        except (WenzhengError, AssertionError, subprocess.SubprocessError, OSError) as error:
            tally.faults.append(f"{name}: change {change}: {error}")
            before = state(index)


def keep_quotations(index: Path) -> None:
    """A collection with some quotations of the index, as the site makes it."""
    from retrieval.store import open_index
    from webapp.collections import Collections
    from webapp.items import Draft
    from webapp.shelf import Shelf

    kept = Collections(Shelf(index))
    collection = kept.create("摘录")
    opened = open_index(index)
    for passage, summary in opened.passages():
        kept.add(collection.id, Draft(passage, summary, note="看"))


def damages(index: Path, count: int, chance: random.Random) -> Iterator[tuple[str, str, int]]:
    """(file, what is done, where), every file in turn."""
    from retrieval import layout
    from retrieval.store import open_index

    manifest = layout.current_manifest(index)
    beside = [layout.POINTER, layout.REGISTRY, layout.EMBEDDINGS, layout.COLLECTIONS]
    files = [*beside, f"{layout.MANIFESTS}/{manifest.name}", *(entry.path for entry in manifest.files())]
    files += sorted({f"{layout.ORIGINALS}/{summary.sha256}" for summary in open_index(index).current})
    files = [name for name in files if (index / name).stat().st_size]
    for number in range(count):
        name = files[number % len(files)]
        size = (index / name).stat().st_size
        kind = chance.choice(("flip", "flip", "cut"))
        yield name, kind, chance.randrange(size * (8 if kind == "flip" else 1))


def found_in(index: Path) -> tuple[str, list[str], list[str]]:
    """What opening, searching and verifying say: (where it was noticed or "", the passages found, problems)."""
    from retrieval.search import open_searcher
    from retrieval.store import open_index

    try:
        opened = open_index(index)
    except WenzhengError as error:
        return "opening", [], [str(error)]
    hits: list[str] = []
    noticed = ""
    try:
        searcher = open_searcher(load_config(ROOT / "config.toml"), opened, model())
        hits = [hit.passage.text for hit in searcher.search(QUERY).hits]
    except Exception as error:  # the site answers any fault with a message; what counts is that verify names the file
        noticed = f"searching: {type(error).__name__}"
    problems = whole(index)
    return noticed or ("verifying" if problems else ""), hits, problems


def damage(index: Path, trials: int, tally: Tally, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # drawing places is no secret
    pool = ProcessPool(max_workers=1, context=get_context("spawn"))
    with tempfile.TemporaryDirectory() as place, pool:
        copy = Path(place) / "index"
        shutil.copytree(index, copy)
        _, right, _ = pool.schedule(found_in, args=(copy,)).result()
        for name, kind, where in damages(copy, trials, chance):
            path = copy / name
            whole_file = path.read_bytes()
            data = bytearray(whole_file)
            if kind == "flip":
                data[where // 8] ^= 1 << where % 8
            else:
                del data[where:]
            path.write_bytes(bytes(data))
            try:
                noticed, hits, problems = pool.schedule(found_in, args=(copy,), timeout=PATIENCE).result()
            except (ProcessExpired, TimeoutError) as error:
                tally.faults.append(f"damage: {name} {kind} {where}: the process died ({error})")
            except Exception as error:  # any other is a fault to be listed
                tally.faults.append(f"damage: {name} {kind} {where}: {type(error).__name__} {error}")
            else:
                top = name.split("/")[0]
                tally.counts[
                    f"damage in {top}: noticed by {noticed.split(':')[0] or 'nobody, as it changes nothing'}"
                ] += 1
                named = any(Path(name).name in problem or top in problem for problem in problems)
                if noticed and not named:
                    tally.faults.append(f"damage: {name} {kind} {where}: noticed but not named: {problems[:1]}")
                if not noticed and hits != right:
                    tally.faults.append(f"damage: {name} {kind} {where}: other hits and nobody noticed")
            path.write_bytes(whole_file)


def at_random(kills: int, chance: random.Random) -> Iterator[tuple[str, str | None, float | None]]:
    for _ in range(kills):
        yield "killed at random", None, chance.uniform(0.2, 5.0)


def at_calls(chosen: int) -> Iterator[tuple[str, str | None, float | None]]:
    """Each call that makes something lasting, and what may happen there."""
    calls = [
        *((f"kill:{name}:{number}") for name in ("replace", "fsync", "rename") for number in range(1, 8)),
        *(
            f"{kind}:{name}:{number}"
            for kind in ("fail", "refuse", "starve")
            for name in ("replace", "fsync", "rename")
            for number in range(1, 5)
        ),
        *(f"refuse:stat:{number}" for number in (40, 120, 200)),
        *(f"starve:stat:{number}" for number in (100, 130, 160, 190, 220, 250)),
        *(f"vanish:stat:{number}" for number in (20, 60, 100, 140, 180, 220, 260, 300)),
        *(f"full:{size}" for size in (0, 4096, 20_000, 60_000, 120_000, 200_000)),
    ]
    for number in range(chosen):
        hook = calls[number % len(calls)]
        yield CHOSEN[hook.partition(":")[0]], hook, None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--chosen", type=int, default=80)
    parser.add_argument("--damages", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311  # as above
    killed, cut, damaged = (Tally(Counter(), []) for _ in range(3))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        kill_builds(place / "random", at_random(options.kills, chance), killed)
        kill_builds(place / "chosen", at_calls(options.chosen), cut)
        damage(place / "chosen" / "index", options.damages, damaged, options.seed)
    if options.kills:
        report("torture", f"{options.kills} kills at random times", killed, options)
    if options.chosen:
        report("chosen", f"{options.chosen} builds that are cut off or starved at a chosen call", cut, options)
    if options.damages:
        report("damages", f"{options.damages} damages, every file in force in turn", damaged, options)
    sys.exit(bool(killed.faults or cut.faults or damaged.faults))


def report(name: str, what: str, tally: Tally, options: argparse.Namespace) -> None:
    lines = [
        f"# {name.capitalize()}",
        f"\nMade by `make torture` ({what}, seed {options.seed}).\n",
        "| what | times |",
        "|---|---|",
        *(f"| {what} | {count} |" for what, count in sorted(tally.counts.items())),
        f"\n{len(tally.faults)} faults.",
        *(f"- {fault}" for fault in tally.faults),
    ]
    text = "\n".join(lines) + "\n"
    (ROOT / "bench" / "results" / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
