from __future__ import annotations

import pytest

from retrieval.text import normalise, normalise_query, normalise_with_offsets, sentences, simplify, tokens


def test_traditional_and_simplified_match() -> None:
    assert normalise("法定程序與執法監督") == normalise("法定程序与执法监督")


def test_mainland_words_are_kept_as_they_are() -> None:
    # tw2sp would turn 程序 into 进程.
    assert simplify("法定程序") == "法定程序"


@pytest.mark.parametrize("text", ["依法行政", "關于領導干部", "𠮷野家", "ﬁ①½", ""])
def test_simplifying_keeps_one_code_point_for_one(text: str) -> None:
    assert len(simplify(text)) == len(text)


def test_width_and_spaces_do_not_matter() -> None:
    assert normalise("（一）　１００％\u00a0ＡＢ") == "(一) 100% ab"


def test_offsets_lead_back_to_the_original() -> None:
    text = "第①項：ﬁne　 執法"
    plain = normalise_with_offsets(text)
    at = plain.text.index("执法")
    assert text[plain.offsets[at] : plain.offsets[at + 1] + 1] == "執法"
    assert len(plain.offsets) == len(plain.text) + 1


def test_words_of_taiwan_are_mapped_on_the_query_side_only() -> None:
    assert "行政复议" in normalise_query("人民提起訴願")
    assert "行政复议" not in normalise("人民提起訴願")


def test_the_certain_mojibake_is_repaired_for_matching() -> None:
    assert normalise("依法行政工作?,F將2022年") == "依法行政工作。现将2022年"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "gb18030"])
def test_text_read_in_a_wrong_encoding_is_repaired_for_matching(encoding: str) -> None:
    damaged = "法治政府建设情况报告如下".encode().decode(encoding, "replace")
    whole = "\ufffd" not in damaged
    assert (normalise(damaged) == "法治政府建设情况报告如下") is whole


@pytest.mark.parametrize("text", ["涓流汇海，鍒印章", "鏈接", "Ã", "琛山寤骞镇"])
def test_rare_but_sound_characters_are_left_alone(text: str) -> None:
    assert simplify(normalise(text)) == simplify(text.lower()).replace("，", ",")


def test_invisible_characters_and_private_glyphs_do_not_hinder_a_match() -> None:
    text = "\uf06c行政\u00ad执\u200b法"
    assert normalise(text) == "行政执法"
    plain = normalise_with_offsets(text)
    assert text[plain.offsets[2] : plain.offsets[4]] == "执\u200b法"


def test_sentences_keep_closing_quotes_and_cover_everything() -> None:
    text = "他说“要依法。”然后；结束!没有句号"
    assert [text[a:b] for a, b in sentences(text)] == ["他说“要依法。”", "然后；", "结束!", "没有句号"]


def test_half_width_marks_inside_addresses_do_not_end_sentences() -> None:
    text = "见http://a.cn/x?id=1;b。完。"
    assert [text[a:b] for a, b in sentences(text)] == ["见http://a.cn/x?id=1;b。", "完。"]


def test_terms_are_bigrams_words_and_numbers() -> None:
    assert tokens("说理式执法abc2022年") == ["说理", "理式", "式执", "执法", "abc", "2022", "年"]
