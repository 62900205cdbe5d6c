"""What must hold whatever comes in: each function takes one input and raises AssertionError where it does not.

Only errors that the project foresees may come out of what is tried; any other goes through and is a fault.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import traceback
import unicodedata
from datetime import date
from itertools import pairwise
from pathlib import Path

import docx
import openpyxl

from indexer.archives import Limits, expand
from indexer.extraction import make_report
from indexer.readers import read
from retrieval.config import Config
from retrieval.errors import QueryError, ReadError
from retrieval.filters import admitting, parse_filters
from retrieval.fulltext import _pieces
from retrieval.quotation import Quoted, digest, find, parse_quoted, quoted
from retrieval.repair import INVISIBLE
from retrieval.text import (
    bare,
    fold,
    fold_offsets,
    normalise,
    normalise_query,
    normalise_with_offsets,
    sentences,
    simplify,
    tokens,
)
from retrieval.types import Report, ReportSummary
from webapp.amounts import answering, derived, states_all
from webapp.citation import cite
from webapp.difference import differences
from webapp.export import FORMATS
from webapp.expression import matches, parse
from webapp.figures import figures
from webapp.offices import asks_holder, names_holder
from webapp.places import PlaceNames
from webapp.question import content_terms, understand
from webapp.sharing import read_share
from webapp.tables import Table


def file_is_read_or_refused(data: bytes, name: str) -> None:
    """Blocks whose words can be stored, or a refusal that names the file and hides no slip of our own."""
    try:
        document = read(data, name)
    except ReadError as error:
        assert name in error.zh and name in error.en, error
        _was_the_files_fault(error.__cause__)
        return
    for block in document.blocks:
        block.text.encode()
        assert all(piece.locator for piece in block.pieces)


def _was_the_files_fault(cause: BaseException | None) -> None:
    """Readers tell whatever a library raises as damage; what the reader's own lines raise is a fault none the less."""
    if isinstance(cause, TypeError | AttributeError | LookupError | ArithmeticError | AssertionError):
        last = Path(traceback.extract_tb(cause.__traceback__)[-1].filename)
        if last.parent.name == "readers" and not isinstance(cause, UnicodeError):
            raise cause


def archive_is_expanded_or_refused(data: bytes, name: str) -> None:
    """Members in the scratch folder and nowhere else, or a refusal that names the archive."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "a" / "scratch"
        scratch.mkdir(parents=True)
        archive = Path(folder) / f"file{name}"
        archive.write_bytes(data)
        try:
            expand(archive, name, scratch, Limits(members=50, size=1 << 20))
        except ReadError as error:
            assert name in error.zh, error
        beside = {path for path in Path(folder).rglob("*") if scratch not in path.parents}
        assert beside == {scratch.parent, scratch, archive}, beside


def report_is_exact(data: bytes, name: str, config: Config) -> Report | None:
    """A file's report: every offset exact, in order and in bounds; nothing that cannot be stored."""
    try:
        report = make_report(data, name, {}, config, "r1")
    except ReadError as error:
        assert name in error.zh and name in error.en, error
        return None
    text = report.text
    text.encode()
    _lie_in_order([(p.start, p.end) for p in report.paragraphs], len(text))
    _lie_in_order([(o.start, o.end) for o in report.origins], len(text))
    _lie_in_order([(p.start, p.end) for p in report.passages], len(text))
    covered = {at for paragraph in report.paragraphs for at in range(paragraph.start, paragraph.end)}
    assert all(text[at] == "\n" for at in range(len(text)) if at not in covered), "text outside all paragraphs"
    bodies = {(p.start, p.end) for p in report.paragraphs if p.kind == "body"}
    for passage in report.passages:
        assert text[passage.start : passage.end] == passage.text == passage.text.strip() != "", passage
        assert any(a <= passage.start and passage.end <= b for a, b in bodies), passage
    assert len({passage.id for passage in report.passages}) == len(report.passages)
    assert all(0 <= removal.at <= len(text) + 1 for removal in report.removals)
    if name.endswith(".txt"):
        _lead_back(report, data)
    return report


def _lie_in_order(spans: list[tuple[int, int]], length: int) -> None:
    assert all(0 <= start < end <= length for start, end in spans), spans
    assert all(one[1] <= other[0] for one, other in pairwise(spans)), spans


def _lead_back(report: Report, data: bytes) -> None:
    """The bytes that a piece of a text file comes from are that piece, in UTF-8 at least."""
    with contextlib.suppress(UnicodeDecodeError):
        data.decode("utf-8")
        for origin in report.origins:
            start, end = map(int, origin.locator.removeprefix("bytes=").split("-"))
            assert report.text[origin.start : origin.end] in (data[start:end].decode(), " "), origin


def report_is_stored_citable_and_comparable(data: bytes, name: str, config: Config) -> None:
    """What follows the reading: pieces for counting without a gap, citations, differences to a changed text."""
    report = report_is_exact(data, name, config)
    if report is None:
        return
    folded = fold(report.text)
    folded.encode()
    stored = list(_pieces(report, 0, 0))
    assert "".join(folded[start:end] for _, start, end, _, _ in stored) == folded
    changed = report_is_exact(data + "\n最后一句是新的，2024年再报告。".encode(), name, config)
    for change in differences(report, changed) if changed else ():
        assert report.text[slice(*change.old_span)] == change.old
        assert changed.text[slice(*change.new_span)] == change.new
    for passage in report.passages[:1]:
        for form in cite(report, passage, date(2026, 1, 1)).forms.values():
            form.encode()


def normalised_text_leads_back(text: str) -> None:
    """Every normalised character comes from where its offset says, and no visible one is left out."""
    simple = simplify(text)
    assert len(simple) == len(text)
    plain = normalise_with_offsets(text)
    assert len(plain.offsets) == len(plain.text) + 1
    assert plain.offsets[-1] == len(text)
    assert all(a <= b for a, b in pairwise(plain.offsets))
    for char, offset in zip(plain.text, plain.offsets, strict=False):
        source = unicodedata.normalize("NFKC", simple[offset]).lower()
        assert char in source or (char == " " and any(map(str.isspace, source))), (char, offset)
    kept = set(plain.offsets)
    for at, char in enumerate(simple):
        assert at in kept or INVISIBLE.match(char) or unicodedata.normalize("NFKC", char).lower().isspace(), at
    folded, origins = fold(text), fold_offsets(text)
    assert len(folded) == len(origins)
    assert all(a <= b for a, b in pairwise(origins))
    tokens(normalise(text))
    spans = sentences(text)
    assert all(text[a:b].strip() and not text[a].isspace() for a, b in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())


def figures_stand_where_they_say(text: str, question: str) -> None:
    """A figure's words are at its offsets; what answers a question is one of them."""
    found = figures(text)
    for figure in found:
        assert text[figure.start : figure.end] == figure.text != "", figure
        assert figure.sentence[0] <= figure.start < figure.end <= figure.sentence[1], figure
    worked_out = derived(text, question)
    assert worked_out is None or set(worked_out.parts) <= set(found)
    plain = normalise_query(question)
    answer = answering(text, plain, content_terms(plain), (0, len(text)))
    assert answer is None or answer in found
    states_all(text, plain)
    office = asks_holder(plain)
    assert not office or names_holder(text, office) in (True, False)


def quotation_is_found_again(text: str, start: int, size: int) -> None:
    """Words are found at their own place, and again after something was put before them."""
    start = min(start, max(0, len(text) - 1))
    words = text[start : start + size]
    if not bare(words):
        return
    wanted = quoted(words, start)
    assert find(text, wanted) == (start, start + len(words))
    moved = find("新增的一段。\n" + text, wanted, words)
    if moved:
        assert digest(("新增的一段。\n" + text)[slice(*moved)]).startswith(wanted.digest)
    assert parse_quoted(str(start), str(start + len(words)), wanted.digest) == wanted


def quotation_link_is_read_or_ignored(start: str, end: str, short: str) -> None:
    """A link may say anything of its quotation."""
    found = parse_quoted(start, end, short)
    assert found is None or (isinstance(found, Quoted) and 0 <= found.start < found.end)


def question_is_understood(text: str, names: PlaceNames) -> None:
    """Any words make a question; what it names is part of what can be named."""
    found = understand(text, names)
    assert found.text == text
    assert set(found.named) <= {"region", "year", "level", "role"}
    assert found.filters.year_from is None or 1999 < found.filters.year_from < 2041
    normalise_query(text).encode("utf-8", "surrogatepass")


def expression_is_read_or_pointed_at(text: str) -> None:
    """A tree that holds nowhere when nothing is found, or an error that says why, in both languages."""
    try:
        found = parse(text)
    except QueryError as error:
        assert error.zh and error.en
        return
    assert matches(found.tree, {}) is None
    assert all(phrase.folded and " " not in phrase.folded for phrase in found.phrases)
    everywhere = {phrase.folded: [(0, len(phrase.folded), 0)] for phrase in found.phrases}
    assert all(0 <= start < end for start, end, _ in matches(found.tree, everywhere) or ())


def filters_are_read_or_refused(values: dict[str, str | None], reports: list[ReportSummary]) -> None:
    """Filters that can be held against any report, or an error."""
    try:
        found = parse_filters(values)
    except QueryError:
        return
    for report in reports:
        admitting(found)(report)


def table_is_written_in_every_format(title: str, cells: list[str | int | float | None]) -> None:
    """Files that their own programs open again, whatever the texts hold."""
    header = tuple(f"列{number}" for number in range(len(cells))) or ("列",)
    row = tuple(cells) or (title,)
    header = ("原文 quotation", *header[1:])
    table = Table(title, header, [row, row], {"查询 query": title})
    made = {name: b"".join(write(table)) for name, (write, _) in FORMATS.items()}
    assert len(json.loads(made["json"])["rows"]) == 2
    made["csv"].decode()
    made["md"].decode()
    openpyxl.load_workbook(io.BytesIO(made["xlsx"]))
    docx.Document(io.BytesIO(made["docx"]))


def shared_file_is_taken_or_refused(values: object) -> None:
    """A collection file, or an error in both languages."""
    try:
        read_share(json.dumps(values).encode())
    except QueryError as error:
        assert error.zh and error.en
