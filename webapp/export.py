"""A table → the bytes of a CSV, XLSX, Word, Markdown or JSON file, made as they are sent. No Flask.

What spreadsheets would run as a formula is kept from running: with an apostrophe in CSV, as plain text in XLSX.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator

import xlsxwriter

from webapp.tables import Table, Value
from webapp.word import as_docx, sound

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WIDTHS = {
    "原文 quotation": 60,
    "把握 certainty": 36,
    "段落 passage": 60,
    "最相近的句子 sentence": 50,
    "左文 left": 50,
    "右文 right": 50,
    "标题 title": 36,
    "标题路径 headings": 36,
}


def as_csv(table: Table) -> Iterator[bytes]:
    """UTF-8 with a byte order mark, which Excel needs to read it as UTF-8."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(table.header)
    for row in table.rows:
        writer.writerow([_harmless(value) for value in row])
        yield _drained(buffer)
    yield _drained(buffer)


def as_markdown(table: Table) -> Iterator[bytes]:
    """A heading, the notes, and a table."""
    notes = "".join(f"- {name}：{_cell(value)}\n" for name, value in table.notes.items() if value)
    yield f"# {_cell(table.title)}\n\n{notes}\n".encode("utf-8", "replace")
    yield f"| {' | '.join(table.header)} |\n{'|---' * len(table.header)}|\n".encode()
    for row in table.rows:
        yield f"| {' | '.join(_cell(value) for value in row)} |\n".encode("utf-8", "replace")


def as_json(table: Table) -> Iterator[bytes]:
    """One object: notes, and rows as objects by column name."""
    yield f'{{"notes": {json.dumps(table.notes, ensure_ascii=False)}, "rows": ['.encode("utf-8", "replace")
    for number, row in enumerate(table.rows):
        line = json.dumps(dict(zip(table.header, row, strict=True)), ensure_ascii=False)
        yield f"{',' if number else ''}\n{line}".encode("utf-8", "replace")
    yield b"\n]}\n"


def as_xlsx(table: Table) -> Iterator[bytes]:
    """A sheet with a frozen header, a filter and links, and a sheet with what was asked and covered."""
    buffer = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet("结果 results")
        sheet.freeze_panes(1, 0)
        last = 0
        for column, name in enumerate(table.header):
            sheet.set_column(column, column, _WIDTHS.get(name, 16))
            sheet.write_string(0, column, name, bold)
        for last, row in enumerate(table.rows, start=1):
            for column, value in enumerate(row):
                _write(sheet, last, column, value, wrapped)
        sheet.autofilter(0, 0, last, len(table.header) - 1)
        notes = book.add_worksheet("说明 notes")
        notes.set_column(0, 0, 28)
        notes.set_column(1, 1, 90)
        for line, (name, value) in enumerate(table.notes.items()):
            notes.write_string(line, 0, name, bold)
            notes.write_string(line, 1, sound(value), wrapped)
    yield buffer.getvalue()


def _write(sheet: xlsxwriter.worksheet.Worksheet, line: int, column: int, value: Value, form: object) -> None:
    if isinstance(value, int | float):
        sheet.write_number(line, column, value, form)
    elif value and value.startswith(("http://", "https://")) and len(value) < 2000:
        sheet.write_url(line, column, sound(value), None, sound(value))
    elif value:
        sheet.write_string(line, column, sound(value), form)


def _harmless(value: Value) -> Value:
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()
        return f"'{value}" if value.startswith(_FORMULA) else value
    return value


def _cell(value: Value) -> str:
    """A value inside a Markdown table."""
    text = "" if value is None else str(value)
    if re.fullmatch(r"https?://[^\s|<>]+", text):
        # So that it can be copied from the file's source too.
        return f"<{text}>"
    for char in "\\|<>[]*_`#":
        text = text.replace(char, f"\\{char}")
    return " ".join(text.split())


def _drained(buffer: io.StringIO) -> bytes:
    data = buffer.getvalue().encode("utf-8", "replace")
    buffer.seek(0)
    buffer.truncate()
    return data


FORMATS: dict[str, tuple[Callable[[Table], Iterator[bytes]], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "docx": (as_docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "md": (as_markdown, "text/markdown; charset=utf-8"),
    "json": (as_json, "application/json"),
}
