"""How the command prints: tables and progress bars for people, JSON for scripts."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from retrieval.confidence import Doubt, confidences
from retrieval.errors import QueryError
from retrieval.files import write_atomic
from retrieval.types import LEVELS, Report, ReportSummary
from webapp import present
from webapp.answer import Answer, Entry, place_name
from webapp.finding import Found
from webapp.tally import GROUPED

# A search waits for nothing that only other commands use.
if TYPE_CHECKING:
    from indexer.build import Summary
    from indexer.fetch import Fetched
    from webapp.counting import Count
    from webapp.difference import Change
    from webapp.matrix import Matrix
    from webapp.tables import Table as Rows

_STEPS = {"read": "读取 reading", "embed": "向量化 embedding"}
_STATUS = {
    "new": "新增 new",
    "changed": "更新 changed",
    "moved": "改名 moved",
    "unchanged": "未变 unchanged",
    "duplicate": "重复 duplicate",
    "withdrawn": "移走 withdrawn",
    "skipped": "未读 skipped",
    "failed": "失败 failed",
}


def output(value: Any) -> None:
    """One JSON object on one line of stdout."""
    click.echo(json.dumps(value, ensure_ascii=False))


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A function that keeps one bar for each step, with rate and time left, on stderr."""
    bars: dict[str, tqdm[Any]] = {}

    def steps(name: str, done: int, total: int) -> None:
        if total == 0:
            return
        if name not in bars:
            unit = "份" if name == "read" else "段"
            bars[name] = tqdm(total=total, desc=_STEPS[name], unit=unit, file=sys.stderr, dynamic_ncols=True)
        bars[name].update(done - bars[name].n)

    try:
        yield steps
    finally:
        for bar in bars.values():
            bar.close()


def summary(result: Summary, *, as_json: bool) -> None:
    """Counts, the reason of each failure, and how long it took."""
    if as_json:
        counts = {status: result.count(status) for status in _STATUS}
        output({"read": len(result.outcomes) - counts["skipped"] - counts["withdrawn"], **counts, **asdict(result)})
        return
    for outcome in result.outcomes:
        if outcome.status == "failed":
            click.echo(f"  ✗ {outcome.reason}", err=True)
        elif outcome.reason and outcome.status != "skipped":
            click.echo(f"  ! {outcome.source_name}：{outcome.reason}", err=True)
    line = "，".join(f"{label} {n}" for status, label in _STATUS.items() if (n := result.count(status)))
    read = len(result.outcomes) - result.count("skipped") - result.count("withdrawn")
    click.echo(f"读取报告 reports read {read}：{line}")
    click.echo(
        f"索引现有 index holds {result.reports} 份报告 reports，{result.passages} 个段落 passages；"
        f"本次新增 {result.new_passages}，用时 {result.seconds} 秒 seconds"
    )


def record(values: dict[str, Any], *, as_json: bool) -> None:
    """Names and values, one a line."""
    if as_json:
        output(values)
        return
    for name, value in values.items():
        shown = "\n  " + "\n  ".join(map(str, value)) if isinstance(value, list) and value else value
        click.echo(f"{name}: {shown}")


def found(done: Found) -> None:
    """How the question was understood; hits with place, year, role, heading path and the passage."""
    asked = present.filters_object(done.question.filters)
    if done.results.measure:
        asked["measure meant 理解为"] = done.results.measure
    if asked:
        click.echo("；".join(f"{name} = {value}" for name, value in asked.items()), err=True)
    if not done.results.hits:
        click.echo("没有匹配的段落 / no passages in this scope", err=True)
    for hit in done.results.hits:
        passage, metadata = hit.passage, hit.report.metadata
        role = f"{passage.role}{f' for {passage.planned_for}' if passage.planned_for else ''}"
        click.secho(
            f"{hit.rank}. {place_name(hit.report)} · {metadata.year or '?'} · {role} · {hit.score:.2f}", bold=True
        )
        click.echo(f"   {' › '.join(passage.heading_path)}\n   {passage.text}")
        click.echo(f"   {hit.report.source_name} [{passage.start}:{passage.end}] {passage.id}\n")


def doubt(entry: Entry) -> str:
    """What follows a quotation, or what stands for it, that is to be read before it is believed."""
    return "（存疑 weak）" if entry.weak else ""


def answer(found: Answer) -> None:
    """The message, then each quotation with its source."""
    click.secho(f"{found.message_zh}\n{found.message_en}", bold=True)
    for entry in found.entries:
        hit = entry.hit
        click.echo(
            f"\n• {place_name(hit.report)} · {hit.report.metadata.year or '?'} · {hit.passage.role}{doubt(entry)}"
        )
        click.echo(f"  “{entry.quote}”\n  {hit.report.source_name} [{entry.start}:{entry.end}]")
        if entry.figure:
            figure = entry.figure
            scope = [figure.since, "其中 part" if figure.part else "", f"{figure.year} 年" if figure.year else ""]
            click.echo(f"  → {figure.text}  {' · '.join(part for part in scope if part)}".rstrip())
        if entry.derived:
            base, rate = entry.derived.parts
            click.echo(f"  → 推算 derived: {base.text} × {rate.text} ≈ {entry.derived.value}{entry.derived.unit}")
    if found.caution_zh:
        click.echo(f"\n{found.caution_zh}\n{found.caution_en}")
    for hit in found.nearest:
        click.echo(f"\n◦ 最接近，不是回答 / nearest, no answer: {place_name(hit.report)}\n  {hit.passage.text}")
    if found.coverage.regions_without_report:
        click.echo(f"\n这个范围没有报告 / no report in scope: {'、'.join(found.coverage.regions_without_report)}")
    if found.coverage.regions_not_detected:
        click.echo(f"\n未检出 / not detected: {'、'.join(found.coverage.regions_not_detected)}")


def matrix(found: Matrix) -> None:
    """A row for each place: role and figure where found, else which of the two other things it is."""
    table = Table("地方 place", *found.columns)
    names = {"not_detected": "未检出 not detected", "no_report": "没有报告 no report"}
    for row in found.rows:
        cells = [
            f"{c.best.hit.passage.role} {c.best.figure.text if c.best.figure else ''}".strip() + doubt(c.best)
            if c.best
            else names[c.state]
            for c in row.cells
        ]
        table.add_row(" · ".join(row.chain) or "?", *cells)
    Console().print(table)
    click.echo(_coverage_line(found))


def _coverage_line(matrix: Matrix) -> str:
    """The denominators, in both languages."""
    tally = matrix.tally
    return (
        f"{tally.places} 个地方，{tally.reports} 份报告，{tally.cells} 格：检出 {tally.found}（{tally.places_found} 个地方），"
        f"未检出 {tally.not_detected}，没有报告 {tally.no_report} / {tally.places} places, {tally.reports} reports, "
        f"{tally.cells} cells: {tally.found} found ({tally.places_found} places), {tally.not_detected} not detected, "
        f"{tally.no_report} without a report"
    )


def tallies(found: Count) -> None:
    """n of N, then a row for each year, level, role and place."""
    total = found.total
    click.secho(
        f"{total.reports_in_scope} 份报告中有 {total.reports} 份，{total.places_in_scope} 个地方中有 {total.places} 个 / "
        f"{total.reports} of {total.reports_in_scope} reports, {total.places} of {total.places_in_scope} places",
        bold=True,
    )
    table = Table("", "报告 reports", "段落 passages", "出现 occurrences", "每万字 per 10,000")
    for by in ("all", *GROUPED):
        for group in found.groups(by):
            one = group.tally
            reports, passages = f"{one.reports}/{one.reports_in_scope}", f"{one.passages}/{one.passages_in_scope}"
            name = "总计 all" if by == "all" else group.value or "?"
            table.add_row(name, reports, passages, str(one.occurrences), f"{one.per_10k or 0:.2f}")
        table.add_section()
    Console().print(table)


def lines(found: Count) -> None:
    """Every occurrence in its context, with its source and offsets."""
    for line in found.lines():
        left, right = (" ".join(words.split()) for words in (line.left, line.right))
        click.echo(f"{left}{click.style(line.match, bold=True)}{right}")
        click.echo(
            f"   {place_name(line.report)} · {line.report.metadata.year or '?'} · {line.role} · "
            f"{line.report.source_name} [{line.start}:{line.end}]"
        )


def table_file(table: Rows, path: Path) -> None:
    """Write a table in the format that the file's ending names. Raises QueryError for others."""
    from webapp.export import FORMATS

    suffix = path.suffix.lstrip(".").lower()
    if suffix not in FORMATS:
        endings = "、".join(f".{name}" for name in FORMATS)
        raise QueryError(f"{path}：文件名应以 {endings} 结尾", f"{path}: the name must end in {endings}")
    write_atomic(path, b"".join(FORMATS[suffix][0](table)))
    click.echo(f"已写入 / written: {path}", err=True)


def changes(found: Sequence[Change], *, as_json: bool) -> None:
    """What differs, the older text with -, the newer with +; what is equal is only counted."""
    for change in found:
        if as_json:
            output(asdict(change))
        elif change.kind == "equal":
            click.echo(f"  … {len(change.old)} 字相同 / characters the same")
        else:
            for sign, words, color in (("-", change.old, "red"), ("+", change.new, "green")):
                if words:
                    click.secho(f"{sign} {words}", fg=color)


def reports(summaries: Sequence[ReportSummary]) -> None:
    """A table of all reports."""
    table = Table("地方 place", "年 year", "标题 title", "文件 file", "id")
    for item in summaries:
        metadata = item.metadata
        place = "/".join(metadata.region.chain) or "?"
        table.add_row(place, str(metadata.year or "?"), metadata.title, item.source_name, item.id)
    Console().print(table)


def fetched(one: Fetched) -> None:
    """A line for each address as it is done."""
    click.echo(f"  {'✗' if one.fault else '✓'} {one.fault or one.title or one.file}  {one.url}", err=True)


def doubts(unsure: Sequence[tuple[ReportSummary, list[Doubt]]], *, as_json: bool) -> None:
    """Fields to look at, the file first."""
    table = Table("文件 file", "项目 field", "现值 value", "把握 confidence", "见于 found in")
    for summary, found in unsure:
        for doubt in found:
            if as_json:
                output({"file": summary.source_name, **asdict(doubt)})
            else:
                table.add_row(summary.source_name, doubt.field, doubt.value, f"{doubt.confidence:.2f}", doubt.note)
    if not as_json:
        Console().print(table)


def manifest(summaries: Sequence[ReportSummary], path: Path) -> None:
    """A manifest.csv with what was found, for a person to correct; empty cells change nothing."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "region", "year", "title"))
        for summary in summaries:
            metadata = summary.metadata
            chain = [getattr(metadata.region, level) or "" for level in LEVELS]
            writer.writerow((summary.source_name, "/".join(chain).rstrip("/"), metadata.year or "", metadata.title))
    click.echo(f"已写入 / written: {path}；改好后放到报告文件夹里，改名为 manifest.csv", err=True)


def inspection(report: Report) -> None:
    """Kept text on the left, removed text with its reason on the right, in the file's order; then the metadata."""
    table = Table(show_lines=True, expand=True)
    for name in ("保留 kept", "去掉 removed"):
        table.add_column(name, ratio=1, overflow="fold")
    removals = sorted(report.removals, key=lambda removal: removal.at)
    for paragraph in report.paragraphs:
        while removals and removals[0].at <= paragraph.start:
            removal = removals.pop(0)
            table.add_row("", f"[{removal.reason}] {removal.locator}\n{removal.text}", style="dim")
        kind = f"{paragraph.kind} {paragraph.level}" if paragraph.level else paragraph.kind
        table.add_row(f"[{kind}] {report.text[paragraph.start : paragraph.end]}", "")
    for removal in removals:
        table.add_row("", f"[{removal.reason}] {removal.locator}\n{removal.text}", style="dim")
    console = Console(markup=False, highlight=False)
    console.print(table)
    metadata = report.summary.metadata
    found = Table("项目 field", "内容 value", "见于 found in", "把握 confidence")
    sure = confidences(metadata)
    for name, value in asdict(metadata).items():
        if name not in ("found", "invented", "reference"):
            found.add_row(name, str(value), metadata.found.get(name, ""), f"{sure[name]:.2f}" if name in sure else "")
    console.print(found)
    passages = Table("段落 passage", "标题 headings", "作用 role", "页 page")
    for passage in report.passages:
        role = f"{passage.role} {passage.planned_for or ''}".strip()
        words = f"{passage.text[:40]}…（{len(passage.text)} 字）"
        passages.add_row(words, " › ".join(passage.heading_path), role, str(passage.page or ""))
    console.print(passages)
    for warning in report.warnings:
        console.print(f"! {warning}")
    console.print(f"{len(report.passages)} 个段落 passages，{len(report.removals)} 处去掉 removals")
