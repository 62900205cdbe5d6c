"""Results, answers and matrices as tables to take away: the same columns whatever the file's format. No Flask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from retrieval.search import Searcher
from retrieval.store import Index
from retrieval.types import Filters, Hit, Passage, ReportSummary
from webapp import present
from webapp.answer import Answer, Entry, place_name
from webapp.citation import citation_of
from webapp.collections import Collection
from webapp.counting import Count
from webapp.items import Item
from webapp.links import passage_link, report_link, source_link, web_address
from webapp.matrix import Matrix, Record
from webapp.spread import Spread
from webapp.tally import GROUPED, Dimension, Tally
from webapp.wording import Wording

Value = str | int | float | None
# Chinese name, English name.
_SOURCE = (
    ("标题 title", "title"), ("发布机关 issuing body", "body"), ("发布日期 published", "date"), ("页 page", "page"),
    ("标题路径 headings", "headings"), ("原文网址 source", "url"), ("库内链接 stored", "link"),
    ("引用 citation", "citation"), ("段落编号 passage id", "passage"), ("文件 SHA-256", "sha256"),
)  # fmt: skip
_PLACE = ("省 province", "市州 prefecture", "县区 county", "乡镇 township", "年 year", "级别 level")
# As _tally gives them.
_TALLY = ("出现次数 occurrences", "每万字 per 10,000", "报告 reports", "范围内报告 reports in scope", "段落 passages",
          "范围内段落 passages in scope", "地方 places", "范围内地方 places in scope", "字数 characters")  # fmt: skip
_GROUPS: dict[Dimension, str] = {
    "all": "总计 all", "year": "年 year", "level": "级别 level", "role": "作用 role", "place": "地方 place",
    "report": "报告 report",
}  # fmt: skip
_STATES = {"found": "检出 found", "not_detected": "未检出 not detected", "no_report": "没有报告 no report"}


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` are made one at a time; `notes` say what was asked, of which corpus, and what was covered."""

    title: str
    header: tuple[str, ...]
    rows: Iterable[tuple[Value, ...]]
    notes: dict[str, str] = field(default_factory=dict)


def of_hits(searcher: Searcher, query: str, hits: Iterable[Hit], filters: Filters, site: str) -> Table:
    """Ranked passages, each with its best sentence."""
    header = (
        "名次 rank",
        *_PLACE,
        "作用 role",
        "最相近的句子 sentence",
        "段落 passage",
        *(name for name, _ in _SOURCE),
    )

    def rows() -> Iterator[tuple[Value, ...]]:
        for hit in hits:
            begin = hit.passage.start
            sentence = hit.passage.text[hit.sentence[0] - begin : hit.sentence[1] - begin]
            yield (
                hit.rank,
                *_place(hit.report),
                _role(hit.passage),
                sentence,
                hit.passage.text,
                *_source(hit.report, hit.passage, site),
            )

    return Table(query, header, rows(), _notes(searcher.index, query, filters))


def of_answer(searcher: Searcher, answer: Answer, site: str) -> Table:
    """The entries of an answer, with their figures."""
    header = (*_PLACE, "作用 role", "原文 quotation", "把握 certainty", "数字 figure", "数值 value", "单位 unit", "范围 scope",
              *(name for name, _ in _SOURCE))  # fmt: skip
    rows = (
        (*_place(entry.hit.report), _role(entry.hit.passage), entry.quote, _certainty(entry), *_figure(entry),
         *_entry_source(entry, site))
        for entry in answer.entries
    )  # fmt: skip
    coverage = answer.coverage
    notes = _notes(searcher.index, answer.query, answer.filters) | {
        "结论 result": f"{answer.message_zh} / {answer.message_en}",
        "未检出 not detected": "、".join(coverage.regions_not_detected),
        "没有报告 no report": "、".join(coverage.regions_without_report),
    }
    return Table(answer.query, header, rows, notes)


def of_matrix(searcher: Searcher, matrix: Matrix, filters: Filters, site: str) -> Table:
    """Place × year × measure, one line each, with the best passage where there is one."""
    header = ("地方 place", "年 year", "举措 measure", "结果 state", "检出段落数 passages", "作用 role", "原文 quotation",
              "把握 certainty", "数字 figure", "数值 value", "单位 unit", "范围 scope", *(name for name, _ in _SOURCE))  # fmt: skip
    query = "；".join(one.text for one in matrix.surveys)
    records = list(matrix.records())
    states: Counter[str] = Counter(record.cell.state for record in records)
    counted = "，".join(f"{name} {states[state]}" for state, name in _STATES.items())
    notes = _notes(searcher.index, query, filters) | {
        "覆盖 coverage": f"{matrix.tally.places} 个地方 places × {len(matrix.years)} 年 years × {len(matrix.surveys)} 项 measures"
        f" = {len(records)}：{counted}；{matrix.tally.reports} 份报告 reports"
    }
    return Table(query, header, (_record(record, site) for record in records), notes)


def of_counts(count: Count, site: str) -> Table:
    """The tallies of a count: in all, by year, level, role and place, and of each report with an occurrence."""
    header = ("按 by", "值 value", "标题 title", *_TALLY, "库内链接 stored")
    dimensions: tuple[Dimension, ...] = ("all", *GROUPED)
    titles = {summary.id: summary.metadata.title for summary in count.index.reports}

    def rows() -> Iterator[tuple[Value, ...]]:
        for by in dimensions:
            for group in count.groups(by):
                yield (_GROUPS[by], group.value or ("" if by == "all" else "?"), None, *_tally(group.tally), None)
        for group in count.groups("report"):
            if group.tally.occurrences:
                link = site.rstrip("/") + report_link(group.value)
                yield (_GROUPS["report"], group.value, titles[group.value], *_tally(group.tally), link)

    return Table(count.expression.text, header, rows(), _counted(count))


def of_lines(count: Count, site: str) -> Table:
    """Every occurrence of a count in its context, with offsets into the report's text."""
    header = ("序号 number", "地方 place", "年 year", "级别 level", "作用 role", "左文 left", "词语 match", "右文 right",
              "起 start", "止 end", *(name for name, _ in _SOURCE))  # fmt: skip

    def rows() -> Iterator[tuple[Value, ...]]:
        for line in count.lines():
            metadata = line.report.metadata
            place = " · ".join(metadata.region.chain) or "?"
            words = (line.left, line.match, line.right, line.start, line.end)
            home, span = line.passage, (line.start, line.end)
            inside = home is not None and home.start <= line.start and line.end <= home.end
            source = _source(line.report, home, site, span if inside else None)
            yield (line.number, place, metadata.year, metadata.level, line.role, *words, *source)

    return Table(count.expression.text, header, rows(), _counted(count))


def _tally(tally: Tally) -> tuple[Value, ...]:
    return (tally.occurrences, tally.per_10k, tally.reports, tally.reports_in_scope, tally.passages,
            tally.passages_in_scope, tally.places, tally.places_in_scope, tally.characters)  # fmt: skip


def _counted(count: Count) -> dict[str, str]:
    total = count.total
    return _notes(count.index, count.expression.text, count.filters) | {
        "运算范围 within": count.within,
        "统计 count": f"{total.reports_in_scope} 份报告中 {total.reports} 份 reports，{total.occurrences} 处 occurrences，"
        f"每万字 per 10,000 characters {total.per_10k}",
    }


def of_collection(collection: Collection, items: Sequence[Item], index: Index, site: str) -> Table:
    """Quotations that are kept, in their order, with notes and tags."""
    header = ("序号 number", *_PLACE, "作用 role", "原文 quotation", "笔记 note", "标签 tags", "收入时间 added",
              *(name for name, _ in _SOURCE))  # fmt: skip
    rows = (
        (number, *_place(item.report), _role(item.passage), item.passage.text, item.note, "、".join(item.tags), item.added,
         *_source(item.report, item.passage, site, version=item.report.version_id))
        for number, item in enumerate(items, start=1)
    )  # fmt: skip
    notes = {
        "合集 collection": collection.name,
        "条数 items": str(len(items)),
        "语料版本 corpus version": f"{index.manifest.number}（{index.manifest.created}）",
    }
    return Table(collection.name, header, rows, notes)


def of_wording(searcher: Searcher, said: Wording, filters: Filters, site: str) -> Table:
    """Every sentence on a measure, with its group: near-verbatim ones by number, then other words, then distinctive."""
    header = ("组 group", "说法 wording", *_PLACE, "作用 role", "原文 quotation", "把握 certainty", "相近 likeness", "最近的地方 nearest",
              "参照文件 reference", *(name for name, _ in _SOURCE))  # fmt: skip
    grouped = [
        (str(number), group.reference, one) for number, group in enumerate(said.groups, 1) for one in group.sayings
    ]
    grouped += [("", None, one) for one in (*said.words, *said.distinctive)]
    rows = (
        (number, one.kind, *_place(one.entry.hit.report), _role(one.entry.hit.passage), one.entry.quote,
         _certainty(one.entry), one.likeness, one.nearest, reference.metadata.title if reference else None, *_entry_source(one.entry, site))
        for number, reference, one in grouped
    )  # fmt: skip
    notes = _notes(searcher.index, said.survey.text, filters) | {
        "覆盖 coverage": f"{len(said.survey.scope)} 份报告 reports，{len(said.survey.entries)} 份检出 found"
    }
    return Table(said.survey.text, header, rows, notes)


def of_spread(searcher: Searcher, found: Spread, filters: Filters, site: str) -> Table:
    """A line for each place: first years, what the text dates, reports held and missing, and what came of plans."""
    header = ("地方 place", "级别 level", "首次已做 first done", "可能更早 censored", "文中日期 stated", "首次计划 first planned",
              "现有年份 reports held", "缺的年份 gaps", "计划之后 plans", "原文 quotation",
              "把握 certainty", *(name for name, _ in _SOURCE))  # fmt: skip

    def rows() -> Iterator[tuple[Value, ...]]:
        for place in found.places:
            plans = "；".join(f"{one.plan.hit.report.metadata.year}→{one.year} {one.outcome}" for one in place.plans)
            first = place.done or place.planned
            source = _entry_source(first, site) if first else [None] * len(_SOURCE)
            yield (" · ".join(place.chain), place.level, place.first_done, "≤" if place.censored else None,
                   place.stated.text if place.stated else None, place.first_planned, "、".join(map(str, place.held)),
                   "、".join(map(str, place.gaps)), plans, first.quote if first else None,
                   _certainty(first) if first else None, *source)  # fmt: skip

    last = found.curves[0].points[-1] if found.curves[0].points else None
    told = (
        f"{last.year}：{last.reporting} 个地方有报告，{last.done} 个已做 done，{last.planned} 个只有计划 planned"
        if last
        else ""
    )
    return Table(
        found.survey.text, header, rows(), _notes(searcher.index, found.survey.text, filters) | {"覆盖 coverage": told}
    )


def _record(record: Record, site: str) -> tuple[Value, ...]:
    place, cell = " · ".join(record.chain) or "?", record.cell
    start = (place, record.year, record.measure, _STATES[cell.state], len(cell.entries))
    best = cell.best
    if best is None:
        return (*start, *[None] * (7 + len(_SOURCE)))
    return (*start, _role(best.hit.passage), best.quote, _certainty(best), *_figure(best), *_entry_source(best, site))


def _place(report: ReportSummary) -> tuple[Value, ...]:
    region = report.metadata.region
    names = (region.province, region.prefecture, region.county, region.township)
    return (*names, report.metadata.year, report.metadata.level)


def _role(passage: Passage) -> str:
    return f"{passage.role} {passage.planned_for}" if passage.planned_for else passage.role


def _certainty(entry: Entry) -> str | None:
    """What is to be read again before it is believed, as the pages say it; nothing where there is no doubt."""
    if entry.like:
        other = entry.like
        where = f"{place_name(other.hit.report)} {other.hit.report.metadata.year or '?'}"
        return f"存疑 weak：未用此名，说法近于 does not use the name, is near to {where}：{other.quote}"
    return "存疑 weak" if entry.weak else None


def _figure(entry: Entry) -> tuple[Value, ...]:
    if entry.derived:
        parts = " × ".join(part.text for part in entry.derived.parts)
        return f"≈{entry.derived.value:g}{entry.derived.unit}", entry.derived.value, entry.derived.unit, f"推算 {parts}"
    figure = entry.figure
    if figure is None:
        return None, None, None, None
    scope = [figure.since, "其中" if figure.part else "", f"{figure.year}年" if figure.year else "", figure.about]
    return figure.text, figure.base_value, figure.base_unit, "；".join(part for part in scope if part)


def _source(
    report: ReportSummary,
    passage: Passage | None,
    site: str,
    span: tuple[int, int] | None = None,
    version: str | None = None,
) -> tuple[Value, ...]:
    """Where a passage, or the quotation at a span inside it, is from; what stands outside passages has its report alone."""
    metadata = report.metadata
    values: dict[str, Value] = {
        "title": metadata.title,
        "body": metadata.issuing_body,
        "date": metadata.publication_date,
        "page": passage.page if passage else None,
        "headings": " › ".join(passage.heading_path) if passage else None,
        "url": source_link(metadata.url, report.media_type, passage) if passage else web_address(metadata.url),
        "link": site.rstrip("/") + (passage_link(passage, span, version) if passage else report_link(report.id)),
        "citation": citation_of(report),
        "passage": passage.id if passage else None,
        "sha256": report.sha256,
    }
    return tuple(values[name] for _, name in _SOURCE)


def _entry_source(entry: Entry, site: str) -> tuple[Value, ...]:
    return _source(entry.hit.report, entry.hit.passage, site, (entry.start, entry.end))


def _notes(index: Index, query: str, filters: Filters) -> dict[str, str]:
    manifest = index.manifest
    asked = "；".join(f"{name}={value}" for name, value in present.filters_object(filters).items())
    return {
        "查询 query": query,
        "筛选 filters": asked,
        "语料版本 corpus version": f"{manifest.number}（{manifest.created}）",
        "语料 corpus": f"{len(index.reports)} 份报告 reports，{index.passage_count} 个段落 passages",
        "模型 model": f"{manifest.model} {manifest.encoder_fingerprint}",
    }
