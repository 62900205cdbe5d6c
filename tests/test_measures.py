"""The vocabulary of measures: what it holds, how it is read, and what it does for search, facets and filters."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.build import build
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import ConfigError
from retrieval.measures import BUNDLED, load_measures
from retrieval.search import Searcher, open_searcher
from retrieval.store import open_index
from retrieval.tags import Naming
from retrieval.types import Filters
from tests.conftest import SAMPLES, quiet

HEADER = "section,term,variants,everyday,taiwan,english\n"


def test_the_bundled_vocabulary_covers_the_genre_in_all_its_wordings() -> None:
    measures = load_measures(BUNDLED)
    assert len(measures) >= 200
    assert len({measure.section for measure in measures}) >= 10
    for measure in measures:
        assert len(measure.everyday) >= 2, measure.term
        assert measure.taiwan, measure.term
        assert measure.english, measure.term


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("term,section\n", "第一行"),
        (HEADER + "甲,说理,,,,\n甲,说理,,,,\n", "第 3 行"),
        (HEADER + "甲,,,,,\n", "第 2 行"),
        (HEADER + "甲,说理,a,b,c,d,e\n", "第 2 行"),
        (HEADER + "甲,说理\n", "第 2 行"),
    ],
)
def test_a_faulty_vocabulary_is_refused_by_name_and_line(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=fault) as caught:
        load_measures(path)
    assert str(path) in caught.value.zh


def test_a_vocabulary_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(
        ("\ufeff" + HEADER + "甲,说理式执法, 释法说理；说理文书 ;以理服人,讲道理,,\n").encode().replace(b"\n", b"\r\n")
    )
    (measure,) = load_measures(path)
    assert measure.term == "说理式执法"
    assert measure.variants == ("释法说理", "说理文书", "以理服人")


@pytest.mark.parametrize(
    ("query", "term"),
    [
        ("第一次违规的小店能不能免罚", "包容免罚清单"),
        ("被告席上坐的是不是局长本人", "行政机关负责人出庭应诉"),
        ("人民提起訴願怎麼審", "行政复议"),
        ("legal aid for poor people", "法律援助"),
    ],
)
def test_a_question_in_other_words_is_taken_to_mean_the_official_measure(
    searcher: Searcher, query: str, term: str
) -> None:
    expansion = searcher.prepare(query).expansion
    assert expansion is not None
    assert expansion.measure.term == term


def test_a_question_outside_the_genre_means_no_measure(searcher: Searcher) -> None:
    assert searcher.prepare("世界杯冠军是谁").expansion is None


def test_the_measure_can_be_left_out_of_the_score(searcher: Searcher) -> None:
    with_it = searcher.search("被告席上坐的是不是局长本人")
    without = searcher.search(searcher.prepare("被告席上坐的是不是局长本人", expand=False))
    assert with_it.measure
    assert with_it.hits[0].why.measure_similarity is not None
    assert without.measure is None
    assert {hit.why.measure_similarity for hit in without.hits} == {None}


def test_the_measure_facet_counts_and_filters_passages_that_name_it(searcher: Searcher) -> None:
    results = searcher.search("行政复议")
    count = next(item.count for item in results.facets["measure"] if item.value == "行政复议")
    named = searcher.search("行政复议", Filters(measure="行政复议"), limit=100)
    assert named.total == count
    assert all("行政复议" in hit.why.measures for hit in named.hits)
    assert searcher.search("行政复议", Filters(measure="没有这个举措")).total == 0


def test_a_longer_name_is_not_also_the_shorter_one() -> None:
    naming = Naming(load_measures())
    assert set(naming.names("推进行政复议体制改革")) == {"行政复议体制改革"}
    assert set(naming.names("推进行政复议 体制改革，办理行政复议")) == {"行政复议体制改革", "行政复议"}


def test_an_own_vocabulary_is_used_and_tags_anew_without_embedding(
    tmp_path: Path, config: Config, encoder: Encoder
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    shutil.copy(SAMPLES / "linxi-2021.txt", folder)
    root = tmp_path / "index"
    first = build([folder], root, config, encoder, quiet, rebuild=False)
    path = tmp_path / "own.csv"
    path.write_text(HEADER + "甲,顾问列席制,法律顾问,律师陪会,,\n", encoding="utf-8")
    own = replace(config, search=replace(config.search, vocabulary=str(path)))
    second = build([folder], root, own, encoder, quiet, rebuild=False)
    assert second.version == first.version + 1
    assert second.embedded == 0
    searcher = open_searcher(own, open_index(root), encoder)
    assert [item.value for item in searcher.search("律师").facets["measure"]] == ["顾问列席制"]
    assert build([folder], root, own, encoder, quiet, rebuild=False).version == second.version


def test_names_of_other_measures_are_told_from_those_of_what_is_asked() -> None:
    naming = Naming(load_measures())
    assert naming.others("全面落实行政执法公示制度", "政务公开") == ["行政执法公示"]
    assert naming.others("深化政务公开", "政务公开") == []
    # A name inside the one asked for, or around it, is no other.
    assert naming.others("行政执法监督员参加活动", "特邀行政执法监督员") == []
    assert naming.others("先看有没有偏向本地企业", "公平竞争审查") == []
