"""Counting agrees with a plain scan of the texts, whatever is asked; what it shows is verbatim and complete."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.build import build
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import QueryError
from retrieval.store import Index, open_index
from retrieval.text import fold
from retrieval.types import ROLES, Filters, Role
from tests.conftest import quiet
from tests.plain_scan import Place, Text, Tree, holds, scan, text_of, written
from tests.test_cli import wenzheng
from webapp.counting import Count, Within, count
from webapp.expression import DISTANCE, parse
from webapp.tally import Tally

TEXT = "云台县人民政府{year}年法治政府建设情况报告\n{year}年，云台县坚持依法行政，现将情况报告如下。\n一、主要成效\n{body}\n"


def found_by(index: Index, query: str, within: Within, filters: Filters) -> tuple[set[Place], Count]:
    """All occurrences by the program, each once, and the count they are of."""
    done = count(index, query, filters, within)
    found = done.occurrences
    columns = (found.report, found.start, found.end, found.role, found.row)
    places = [
        Place(index.reports[report].id, start, end, ROLES[role], index.passage(row).id if row >= 0 else None)
        for report, start, end, role, row in zip(*(column.tolist() for column in columns), strict=True)
    ]
    assert len(set(places)) == len(places)
    return set(places), done


@pytest.fixture(scope="module")
def repetitive(tmp_path_factory: pytest.TempPathFactory, config: Config, encoder: Encoder) -> Index:
    """Reports that say little, over and over."""
    folder, root = tmp_path_factory.mktemp("repetitive"), tmp_path_factory.mktemp("repetitive-index")
    chance = random.Random(11)  # noqa: S311  # texts, not secrets
    for number in range(4):
        lines = ["".join(chance.choices("青青梅。，", k=chance.randint(15, 60))) + "青" for _ in range(8)]
        body = "\n".join([*lines[:4], "二、存在不足", *lines[4:6], "三、下一步打算", *lines[6:]])
        (folder / f"{number}.txt").write_text(TEXT.format(year=2019 + number, body=body), encoding="utf-8")
    build([folder], root, config, encoder, quiet, rebuild=False)
    return open_index(root)


def some_phrases(corpus: list[str]) -> st.SearchStrategy[str]:
    """Pieces of the texts, common and rare words, single characters, and what is nowhere."""
    cut = st.tuples(st.sampled_from(corpus), st.integers(0, 2000), st.integers(1, 7)).map(
        lambda t: t[0][t[1] % len(t[0]) :][: t[2]]
    )
    common = st.sampled_from(
        ["执法", "行政", "行政執法", "监督", "一", "，", "。", "的", "推进", "政府", "绝无此语", "办"]
    )
    return st.one_of(cut, common).filter(lambda text: fold(text) and '"' not in text)


def trees(corpus: list[str]) -> st.SearchStrategy[Tree]:
    phrase = some_phrases(corpus)
    either = st.lists(phrase, min_size=2, max_size=3).map(lambda parts: ["or", *parts])
    near = st.tuples(st.integers(0, 30), phrase | either, phrase | either).map(lambda t: ["near", *t])
    return st.recursive(
        phrase | near,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: ["and", *parts]),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: ["or", *parts]),
            inner.map(lambda part: ["not", part]),
        ),
        max_leaves=6,
    )


@cache
def texts_of(index: Index) -> list[Text]:
    return [text_of(index.report(summary.id)) for summary in index.reports]


def agrees_with_a_plain_scan(index: Index, data: st.DataObject) -> None:
    """One random query over an index, by the program and by the plain scan."""
    texts = texts_of(index)
    tree = data.draw(trees([index.text(summary) for summary in index.reports]))
    within: Within = data.draw(st.sampled_from(["passage", "report"]))
    role: Role | None = data.draw(st.sampled_from([None, None, "done", "planned", "other"]))
    if holds(tree, lambda phrase: []):
        with pytest.raises(QueryError):
            count(index, written(tree), within=within)
        return
    expected = {place for text in texts for place in scan(text, tree, within, role)}
    found, done = found_by(index, written(tree), within, Filters(role=role))
    assert found == expected
    regions = {summary.id: summary.metadata.region.chain for summary in index.reports}
    searched = [(text.report, piece) for text in texts for piece in text.pieces if role in (None, piece.role)]
    assert done.total == Tally(
        occurrences=len(found),
        passages=len({(place.report, place.passage) for place in found if place.passage}),
        passages_in_scope=sum(piece.passage is not None for _, piece in searched),
        reports=len({place.report for place in found}),
        reports_in_scope=len({report for report, _ in searched}),
        places=len({regions[place.report] for place in found} - {()}),
        places_in_scope=len({regions[report] for report, _ in searched} - {()}),
        characters=sum(piece.end - piece.start for _, piece in searched),
    )


@settings(max_examples=200)
@given(data=st.data())
def test_whatever_is_asked_the_count_is_that_of_a_plain_scan(samples: Index, data: st.DataObject) -> None:
    agrees_with_a_plain_scan(samples, data)


@settings(max_examples=200)
@given(data=st.data())
def test_it_is_also_where_words_repeat_overlap_and_cross_the_edges_of_passages(
    repetitive: Index, data: st.DataObject
) -> None:
    agrees_with_a_plain_scan(repetitive, data)


@given(data=st.data())
def test_words_cut_from_a_report_are_found_where_they_stand(samples: Index, data: st.DataObject) -> None:
    summary = data.draw(st.sampled_from(samples.reports))
    text = samples.text(summary)
    start = data.draw(st.integers(0, len(text) - 1))
    words = text[start : start + data.draw(st.integers(1, 25))]
    if not fold(words) or '"' in words:
        return
    begin, end = start + len(words) - len(words.lstrip()), start + len(words.rstrip())
    lines = count(samples, f'"{words}"', Filters(report_id=summary.id)).lines()
    # Repetitions that overlap (一一一) are counted from the left.
    assert any(line.start < end and begin < line.end for line in lines)


def test_the_words_of_lines_are_verbatim_in_order_and_as_many_as_counted(samples: Index) -> None:
    done = count(samples, "执法 OR 监督 OR １")
    lines = list(done.lines())
    assert len(lines) == done.total.occurrences > 50
    for line in lines:
        text = samples.text(line.report)
        assert text[line.start : line.end] == line.match
        assert text[max(0, line.start - 30) : line.end + 30] == line.left + line.match + line.right
        assert fold(line.match) in ("执法", "监督", "1")
        if line.passage:
            assert line.match in line.passage.text
            assert line.role == line.passage.role
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    keys = [(line.report.metadata.region.chain, line.report.metadata.year, line.start) for line in lines]
    assert keys == sorted(keys)
    assert list(done.lines(7, 5)) == lines[7:12]


def test_each_grouping_shares_out_the_total(samples: Index) -> None:
    done = count(samples, "行政")
    for by in ("place", "year", "level", "role", "report"):
        groups = [group.tally for group in done.groups(by)]  # type: ignore[arg-type]  # a dimension
        for name in ("occurrences", "passages", "passages_in_scope", "characters"):
            assert sum(getattr(one, name) for one in groups) == getattr(done.total, name), (by, name)
        if by != "role":
            assert sum(one.reports for one in groups) == done.total.reports
            assert sum(one.reports_in_scope for one in groups) == len(samples.reports)
    years = {group.value: group.tally for group in done.groups("year")}
    of_2022 = [s for s in samples.reports if s.metadata.year == 2022]
    assert years["2022"].reports_in_scope == len(of_2022)
    assert years["2022"].reports == sum("行政" in fold(samples.text(s)) for s in of_2022)


def test_the_rate_is_by_the_characters_searched(samples: Index) -> None:
    total = count(samples, "行政").total
    everything = "".join(fold(samples.text(summary)) for summary in samples.reports)
    assert total.characters == len(everything)
    assert total.per_10k == round(10_000 * everything.count("行政") / len(everything), 4)
    assert count(samples, "行政", Filters(region="不存在省")).total.per_10k is None


def test_filters_decide_what_is_searched(samples: Index) -> None:
    whole, planned = count(samples, "执法"), count(samples, "执法", Filters(role="planned"))
    assert 0 < planned.total.occurrences < whole.total.occurrences
    assert {line.role for line in planned.lines()} == {"planned"}
    one = count(samples, "执法", Filters(level="province", year_from=2022, year_to=2022))
    assert {(line.report.metadata.level, line.report.metadata.year) for line in one.lines()} == {("province", 2022)}
    assert one.total.reports_in_scope < whole.total.reports_in_scope
    measured = count(samples, "执法", Filters(measure="说理式执法"))
    assert measured.total.passages_in_scope == sum(samples.allowed(Filters(measure="说理式执法"))) > 0


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory, config: Config, encoder: Encoder) -> Index:
    """Four runs, so four segments: a report, another, a newer text of the first, and a reference document."""
    folder, root = tmp_path_factory.mktemp("grown"), tmp_path_factory.mktemp("grown-index")

    def write(name: str, year: int, body: str) -> None:
        (folder / name).write_text(TEXT.format(year=year, body=body), encoding="utf-8")
        build([folder], root, config, encoder, quiet, rebuild=False)

    write("a.txt", 2021, "推行说理式执法，处罚决定书说清事实、证据、法律依据和裁量理由，全年办理青梅案件12件。")
    write("b.txt", 2022, "推進行政覆議，依法答覆申請人，全年办理青梅案件3件，青梅协会参与调解，群众满意度明显提高。")
    write("a.txt", 2021, "推行说理式执法，处罚决定书说清事实、证据、法律依据和裁量理由，全年办理乾隆案件12件。")
    (folder / "manifest.csv").write_text("file,reference\nc.txt,1\n", encoding="utf-8")
    write("c.txt", 2023, "各地应当依法办理青梅案件，支持青梅协会依照章程参与调解，及时公开青梅案件的处理结果。")
    return open_index(root)


def test_only_the_texts_in_force_of_all_segments_are_counted(grown: Index) -> None:
    assert len(grown.fulltext) == 4
    assert [line.report.source_name for line in count(grown, "青梅").lines()] == ["b.txt", "b.txt"]
    total = count(grown, "依法行政").total
    assert (total.occurrences, total.reports, total.reports_in_scope, total.places_in_scope) == (2, 2, 2, 1)
    assert {line.passage.text[:2] for line in count(grown, "案件").lines() if line.passage} == {"推行", "推進"}


@pytest.mark.parametrize(
    ("query", "match"),
    [("答复申请人", "答覆申請人"), ("答覆申請人", "答覆申請人"), ("乾", "乾"), ("干隆案件１２", "乾隆案件12")],
)
def test_either_script_and_width_finds_the_other_and_shows_the_original(grown: Index, query: str, match: str) -> None:
    assert [line.match for line in count(grown, query).lines()] == [match]


def test_operators_are_met_within_a_passage_or_a_report(samples: Index) -> None:
    query = "双语 AND 行政复议"
    assert count(samples, query).total.reports == 0
    assert count(samples, query, within="report").total.reports > 0


def test_near_counts_the_left_phrase_at_the_distance_and_not_beyond(grown: Index) -> None:
    assert count(grown, "办理 NEAR/2 案件").total.occurrences == 2
    assert count(grown, "办理 NEAR/1 案件").total.occurrences == 0
    assert count(grown, "案件 NEAR/2 办理").total.occurrences == 2
    assert count(grown, "青梅 NEAR/0 协会").total.occurrences == 1


def test_one_place_in_the_text_counts_once(grown: Index) -> None:
    assert count(grown, "青梅 OR 青梅案件").total.occurrences == 2
    assert count(grown, "青梅 AND 青梅").total.occurrences == 2


def test_what_runs_over_an_edge_counts_in_the_report_alone_and_hides_nothing(grown: Index) -> None:
    total = count(grown, "成效推行").total
    assert (total.occurrences, total.reports, total.passages) == (1, 1, 0)
    # The heading ends in 成效, the passage begins with 推行.
    total = count(grown, "推行 OR 成效推行").total
    assert (total.occurrences, total.passages) == (2, 1)
    assert count(grown, "成效推行 AND 报告2021").total.occurrences == 0
    assert count(grown, "成效推行 AND 报告2021", within="report").total.occurrences == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("甲 乙", "甲 AND 乙"), ("甲 且 乙", "甲 AND 乙"), ("甲 或 乙", "甲 OR 乙"), ("甲 非 乙", "甲 AND NOT 乙"),
        ("甲 近/5 乙", "甲 NEAR/5 乙"), ("甲 near 乙", f"甲 NEAR/{DISTANCE} 乙"), ("（甲 或 乙） 丙", "(甲 OR 乙) AND 丙"),
        ("甲 OR 乙 丙", "甲 OR (乙 AND 丙)"), ("NOT (甲 OR 乙) 丙", "(NOT 甲 AND NOT 乙) AND 丙"), ("“甲 乙”", "甲乙"),
        ("「甲」NEAR／3『乙』", "甲 NEAR/3 乙"), ("NOT NOT 甲", "甲"), ("非(甲) 乙", "NOT 甲 乙"),
    ],
)  # fmt: skip
def test_the_language_has_several_spellings(one: str, other: str) -> None:
    assert parse(one).tree == parse(other).tree


@pytest.mark.parametrize("words", ["非法集资", "或者", "且慢", "接近", "ANDROID", "附近"])
def test_an_operator_inside_a_word_is_none(words: str) -> None:
    assert [phrase.folded for phrase in parse(words).phrases] == [fold(words)]
    assert [phrase.folded for phrase in parse('"非" “AND”').phrases] == ["非", "and"]


@pytest.mark.parametrize(
    ("query", "zh", "en"),
    [
        ("", "请输入", "name a phrase"), ("  ", "请输入", "name a phrase"), ("甲 AND", "甲 AND▶ 末尾缺词语", "lacks a phrase"),
        ("(甲 OR 乙", "末尾缺右括号", "closing bracket"), ("甲) 乙", "第 2 个字符", "character 2"),
        ("甲 OR OR 乙", "第 6 个字符处看不懂（这里应是词语）：甲 OR ▶OR 乙", "character 6: a phrase should stand here"),
        ("AND 甲", "第 1 个字符", "character 1"), ("甲 “乙", "第 3 个字符处的引号不成对", "character 3: the quotation mark"),
        ('甲 ""', "第 3 个字符处的词语是空的", "nothing in this phrase"), ("NOT 甲", "不能只有 NOT", "beside NOT"),
        ("甲 OR NOT 乙", "不能只有 NOT", "beside NOT"), ("甲 NEAR/x 乙", "写成 NEAR 或 NEAR/20", "cannot read NEAR/x"),
        ("甲 NEAR (乙 AND 丙)", "第 3 个字符处的 NEAR 两边", "character 3: beside NEAR"), ("甲" * 501, "最多 500", "at most 500"),
        (" ".join(map(str, range(21))), "最多 20 个词语", "at most 20 phrases"),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_read_is_pointed_at(query: str, zh: str, en: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert zh in caught.value.zh
    assert en in caught.value.en


def test_an_unknown_scope_is_an_error(samples: Index) -> None:
    with pytest.raises(QueryError, match="within"):
        count(samples, "执法", within="sentence")  # type: ignore[arg-type]  # what a request may hold


def test_the_api_counts_pages_and_says_what_it_counted(client: FlaskClient, samples: Index) -> None:
    done = count(samples, "执法")
    served = client.get("/api/v1/count?q=执法&limit=3&offset=2&context=5").json
    assert served["total"]["occurrences"] == done.total.occurrences
    assert served["total"]["per_10k"] == done.total.per_10k
    assert [line["number"] for line in served["lines"]] == [3, 4, 5]
    assert set(served["groups"]) == {"place", "year", "level", "role", "report"}
    assert len(served["groups"]["report"]) == done.total.reports
    for line in served["lines"]:
        text = client.get(f"/api/v1/reports/{line['report_id']}").json["text"]
        assert text[line["start"] : line["end"]] == line["match"] == "执法"
        assert len(line["left"]) == len(line["right"]) == 5
    assert client.get("/api/v1/count?q=执法&limit=0").json["lines"] == []
    assert client.get("/api/v1/count?q=执法&year=2022&role=planned").json["filters"]["role"] == "planned"
    assert client.get("/api/v1/count?q=(执法").json["error"]["code"] == "bad_query"


def test_the_page_says_n_of_n_and_marks_every_match(client: FlaskClient, samples: Index) -> None:
    total = count(samples, "双语").total
    page = client.get("/count?q=双语&lang=zh").text
    assert f"{total.reports_in_scope} 份报告中有 {total.reports} 份" in page
    assert page.count("<mark>双语</mark>") == total.occurrences
    assert "<mark>" not in client.get("/count?q=绝无此语&lang=zh").text
    assert 'name="q"' in client.get("/count").text
    assert client.get("/count?q=(执法&lang=en").status_code == 400
    assert "a closing bracket" in client.get("/count?q=(执法&lang=en").text


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "docx", "md", "json"])
@pytest.mark.parametrize("what", ["count", "lines"])
def test_counts_and_lines_are_taken_away_in_every_format(client: FlaskClient, what: str, suffix: str) -> None:
    response = client.get(f"/download/{what}.{suffix}?q=双语")
    assert response.status_code == 200
    assert len(response.data) > 300


def test_an_exported_list_has_every_line_with_its_offsets_and_source(client: FlaskClient, samples: Index) -> None:
    rows = client.get("/download/lines.json?q=执法").json["rows"]
    lines = list(count(samples, "执法").lines())
    assert [(r["左文 left"], r["词语 match"], r["起 start"]) for r in rows] == [
        (n.left, n.match, n.start) for n in lines
    ]
    assert all(row["引用 citation"] for row in rows)
    counts = client.get("/download/count.json?q=执法").json["rows"]
    assert counts[0]["出现次数 occurrences"] == len(lines)
    assert sum(r["出现次数 occurrences"] for r in counts if r["按 by"] == "报告 report") == len(lines)


def test_the_command_prints_the_apis_object(samples_root: Path, client: FlaskClient, tmp_path: Path) -> None:
    words = ("count", "执法 或 监督", "--within", "report", "--year", "2022")
    served = client.get("/api/v1/count?q=执法 或 监督&within=report&year=2022&limit=1000").json
    assert json.loads(wenzheng(*words, "--lines", "--json", index=samples_root).stdout) == served
    assert "份报告中有" in wenzheng(*words, index=samples_root).stdout
    assert wenzheng(*words, "--lines", index=samples_root).stdout.count("[") == served["total"]["occurrences"]
    assert wenzheng(*words, "-o", tmp_path / "c.csv", index=samples_root).returncode == 0
    assert (tmp_path / "c.csv").read_text("utf-8-sig").startswith("按 by,")
    assert wenzheng("count", "(执法", index=samples_root).returncode == 2
