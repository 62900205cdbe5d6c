"""Ranking and filters on the samples, with the real model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from retrieval.config import Config
from retrieval.division import Divider
from retrieval.encoder import Encoder
from retrieval.encoder.locate import locate
from retrieval.encoder.sbert import CrossEncoderReranker
from retrieval.errors import QueryError
from retrieval.filters import admitting, in_region, parse_filters
from retrieval.highlight import best_sentence, matched_spans
from retrieval.search import Searcher, _best, open_searcher
from retrieval.text import normalise_query, normalise_with_offsets, tokens
from retrieval.types import Filters, Metadata, Region, ReportSummary, Results


def first_places(results: Results, count: int = 3) -> list[str]:
    return [hit.report.metadata.region.name for hit in results.hits[:count]]


@pytest.mark.parametrize(
    ("query", "place", "words"),
    [
        ("哪些地方推行了说理式执法", "鸣泉区", "说理式"), ("民告官时官员要亲自出庭", "雁回县", "出庭"), ("骑马下乡调解牧民纠纷", "柳塘乡", "马背调解队"),
        ("飞行器从空中找违法线索", "松鹤县", "无人机"), ("哪些地方建立訴願線上辦理", "石榆州", "线上行政复议"), ("lawyers stationed in villages", "望月镇", "律师坐班"),
    ],
)  # fmt: skip
def test_a_question_in_other_words_finds_the_measure(searcher: Searcher, query: str, place: str, words: str) -> None:
    results = searcher.search(query, limit=5)
    found = [hit for hit in results.hits if words in hit.passage.text and hit.report.metadata.region.name == place]
    assert found, [hit.passage.text[:30] for hit in results.hits]


def test_traditional_and_simplified_queries_rank_alike(searcher: Searcher) -> None:
    plain = [hit.passage.id for hit in searcher.search("行政机关负责人出庭应诉").hits]
    assert [hit.passage.id for hit in searcher.search("行政機關負責人出庭應訴").hits] == plain


def test_every_hit_is_a_verbatim_span_of_its_report(searcher: Searcher) -> None:
    for hit in searcher.search("执法监督", limit=50).hits:
        text = searcher.index.report(hit.report.id).text
        assert text[hit.passage.start : hit.passage.end] == hit.passage.text
        start, end = hit.sentence
        assert hit.passage.start <= start < end <= hit.passage.end
        assert all(start_ < end_ for start_, end_ in hit.marks)


@pytest.mark.parametrize(
    ("values", "check"),
    [
        ({"region": "云岫省"}, lambda m, p: m.region.province == "云岫省"), ({"region": "松鹤县"}, lambda m, p: m.region.county == "松鹤县"),
        ({"region": "云岫/松鹤"}, lambda m, p: m.region.county == "松鹤县"), ({"year": "2022"}, lambda m, p: m.year == 2022),
        ({"year": "2019-2020"}, lambda m, p: m.year in (2019, 2020)), ({"year": "2023-"}, lambda m, p: m.year >= 2023),
        ({"level": "township"}, lambda m, p: m.level == "township"), ({"role": "planned"}, lambda m, p: p.role == "planned"),
        ({"department": "市场监督"}, lambda m, p: m.department == "市场监督管理局"),
        ({"region": "青岚省", "year": "2021", "role": "shortcoming"}, lambda m, p: m.region.county == "雁回县" and m.year == 2021 and p.role == "shortcoming"),
    ],
)  # fmt: skip
def test_filters_hold_for_every_hit_and_miss_none(searcher: Searcher, values: dict[str, str], check) -> None:
    results = searcher.search("执法", parse_filters(values), limit=100)
    everything = [(p, s) for p, s in searcher.index.passages() if check(s.metadata, p)]
    assert results.scope_passages == len(everything) > 0
    assert {hit.passage.id for hit in results.hits} == {passage.id for passage, _ in everything}


def test_filters_apply_before_the_cut_not_after(searcher: Searcher) -> None:
    # Far down the unfiltered list for this query, and first of its own place.
    results = searcher.search("疫情防控口罩价格", Filters(region="柳塘乡"), limit=3)
    assert len(results.hits) == 3
    assert set(first_places(results)) == {"柳塘乡"}


def test_a_filter_that_matches_nothing_returns_nothing(searcher: Searcher) -> None:
    results = searcher.search("执法", Filters(region="北京市"))
    assert (results.total, results.hits, results.scope_reports) == (0, (), 0)


def test_facets_count_what_is_ranked(searcher: Searcher) -> None:
    results = searcher.search("执法", limit=100)
    for name in ("level", "year", "role"):
        assert sum(item.count for item in results.facets[name]) == results.total


def test_pages_continue_each_other(searcher: Searcher) -> None:
    whole = [hit.passage.id for hit in searcher.search("执法", limit=20).hits]
    pages = [hit.passage.id for offset in (0, 7, 14) for hit in searcher.search("执法", limit=7, offset=offset).hits]
    assert pages[:20] == whole
    assert [hit.rank for hit in searcher.search("执法", limit=2, offset=5).hits] == [6, 7]


@pytest.mark.parametrize(
    "values", [{"year": "二零二二"}, {"year": "-"}, {"level": "village"}, {"role": "will"}, {"year": "20222"}]
)
def test_unusable_filters_say_what_is_possible(values: dict[str, str]) -> None:
    with pytest.raises(QueryError):
        parse_filters(values)


@pytest.mark.parametrize(("query", "limit"), [("", 10), ("　 ", 10), ("执" * 501, 10), ("执法", 101), ("执法", -1)])
def test_unusable_queries_are_refused(searcher: Searcher, query: str, limit: int) -> None:
    with pytest.raises(QueryError):
        searcher.search(query, limit=limit)


@pytest.mark.parametrize(
    "query", ["？？？", "%$#@", "'; DROP TABLE reports;--", "\ud800执法", "a" * 400, "\u202e执法\u0000"]
)
def test_odd_queries_are_answered(searcher: Searcher, query: str) -> None:
    assert searcher.search(query).total > 0


def test_the_words_that_match_are_marked_in_the_original_script() -> None:
    text = "全面推進（行政）執法 公示。"
    spans = matched_spans(normalise_with_offsets(text), tokens(normalise_query("行政执法公示")))
    assert [text[a:b] for a, b in spans] == ["行政", "執法", "公示"]


def test_the_best_sentence_is_the_one_with_the_query_s_words() -> None:
    text = "加强领导。推行说理式执法。强化监督。"
    assert text[slice(*best_sentence(text, tokens("说理式执法")))] == "推行说理式执法。"


@pytest.mark.parametrize(
    ("wanted", "inside"),
    [
        ("云南省", True), ("云南", True), ("楚雄州", True), ("楚雄", True), ("武定", True), ("雲南省", True), ("云南省/白路镇", True),
        ("530000", True), ("532329", True), ("河南省", False), ("白路乡镇", False), ("河南省/武定县", False), ("532301", False),
        ("武定市", False), ("楚雄市", False),
    ],
)  # fmt: skip
def test_a_place_lies_in_every_place_above_it(wanted: str, inside: bool) -> None:
    region = Region("云南省", "楚雄彝族自治州", "武定县", "白路镇", "532329")
    assert in_region(region, wanted) is inside


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    ("wanted", "admitted"),
    [("武定县", ["县", "局"]), ("云南省/武定县、禄劝县", ["县", "局", "另一县"]), ("/", []), ("楚雄州", ["县", "局"])],
)
def test_each_report_is_held_against_the_places_wanted(wanted: str, admitted: list[str], own: bool) -> None:
    places = {
        "县": Region("云南省", "楚雄彝族自治州", "武定县"),
        "局": Region("云南省", "楚雄彝族自治州", "武定县"),
        "另一县": Region("云南省", "昆明市", "禄劝县"),
        "不明": Region(),
    }
    summaries = [
        ReportSummary(name, name, name, "", "", Metadata(name, False, region)) for name, region in places.items()
    ]
    found = filter(admitting(Filters(region=wanted, own_reports_only=own)), summaries)
    # A prefecture's own reports are not those of its counties.
    assert [summary.id for summary in found] == ([] if own and wanted == "楚雄州" else admitted)


def test_texts_divide_alike_alone_and_together(encoder: Encoder) -> None:
    texts = [
        "一是推行说理式执法。二是建立台账，强化监督。",
        "加強領導。",
        "一是推行说理式执法。二是建立台账，强化监督。",
    ]
    together = Divider(encoder).parts(texts)
    alone = [Divider(encoder).parts([text])[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert one.plain == other.plain
        assert np.array_equal(one.starts, other.starts)
        assert np.array_equal(one.clause_tokens, other.clause_tokens)


def test_a_divider_keeps_the_latest_texts(encoder: Encoder, monkeypatch) -> None:
    monkeypatch.setattr("retrieval.division._KEPT", 2)
    divider = Divider(encoder)
    first, second, third = divider.parts(["甲。", "乙。", "丙。"])
    assert divider.parts(["丙。"])[0] is third
    assert divider.parts(["乙。"])[0] is second
    assert divider.parts(["甲。"])[0] is not first


def test_masks_have_one_entry_for_each_row(searcher: Searcher) -> None:
    mask = searcher.allowed(Filters(role="planned"))
    assert mask.dtype == np.bool_
    assert mask.shape == (len(searcher.index.report_numbers),)


@pytest.mark.parametrize("size", [0, 5, 255, 256, 30_000, 100_003])
def test_the_best_rows_are_those_of_a_whole_sort_and_of_equals_the_first(size: int) -> None:
    drawn = np.random.default_rng(size)
    # Few different scores, so that many are equal.
    scores = drawn.integers(0, 60, size).astype(np.float32) * (drawn.random(size) < 0.3)
    allowed = drawn.random(size) < 0.5
    for count in (1, 50, 100):
        for mask in (allowed, np.ones(size, bool)):
            ordered = sorted(np.flatnonzero((scores > 0) & mask).tolist(), key=lambda row: (-scores[row], row))
            assert _best(scores, count, mask).tolist() == ordered[:count]


class PooledOnly:
    """The real encoder without token vectors, as for a model that cannot be exported."""

    def __init__(self, encoder) -> None:
        self.encoder = encoder

    def queries(self, texts: list[str]) -> list:
        return [replace(each, tokens=each.tokens[:0]) for each in self.encoder.queries(texts)]

    def token_spans(self, texts: list[str]) -> list[np.ndarray]:
        return [np.zeros((0, 2), int) for _ in texts]


def test_without_token_vectors_whole_passage_vectors_rank(searcher: Searcher) -> None:
    pooled = Searcher(searcher.index, PooledOnly(searcher.encoder), replace(searcher.settings, lexical_weight=0))
    hits = pooled.search("骑马下乡调解牧民纠纷", limit=20).hits
    assert all(hit.why.similarity is None for hit in hits)
    dense = [hit.why.dense for hit in hits]
    assert dense == sorted(dense, reverse=True)
    assert len(set(dense)) > 10


def test_a_cross_encoder_reorders_the_first_hits_and_nothing_else(searcher: Searcher, config: Config) -> None:
    whole = CrossEncoderReranker(str(locate(config).path))  # the encoder's body under an untrained head
    reranked = Searcher(searcher.index, searcher.encoder, replace(searcher.settings, rerank=5), None, whole)
    plain = Searcher(searcher.index, searcher.encoder, searcher.settings)
    query = "行政复议案件审理"
    before, after = plain.search(query, limit=20).hits, reranked.search(query, limit=20).hits
    judged = whole.scores(query, [hit.passage.text for hit in before[:5]])
    assert [hit.passage.id for hit in after[:5]] == [before[i].passage.id for i in np.argsort(-judged, kind="stable")]
    assert [hit.passage.id for hit in after[5:]] == [hit.passage.id for hit in before[5:]]
    assert [hit.score for hit in after] == [hit.score for hit in before]


def test_a_cross_encoder_that_cannot_be_had_is_done_without(
    searcher: Searcher, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    named = replace(config, search=replace(config.search, cross_encoder="/nowhere/cross-encoder"))
    assert open_searcher(named, searcher.index, searcher.encoder).search("行政复议").total
    assert "/nowhere/cross-encoder" in caplog.text
