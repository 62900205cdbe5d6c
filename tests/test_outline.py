"""Headings, sections' roles and passages."""

from __future__ import annotations

import pytest

from indexer.chunk import chunk
from indexer.clean import clean
from indexer.outline import outline, section_role
from indexer.readers import read
from retrieval.config import ChunkSettings
from retrieval.text import sentences
from retrieval.types import Passage

LONG = "坚持依法行政，推动各项任务落地见效，群众满意度不断提高，执法水平稳步提升。"


def parts(*lines: str) -> tuple[str, list[tuple[int, str]], tuple[Passage, ...]]:
    cleaned = clean(read("\n".join(lines).encode(), "a.txt"))
    paragraphs = outline(cleaned)
    headings = [(p.level, cleaned.text[p.start : p.end]) for p in paragraphs if p.kind == "heading"]
    return cleaned.text, headings, chunk(cleaned.text, paragraphs, cleaned.origins, "r", 2022, ChunkSettings())


def test_run_in_headings_are_cut_off_their_paragraph() -> None:
    _, headings, passages = parts("一、主要成效", f"(一)坚持党的领导,法治政府建设有力推进。一是{LONG}二是{LONG}")
    assert headings == [(1, "一、主要成效"), (2, "(一)坚持党的领导,法治政府建设有力推进。")]
    assert "".join(passage.text for passage in passages) == f"一是{LONG}二是{LONG}"
    assert {passage.heading_path for passage in passages} == {
        ("一、主要成效", "(一)坚持党的领导,法治政府建设有力推进。")
    }


@pytest.mark.parametrize(
    "marks",
    [("一、", "（一）", "1、"), ("一、", "(一)", "1."), ("一、", "（三）、", "1．"), ("第一部分 ", "一、", "（一）")],
)
def test_numbering_styles_give_levels_by_rank(marks: tuple[str, str, str]) -> None:
    top, middle, low = marks
    _, headings, _ = parts(f"{top}总体情况", f"{middle}完善制度", f"{low}健全机制", LONG, f"{middle}强化监督", LONG)
    assert headings == [
        (1, f"{top}总体情况"),
        (2, f"{middle}完善制度"),
        (3, f"{low}健全机制"),
        (2, f"{middle}强化监督"),
    ]


def test_numbering_that_starts_again_in_a_later_part_stays_below_that_part() -> None:
    _, _, passages = parts(
        "一、成效", "（一）甲类工作", LONG, "二、不足", LONG, "三、下一步安排", "（一）乙类工作", LONG
    )
    assert passages[-1].heading_path == ("三、下一步安排", "（一）乙类工作")
    assert passages[-2].heading_path == ("二、不足",)


def test_numbered_statements_with_figures_are_passages_not_headings() -> None:
    _, headings, passages = parts(
        "一、主要数据", "1.办理行政复议案件87件。", "2.办理行政应诉案件103件。", "3.调解纠纷3522起。"
    )
    assert headings == [(1, "一、主要数据")]
    assert passages[0].text == "1.办理行政复议案件87件。"


def test_a_numbered_sentence_alone_above_its_paragraph_is_a_heading() -> None:
    _, headings, passages = parts("一、安排", "(四)进一步完善出庭应诉制度。", LONG, "(五)加大执法力度。", LONG)
    assert [heading for _, heading in headings] == ["一、安排", "(四)进一步完善出庭应诉制度。", "(五)加大执法力度。"]
    assert len(passages) == 2


@pytest.mark.parametrize(
    ("upper", "lower"),
    [("第一部分 主要成效", "1.1 健全制度"), ("1. 主要成效", "1.1健全制度"), ("一、主要成效", "第一、健全制度"), ("一、主要成效", "● 健全制度"),
     ("2.1 主要成效", "2.1.3 健全制度")],
)  # fmt: skip
def test_decimal_numbers_ordinals_and_bullets_head_what_follows(upper: str, lower: str) -> None:
    _, headings, passages = parts(upper, lower, LONG, lower.replace("健全制度", "强化监督"), LONG)
    assert headings == [(1, upper), (2, lower), (2, lower.replace("健全制度", "强化监督"))]
    assert passages[0].heading_path == (upper, lower)


def test_a_sum_at_a_line_s_beginning_is_no_number_of_a_heading() -> None:
    _, headings, _ = parts("一、主要成效", "1.5亿元资金全部到位", LONG, "2.3万人参加学习", LONG)
    assert [heading for _, heading in headings] == ["一、主要成效"]


def test_headings_alone_and_short_phrases_are_not_passages() -> None:
    _, _, passages = parts("一、成效", "二、不足", LONG, "网站导航 走进云台")
    assert [passage.text for passage in passages] == [LONG]


def test_a_report_that_lost_its_line_breaks_still_has_its_headings() -> None:
    text = f"{LONG * 8}一、主要成效。（一）健全制度。{LONG * 6}（二）强化监督。{LONG * 6}二、下一步工作打算。{LONG * 3}"
    _, headings, passages = parts(text)
    assert [heading for _, heading in headings] == [
        "一、主要成效。",
        "（一）健全制度。",
        "（二）强化监督。",
        "二、下一步工作打算。",
    ]
    assert passages[-1].role == "planned"


@pytest.mark.parametrize(
    ("heading", "role", "planned_for"),
    [
        ("一、2022年度推进法治政府建设的主要举措和成效", "done", None),
        ("二、2022年度推进法治政府建设存在的不足和原因", "shortcoming", None),
        ("三、2023年度推进法治政府建设的主要安排", "planned", 2023),
        ("三、2023年推进法治政府建设的主要举措", "planned", 2023),
        ("四、下一步工作计劃", "planned", 2023),
        ("二、存在的问题", "shortcoming", None),
        ("二、存在问题", "shortcoming", None),
        ("三、存在的主要困难与不足", "shortcoming", None),
        ("一、年度工作计划完成情况", "done", None),
        ("三、今后的努力方向", "planned", 2023),
        ("五、其他需要报告的情况", "other", None),
        ("一、党政主要负责人履行推进法治建设第一责任人职责情况", "done", None),
        ("二、聚焦突出问题，开展专项治理", "done", None),
        ("一、法治政府建设工作目标完成情况", "done", None),
        ("二、加强组织领导,明确工作目标", "done", None),
        ("五、坚持问题导向,着力破解突出问题与难点", "done", None),
        ("二、2022年度存在问题整改情况", "done", None),
        ("四、落实“十四五”规划,推进2025年目标", "done", None),
        ("十、对策建议", "planned", 2023),
        ("十一、改进措施", "planned", 2023),
    ],
)
def test_a_sections_role_follows_from_its_heading(heading: str, role: str, planned_for: int | None) -> None:
    assert section_role((heading,), 2022) == (role, planned_for)


def test_shortcomings_and_plans_under_one_heading_are_told_apart() -> None:
    _, _, passages = parts(
        "三、存在的问题和下一步打算", "（一）存在的问题", LONG, "（二）下一步打算", LONG, "四、问题与计划",
        f"仍存在一些不足：{LONG}", f"下一步，我县将{LONG}",
    )  # fmt: skip
    assert [passage.role for passage in passages] == ["shortcoming", "planned", "shortcoming", "planned"]


def test_a_paragraph_of_plans_at_the_end_of_the_achievements_is_planned() -> None:
    _, _, passages = parts("一、主要成效", LONG, f"2023年，我县将继续{LONG}")
    assert [(passage.role, passage.planned_for) for passage in passages] == [("done", None), ("planned", 2023)]


def test_long_paragraphs_are_cut_at_items_and_sentence_ends_only() -> None:
    text, _, passages = parts("一、成效", "".join(f"{n}是{LONG * 2}" for n in "一二三四五"), LONG * 20)
    ends = {text.index(LONG)} | {b for _, b in sentences(text)}
    assert [passage.text[:2] for passage in passages[:5]] == ["一是", "二是", "三是", "四是", "五是"]
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        assert passage.end in ends
        assert len(passage.text) <= 350


def test_short_items_share_a_passage() -> None:
    _, _, passages = parts("一、不足", "一是认识不足；二是力量薄弱；三是宣传不够。")
    assert [passage.text for passage in passages] == ["一是认识不足；二是力量薄弱；三是宣传不够。"]


def test_passage_ids_depend_on_the_words_alone() -> None:
    _, _, first = parts("一、成效", LONG, "二、不足", LONG + "甲")
    _, _, second = parts("一、成效", "新增一段：" + LONG, LONG, "二、不足", LONG + "甲")
    assert {passage.id for passage in first} <= {passage.id for passage in second}


def test_the_same_words_twice_have_two_ids() -> None:
    _, _, passages = parts("一、成效", LONG, "二、不足", LONG)
    assert len({passage.id for passage in passages}) == 2


def test_numbered_phrases_in_a_list_are_passages_not_empty_headings() -> None:
    items = ["1. 执法能力与新形势新任务还有差距", "2. 普法宣传形式单一,针对性不强", "3. 部分干部依法行政意识不强。"]
    _, headings, passages = parts("一、成效", LONG, "二、存在问题", *items, "三、下一步计划", LONG)
    assert [heading for _, heading in headings] == ["一、成效", "二、存在问题", "三、下一步计划"]
    assert [passage.text for passage in passages[1:4]] == items
    assert {passage.role for passage in passages[1:4]} == {"shortcoming"}


@pytest.mark.parametrize("line", ["召开常务会议8次,专题学法4次", "开展执法检查35次", "2023年,我市将重点做好以下工作:"])
def test_short_statements_are_passages(line: str) -> None:
    _, _, passages = parts("一、成效", LONG, line, LONG + "又")
    assert line in [passage.text for passage in passages]


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        (f"(一)强化组织领导:{LONG}", "(一)强化组织领导:"),
        (f"（二）严格规范执法\u00a0{LONG}", "（二）严格规范执法"),
        (f"(三)健全工作机制——{LONG}", "(三)健全工作机制——"),
        (f"二、存在问题一是{LONG}二是{LONG}", "二、存在问题"),
    ],
)
def test_headings_set_off_by_colon_dash_space_or_first_item_are_cut_off(text: str, heading: str) -> None:
    _, headings, passages = parts("一、成效", LONG, text)
    assert headings[-1][1].strip() == heading
    assert passages[-1].heading_path[-1] == heading
    assert heading not in passages[-1].text


def test_a_slogan_with_a_figure_in_quotes_is_still_a_heading() -> None:
    _, headings, _ = parts("一、成效", LONG, "二、聚焦“3项机制”,推动行政执法规范化", LONG)
    assert headings[-1][1] == "二、聚焦“3项机制”,推动行政执法规范化"


def test_a_paragraph_that_turns_to_plans_is_cut_there() -> None:
    _, _, passages = parts("（二）存在的不足及下步打算。我县还存在差距：" + LONG * 2 + "下一步，我们将" + LONG * 2)
    assert [passage.role for passage in passages] == ["shortcoming", "planned"]


def test_what_was_to_come_and_has_been_done_is_done() -> None:
    _, _, passages = parts("一、成效", LONG + "明年将实现的目标已经提前完成。")
    assert passages[0].role == "done"
