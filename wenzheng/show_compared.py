"""How the command prints wording, spread and reuse."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from webapp.answer import place_name
from webapp.reuse import Reuse
from webapp.spread import Spread
from webapp.wording import Saying, Wording
from wenzheng.show import doubt


def wording(said: Wording) -> None:
    """Groups of near-verbatim sentences, then the others."""
    for number, group in enumerate(said.groups, start=1):
        click.secho(f"近似照抄 near-verbatim {number}：{'、'.join(group.places)}", bold=True)
        if group.reference:
            click.echo(f"  出自参照文件 / from the reference document: {group.reference.metadata.title}")
        for one in group.sayings:
            _saying(one)
    for name, sayings in (("换了说法 other words", said.words), ("自成一格 distinctive", said.distinctive)):
        if sayings:
            click.secho(name, bold=True)
        for one in sayings:
            _saying(one)
    click.echo(f"{len(said.survey.scope)} 份报告 reports，{len(said.survey.entries)} 份检出 found")


def _saying(one: Saying) -> None:
    hit = one.entry.hit
    click.echo(
        f"  • {place_name(hit.report)} · {hit.report.metadata.year or '?'} · {hit.passage.role}{doubt(one.entry)} · {one.likeness:.2f}"
    )
    click.echo(f"    “{one.entry.quote}”")


def spread(found: Spread) -> None:
    """A row for each place; ≤ where the first report held says so already."""
    table = Table("地方 place", "首次已做 first done", "首次计划 first planned", "报告 reports", "缺 gaps")
    for place in found.places:
        done = f"{'≤' if place.censored else ''}{place.first_done}" if place.first_done else "未检出 not detected"
        stated = f"（文中 text: {place.stated.text}）" if place.stated else ""
        held = f"{place.held[0]}–{place.held[-1]}"
        gaps = "、".join(map(str, place.gaps))
        table.add_row(
            " · ".join(place.chain),
            done + (doubt(place.done) if place.done else "") + stated,
            str(place.first_planned or ""),
            held,
            gaps,
        )
    Console().print(table)
    for point in found.curves[0].points:
        click.echo(
            f"{point.year}: {point.done} 已做 done，{point.planned} 只有计划 planned，{point.reporting} 有报告 reporting"
        )


def reuse(told: Reuse) -> None:
    """The share, then the texts that hold the words."""
    click.secho(f"{100 * told.share:.0f}% 与别处逐字相同 / word for word elsewhere", bold=True)
    click.echo(told.passage.text)
    for source in told.sources:
        summary = source.summary
        earlier = "，更早 earlier" if source.earlier else ""
        click.echo(
            f"  {100 * source.share:3.0f}% {place_name(summary)} {summary.metadata.year or ''} {source.kind}{earlier}"
        )
