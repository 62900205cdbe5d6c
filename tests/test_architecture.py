"""The house keeps its shape: which rooms may import which, and one importer for each heavy library."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

HEAVY = {
    "sentence_transformers": "retrieval/encoder/sbert.py",
    "torch": "retrieval/encoder/sbert.py",
    "openvino": "retrieval/encoder/openvino.py",
    "faiss": "retrieval/vectors.py",
    "xxhash": "retrieval/blocks.py",
    "bibtexparser": "webapp/citation.py",
    "citeproc": "webapp/citation.py",
    "rispy": "webapp/citation.py",
    "ahocorasick": "retrieval/tags.py",
    "bm25s": "retrieval/lexical.py",
    "opencc": "retrieval/text.py",
    "ftfy": "retrieval/repair.py",
    "httpx2": "retrieval/http.py",
    "jionlp": "retrieval/gazetteer.py",
    "lark": "webapp/expression.py",
    "resvg_py": "webapp/pictures.py",
    "rapidfuzz": "webapp/wording.py",
    "rjieba": "webapp/segmentation.py",
    "sklearn": "webapp/wording.py",
    "openpyxl": "indexer/readers/sheet.py",
    "xlsxwriter": "webapp/export.py",
    "prometheus_client": "webapp/metrics.py",
    "flask_limiter": "webapp/access.py",
    "flask_wtf": "webapp/protection.py",
    "pdfplumber": "indexer/readers/pdf.py",
    "docx": "indexer/readers/docx.py",
    "lxml": "indexer/readers/html.py",
    "watchfiles": "indexer/watch.py",
    "charset_normalizer": "indexer/readers/charset.py",
}
PACKAGES = ("retrieval", "indexer", "webapp", "wenzheng")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize(
    ("room", "closed"),
    [
        ("retrieval", {"indexer", "webapp", "wenzheng"}),
        ("indexer", {"webapp", "wenzheng"}),
        ("webapp", {"indexer", "wenzheng"}),
    ],
)
def test_imports_point_to_the_middle(room: str, closed: set[str]) -> None:
    wrong = {path.name: imports(path) & closed for path in modules(room) if imports(path) & closed}
    assert wrong == {}


@pytest.mark.parametrize(("library", "importer"), HEAVY.items())
def test_each_heavy_library_has_one_importer(library: str, importer: str) -> None:
    # Word files are read in one place and written in another.
    others = {"docx": ["webapp/word.py"]}
    found = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in modules(package)
        if library in imports(path)
    ]
    assert found == [importer, *others.get(library, [])]


def test_modules_stay_readable_in_length() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for package in PACKAGES
        for path in modules(package)
    }
    assert {name: length for name, length in lengths.items() if length > 330} == {}


def test_every_route_is_documented(app) -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    rules = {
        re.sub(r"<(?:\w+:)?\w+>", "ID", rule.rule) for rule in app.url_map.iter_rules() if rule.endpoint != "static"
    }
    assert {rule for rule in rules if f"`{rule}`" not in text} == set()


def test_every_command_is_documented() -> None:
    from wenzheng.cli import cli

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {name for name in cli.commands if f"wenzheng {name}" not in text} == set()


def test_every_setting_is_explained_in_the_config_file(config) -> None:
    import dataclasses
    import tomllib

    source = (ROOT / "config.toml").read_text(encoding="utf-8")
    assert tomllib.loads(source) == dataclasses.asdict(config)
    for line, before in zip(source.splitlines()[1:], source.splitlines(), strict=False):
        if re.match(r"\w+ = ", line):
            assert before.startswith("#") or re.match(r"\w+ = ", before), f"{line} has no line of help"
