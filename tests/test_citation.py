"""Citations that papers and reference managers can take: read back by the parsers that they are made for."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qs

import bibtexparser
import pytest
import rispy
from citeproc.source.bibtex import BibTeX
from flask.testing import FlaskClient

from retrieval.errors import QueryError
from retrieval.store import Index
from retrieval.types import Passage, Report
from webapp.citation import STYLES, Cited, cite, coins, highwire, record

TODAY = date(2026, 11, 24)
TITLE = "云岫省人民政府关于2022年度法治政府建设情况的报告"
URL = "https://www.example.cn/yunxiu-2022.html"


@pytest.fixture
def page(samples: Index) -> tuple[Report, Passage]:
    report = samples.lookup("yunxiu-2022.html")
    return report, report.passages[2]


@pytest.fixture
def cited(page: tuple[Report, Passage]) -> Cited:
    return cite(*page, TODAY)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("gbt7714_2025_numeric", f"云岫省人民政府. {TITLE}[EB/OL]. (2023-03-06)[2026-11-24]. {URL}."),
        ("gbt7714_2015_numeric", f"云岫省人民政府. {TITLE}[EB/OL]. (2023-03-06)[2026-11-24]. {URL}."),
        ("gbt7714_2025_author_date", f"云岫省人民政府, 2023. {TITLE}[EB/OL]. (2023-03-06)[2026-11-24]. {URL}."),
        ("gbt7714_2015_author_date", f"云岫省人民政府, 2023. {TITLE}[EB/OL]. (2023-03-06)[2026-11-24]. {URL}."),
        ("law_review", f"云岫省人民政府：《{TITLE}》，2023年3月6日，{URL}，2026年11月24日访问。"),
    ],
)
def test_a_web_page_is_cited_by_the_styles(cited: Cited, form: str, text: str) -> None:
    assert cited.forms[form] == text


def test_a_file_is_a_report_and_its_footnote_names_the_page(samples: Index) -> None:
    report = samples.lookup("chenghu-2023.pdf")
    forms = cite(report, report.passages[2], TODAY).forms
    assert "[R]" in forms["gbt7714_2025_numeric"]
    assert f"第{report.passages[2].page}页" in forms["law_review"]


def test_the_quotation_is_verbatim_with_headings_place_and_hash(page: tuple[Report, Passage], cited: Cited) -> None:
    report, passage = page
    assert cited.quote == report.text[passage.start : passage.end]
    for part in (cited.quote, passage.heading_path[-1], "正文第3段", report.summary.sha256, URL):
        assert part in cited.forms["quotation"]


def test_part_of_a_passage_can_be_cited_and_nothing_outside_it(page: tuple[Report, Passage]) -> None:
    report, passage = page
    part = cite(report, passage, TODAY, (passage.start + 2, passage.start + 9))
    assert part.quote == passage.text[2:9]
    with pytest.raises(QueryError):
        cite(report, passage, TODAY, (passage.start, passage.end + 1))


def test_bibtex_is_read_back_by_its_parsers(cited: Cited, tmp_path) -> None:
    library = bibtexparser.parse_string(cited.forms["bibtex"])
    assert not library.failed_blocks
    (entry,) = library.entries
    assert entry.entry_type == "misc"
    assert entry["title"] == f"{{{TITLE}}}"
    assert entry["url"] == URL
    path = tmp_path / "a.bib"
    path.write_text(cited.forms["bibtex"], encoding="utf-8")
    with warnings.catch_warnings():
        # It passes over BibLaTeX's fields.
        warnings.simplefilter("ignore")
        (item,) = BibTeX(str(path), encoding="utf-8").values()
    assert str(item["title"]) == TITLE


def test_ris_is_read_back_by_its_parser(cited: Cited) -> None:
    (entry,) = rispy.loads(cited.forms["ris"])
    assert entry["title"] == TITLE
    assert entry["authors"] == ["云岫省人民政府"]
    assert entry["urls"] == [URL]
    assert cited.forms["ris"].startswith("TY  - ELEC")


def test_no_form_names_this_site(cited: Cited) -> None:
    assert not [name for name, text in cited.forms.items() if "localhost" in text or "/reports/" in text]


def test_braces_of_a_title_do_not_break_bibtex(page: tuple[Report, Passage]) -> None:
    report, passage = page
    metadata = replace(report.summary.metadata, title="甲}县 @book{x, 报告", issuing_body="甲{县")
    odd = replace(report, summary=replace(report.summary, metadata=metadata))
    library = bibtexparser.parse_string(cite(odd, passage, TODAY).forms["bibtex"])
    assert (len(library.entries), library.failed_blocks) == (1, [])


def test_joint_issuers_are_authors_each(page: tuple[Report, Passage]) -> None:
    report, passage = page
    metadata = replace(report.summary.metadata, issuing_body="甲县委、甲县人民政府")
    joint = replace(report, summary=replace(report.summary, metadata=metadata))
    item = record(joint, passage, TODAY)
    assert [author["literal"] for author in item["author"]] == ["甲县委", "甲县人民政府"]


@pytest.mark.parametrize(
    ("body", "authors"),
    [
        ("中共云岫县委 云岫县人民政府", ["中共云岫县委", "云岫县人民政府"]),
        ("云岫县司法局 ", ["云岫县司法局"]),
        ("云岫县人民政府、云岫县司法局", ["云岫县人民政府", "云岫县司法局"]),
    ],
)
def test_organs_that_a_space_sets_apart_are_authors_each(
    page: tuple[Report, Passage], body: str, authors: list[str]
) -> None:
    report = page[0]
    metadata = replace(report.summary.metadata, issuing_body=body)
    item = record(replace(report, summary=replace(report.summary, metadata=metadata)), None, TODAY)
    assert [author["literal"] for author in item["author"]] == authors


def test_a_title_that_the_report_does_not_have_stands_in_brackets(page: tuple[Report, Passage]) -> None:
    report = page[0]
    metadata = replace(report.summary.metadata, found={"title": "自拟（原文无标题）"})
    made = replace(report, summary=replace(report.summary, metadata=metadata))
    forms = cite(made, page[1], TODAY).forms
    assert f"[{TITLE}][EB/OL]" in forms["gbt7714_2025_numeric"]
    assert f"《[{TITLE}]》" in forms["law_review"]


def test_every_report_of_the_samples_is_cited_in_every_form(samples: Index) -> None:
    for summary in samples.reports:
        report = samples.report(summary.id)
        forms = cite(report, report.passages[0], TODAY).forms
        assert {*STYLES, "quotation", "bibtex", "ris"} == set(forms)
        assert all(summary.metadata.title in forms[name] for name in STYLES)


def test_pages_carry_what_reference_managers_read(client: FlaskClient, page: tuple[Report, Passage]) -> None:
    report, passage = page
    html = client.get(f"/reports/{report.summary.id}?passage={passage.id}").text
    item = record(report, passage, TODAY)
    assert ("citation_public_url", URL) in highwire(item)
    assert f'<meta name="citation_title" content="{TITLE}">' in html
    assert parse_qs(coins(item))["rft.title"] == [TITLE]
    assert 'class="Z3988"' in html


def test_the_page_shows_all_forms_and_the_files_are_offered(client: FlaskClient, page: tuple[Report, Passage]) -> None:
    passage = page[1]
    html = client.get(f"/cite/{passage.id}?lang=zh").text
    assert html.count('class="citation"') == len(STYLES) + 3
    for suffix in ("bib", "ris", "json"):
        response = client.get(f"/cite/{passage.id}/{suffix}")
        assert "attachment" in response.headers["Content-Disposition"]
        assert TITLE in response.get_data(as_text=True)
    assert client.get(f"/cite/{passage.id}/exe").status_code == 404
    assert client.get("/cite/nothing").status_code == 404
    assert client.get(f"/cite/{passage.id}?start=0&end=9").status_code == 400
    assert client.get(f"/api/v1/passages/{passage.id}/citations").json["quote"] == passage.text
