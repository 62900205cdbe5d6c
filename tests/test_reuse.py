"""How much of a passage stands elsewhere word for word, held against a corpus in which the truth is planted."""

from __future__ import annotations

from pathlib import Path

from bench.planted import REFERENCE, REFERENCE_TITLE
from indexer.build import build
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.store import open_index
from retrieval.text import fold
from tests.conftest import Planted, quiet
from webapp.reuse import GRAM, Reuse, covered_by, reuse


def reuse_of(planted: Planted, opening: str, place: str, year: int) -> Reuse:
    for passage, summary in planted.searcher.index.passages():
        if opening in passage.text and summary.metadata.region.name == place and summary.metadata.year == year:
            return reuse(planted.searcher.index, passage, summary)
    raise AssertionError(f"no passage of {place} {year} has {opening}")


def test_copied_words_name_the_earlier_text_first(planted: Planted) -> None:
    told = reuse_of(planted, "说理式执法，在处罚决定书", "榆关县", 2018)
    assert told.share >= 0.8
    assert not told.first
    others = [source for source in told.sources if source.kind == "other"]
    assert others[0].summary.metadata.region.name == "岚溪县"
    assert others[0].earlier


def test_the_first_to_say_it_is_told_so(planted: Planted) -> None:
    first = planted.truth.first_years()["岚溪县", "说理式执法"]
    told = reuse_of(planted, "说理式执法，在处罚决定书", "岚溪县", first)
    assert told.first
    assert told.share >= 0.8


def test_words_of_a_reference_document_are_credited_to_it(planted: Planted) -> None:
    place, year = planted.truth.repeats[0]
    told = reuse_of(planted, REFERENCE[0][:12], place, year)
    assert told.sources[0].kind == "reference"
    assert told.sources[0].summary.metadata.title == REFERENCE_TITLE
    assert not told.first


def test_own_sentences_share_nothing(planted: Planted) -> None:
    year = planted.truth.first_years()["桐荫县", "法律明白人"]
    assert reuse_of(planted, "法律明白人发积分卡", "桐荫县", year).share <= 0.2


def test_shared_spans_stand_letter_by_letter_in_another_text(planted: Planted) -> None:
    told = reuse_of(planted, "说理式执法，在处罚决定书", "榆关县", 2018)
    texts = [fold(planted.searcher.index.text(source.summary)) for source in told.sources]
    for start, end in told.spans:
        words = fold(told.passage.text[start - told.passage.start : end - told.passage.start])
        assert any(words[:GRAM] in text for text in texts)


def test_a_changed_number_does_not_break_a_copied_sentence() -> None:
    one, other = (
        "公布轻微违法行为首违不罚清单全年免罚35件并对及时改正的不予处罚",
        "公布轻微违法行为首违不罚清单全年免罚120件并对及时改正的不予处罚",
    )
    assert covered_by(one, other).all()
    assert covered_by("县里给法律明白人发积分卡换农资", other).sum() == 0


def test_numbers_that_stand_close_together_do_not_break_one_either() -> None:
    one, other = (f"全年审查增量文件{n}件，清理存量文件{n}件，修订、废止文件{n}件" for n in (695, 12))
    assert covered_by(one, other).all()
    assert not covered_by("文件695件，存量695件，另有增量695件", other).any()


def test_a_copy_is_followed_over_its_small_edits() -> None:
    one = fold("认真抓好河道保洁员管理，明确保洁员的职责范围和巡查频次，每月对巡查记录进行抽查，全年抽查12次。")
    other = fold("切实抓好河道保洁员管理工作，明确保洁员的职责范围、巡查频次，逐月抽查巡查记录，全年抽查30次。")
    own = fold("河道保洁员管理由渔政站的退休船工负责，谁家门前漂来垃圾谁家捞，捞满一船换一袋米。")
    assert covered_by(one, other).mean() > 0.6
    assert covered_by(own, other).mean() < 0.2


def test_runs_that_overlap_and_stand_in_different_places_are_both_shared() -> None:
    one = fold("甲乙丙丁戊己庚辛壬癸子丑寅卯辰")
    assert covered_by(one, fold("甲乙丙丁戊己庚辛壬癸无关的话己庚辛壬癸子丑寅卯辰")).all()


def test_lists_of_numbers_are_no_shared_words() -> None:
    rates = ("办结率98.5%，97.2%，96.1%，95.7%，94.3%，93.9%", "应诉率88.1%，77.2%，66.3%，55.4%，44.5%，33.6%")
    days = ("2021年3月5日、2021年4月6日、2021年7月8日", "2019年1月2日、2019年2月3日、2019年5月6日、2019年8月9日")
    assert not covered_by(*rates).any()
    assert not covered_by(*days).any()


def test_a_sentence_full_of_changed_numbers_is_found_in_the_report_it_was_copied_from(
    config: Config, encoder: Encoder, tmp_path: Path
) -> None:
    for place, year, n in (("岚溪", 2020, 695), ("榆关", 2021, 12)):
        said = f"全年审查增量文件{n}件，清理存量文件{n + 3}件，修订、废止文件{n - 2}件。"
        text = f"{place}县人民政府{year}年法治政府建设情况报告\n一、主要做法\n{said}\n"
        (tmp_path / f"{place}.txt").write_text(text, encoding="utf-8")
    build([tmp_path], tmp_path / "index", config, encoder, quiet, rebuild=False)
    index = open_index(tmp_path / "index")
    passage, summary = next(pair for pair in index.passages() if pair[1].metadata.year == 2021)
    told = reuse(index, passage, summary)
    assert told.share > 0.9
    assert [source.summary.metadata.year for source in told.sources] == [2020]


def test_the_reuse_page_marks_and_folds_shared_wording(planted_site, planted: Planted) -> None:
    told = reuse_of(planted, "说理式执法，在处罚决定书", "榆关县", 2018)
    page = planted_site.get(f"/reuse/{told.passage.id}").text
    assert 'class="shared"' in page
    folded = planted_site.get(f"/reuse/{told.passage.id}?fold=1").text
    assert 'class="folded"' in folded
    assert 'class="shared"' not in folded
