"""Figures: their values, units and scopes, and the one that answers."""

from __future__ import annotations

import json
import time

import pytest

from retrieval.measures import load_measures
from retrieval.tags import Naming
from retrieval.text import normalise, normalise_query
from tests.conftest import REPORTS, SHARED
from webapp.amounts import answering, asks_amount, derived, states_all
from webapp.figures import figures
from webapp.question import content_terms


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("受理行政复议案件87件", 87, "件"),
        ("罚没款115.68万元", 1_156_800, "元"),
        ("出庭率为99.1%", 99.1, "%"),
        ("出庭率为９９％", 99, "%"),
        ("培训执法人员7600多名", 7600, "名"),
        ("主动公开信息1.6亿条", 160_000_000, "条"),
        ("归集数据8,105条", 8105, "条"),
        ("全年主動公開政府信息92條", 92, "条"),
        ("受理0件", 0, "件"),
        ("参加63.5万人次", 635_000, "人次"),
    ],
)
def test_a_figure_has_its_value_in_the_base_unit(text: str, value: float, unit: str) -> None:
    (figure,) = figures(text)
    assert (figure.base_value, figure.base_unit) == (value, unit)
    assert text[figure.start : figure.end] == figure.text


@pytest.mark.parametrize(
    "text",
    ["2021年3月5日印发", "第3条规定", "〔2021〕5号文件", "自2015年以来", "截至12月底", "一是2022年以前"],
)
def test_dates_articles_and_numbers_of_documents_are_no_figures(text: str) -> None:
    assert figures(text) == ()


def test_what_makes_a_figure_inexact_is_kept() -> None:
    (figure,) = figures("约5.4万余名工作人员参加")
    assert figure.about == "约余"


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("自2015年以来，共自查案件12件", "自2015年以来"),
        ("截至2021年底聘请顾问12名", "截至2021年底"),
        ("截止目前聘请顾问12名", "截止目前"),
        ("累计办理案件12件", "累计"),
        ("全年办理案件12件", ""),
        ("自2015年以来工作有起色。全年办理案件12件", ""),
        ("自2015年以来自查多次。其中立案12件", "自2015年以来"),
    ],
)
def test_a_cumulative_figure_says_since_when(text: str, since: str) -> None:
    (figure,) = figures(text)
    assert figure.since == since


def test_parts_of_a_figure_are_told_from_the_whole() -> None:
    found = figures("共办理案件20件，其中处罚案件12件、许可案件8件。另培训3次。")
    assert [figure.part for figure in found] == [False, True, True, False]


def test_a_rate_and_what_is_counted_otherwise_are_no_parts() -> None:
    found = figures("受理案件80件，其中复议案件30件，直接纠错率12%，罚款9万元；办结案件数76件。")
    assert [figure.part for figure in found] == [False, True, False, False, False]
    assert found[1].whole == "受理案件80件,"


def test_the_year_of_its_own_clause_goes_before_the_reports() -> None:
    first, second = figures("2020年办理案件20件，今年办理案件30件")
    assert (first.year, second.year) == (2020, None)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("受理行政复议案件多少件", 196),
        ("行政复议案件审结多少件", 165),
        ("复议直接纠错率是多少", 12.1),
        ("培训了多少人", 230),
        ("罚没了多少钱", 4_030_000),
        ("有多少家企业", None),
    ],
)
def test_the_figure_that_answers_shares_the_questions_words_and_unit(question: str, value: float | None) -> None:
    text = "全年收到行政复议申请，受理案件196件，审结165件，直接纠错率12.1%。培训复议人员230名，罚没款403万元。"
    plain = normalise_query(question)
    figure = answering(text, plain, content_terms(plain), (0, len(text)))
    assert (figure.base_value if figure else None) == value


def test_a_figure_of_another_measure_does_not_answer() -> None:
    naming = Naming(load_measures())
    text = "认真执行行政复议决定，全年行政诉讼案件共受理0件。"
    plain = normalise_query("行政复议案件受理多少件")
    assert answering(text, plain, content_terms(plain), (0, len(text)), naming) is None
    same = normalise_query("行政诉讼案件受理多少件")
    assert answering(text, same, content_terms(same), (0, len(text)), naming) is not None


@pytest.mark.parametrize(
    ("question", "text", "figure"),
    [
        ("全年办理行政复议案件多少件", "全年办理行政处罚案件15件，严格法制审核，没有发生复议和诉讼。", None),
        ("办理行政许可多少件", "作出行政强制决定8件，行政许可全部网上办理。", None),
        ("作出行政处罚多少件", "全年立案查处46件，当事人申请行政复议2件。", "46件"),
        ("处罚之后申请复议的有多少件", "办理行政处罚案件90件，行政处罚案件申请复议4件。", "4件"),
        ("行政应诉案件多少件", "被起诉的行政诉讼案件12件。", "12件"),
    ],
)
def test_a_figure_of_other_matters_does_not_answer(question: str, text: str, figure: str | None) -> None:
    found = answering(text, question, content_terms(question), (0, len(text)))
    assert (found.text if found else None) == figure


def figure_for(question: str, text: str, headings: str = "") -> str | None:
    plain = normalise_query(question)
    found = answering(text, plain, content_terms(plain), (0, len(text)), headings=headings)
    return found.text if found else None


@pytest.mark.parametrize(
    ("question", "text", "figure"),
    [
        ("行政诉讼败诉率是多少", "负责人出庭应诉率和生效裁判履行率均达到100%。", None),
        ("复议案件撤销率", "受理复议案件50件，按期结案率100%。", None),
        ("复议案件办结率是多少", "受理复议案件50件，按期结案率98%。", "98%"),
        ("负责人出庭率", "被诉案件负责人出庭应诉率96%，败诉率4%。", "96%"),
        ("哪些地方的调解成功率最高", "调解纠纷900起，成功率97.5%。", "97.5%"),
        ("负责人出庭应诉的比例", "被诉案件中有88%由单位负责人出庭。", "88%"),
    ],
)
def test_a_rate_answers_only_for_what_it_is_the_rate_of(question: str, text: str, figure: str | None) -> None:
    assert figure_for(question, text) == figure


@pytest.mark.parametrize(
    ("question", "text", "figure"),
    [
        ("废止了多少件规范性文件", "对60件规范性文件、行政协议进行合法性审查。", None),
        ("废止了多少件规范性文件", "制定规范性文件12件、废止规范性文件5件。", "5件"),
        ("修改规范性文件多少件", "清理规范性文件80件，其中废止9件、修改4件。", "4件"),
        ("调解成功多少起", "全年共调解纠纷700起，调成690起。", "690起"),
        ("培训了多少执法人员", "下放执法事项73项，培训执法人员300余人次，发放手册900册。", "300余人次"),
        ("培训了多少名执法人员", "聘请行政执法监督员40名。", None),
        ("受理行政复议多少件", "共办理行政复议案件17件。", "17件"),
        ("行政处罚问题案件多少件", "共查出问题案件500件，其中行政处罚300件、行政许可150件。", "300件"),
        ("行政许可问题案件有多少件", "共查出问题案件500件，其中行政处罚300件、行政许可150件。", "150件"),
        ("刑事法律援助案件多少件", "办理法律援助案件900件，其中民事案件700件、刑事案件200件。", "200件"),
        ("法律援助案件多少件", "办理法律援助案件900件，其中民事案件700件、刑事案件200件。", "900件"),
        ("邻里纠纷有多少件", "调处婚姻家庭纠纷38件、邻里纠纷44件。", "44件"),
        ("受理行政复议多少件", "收到行政复议申请86件，受理69件。", "69件"),
        ("收到行政复议多少件", "收到行政复议申请86件，受理69件。", "86件"),
        ("不予处罚案件多少件", "办理行政处罚案件120件，不予处罚案件31件，减轻处罚案件19件。", "31件"),
        ("行政处罚案件多少件", "办理行政处罚案件120件，不予处罚案件31件，减轻处罚案件19件。", "120件"),
        ("不予处罚案件多少件", "全市免罚案件50件，免罚金额20万元，减轻处罚案件19件。", "50件"),
        ("公职律师多少名", "公职律师由上年的11名增加到19名。", "19名"),
        ("普法经费是多少万元", "细化任务34项，压实普法责任。", None),
    ],
)
def test_a_count_answers_only_for_the_deed_that_is_asked(question: str, text: str, figure: str | None) -> None:
    assert figure_for(question, text) == figure


@pytest.mark.parametrize(
    ("question", "text", "figure"),
    [
        ("行政复议案件比上年增长多少", "全年受理行政复议案件147件。", None),
        ("行政复议案件比上年增长多少", "全年受理行政复议案件147件，比上年增长9%。", "9%"),
        ("入企检查减少了多少", "入企检查3890次，同比减少32.7%。", "32.7%"),
        ("行政复议案件多少件", "行政复议案件比上年增长20件，达到147件。", "147件"),
    ],
)
def test_a_change_answers_only_a_question_for_the_change(question: str, text: str, figure: str | None) -> None:
    assert figure_for(question, text) == figure


def test_what_is_said_of_all_answers_for_a_rate() -> None:
    text = "收到建议78件、提案153件，已全部办结，满意率100%。"
    assert figure_for("建议和提案办结率", text) is None
    assert states_all(text, "建议和提案办结率")
    assert not states_all(text, "建议和提案采纳率")


@pytest.mark.parametrize(
    ("question", "text", "figure"),
    [
        ("下辖多少个乡镇", "下放乡镇执法事项73项，12个乡镇（街道）配齐人员。", "12个"),
        ("法律援助挽回多少损失", "办理法律援助案件40件，挽回损失约60万元。", "约60万元"),
    ],
)
def test_what_stands_after_the_question_word_says_what_is_counted(question: str, text: str, figure: str) -> None:
    assert figure_for(question, text) == figure


def test_the_heading_may_say_what_a_figure_counts() -> None:
    text = "全年共收到申请147件，审结140件。"
    assert figure_for("行政复议审结多少件", text, headings="四、行政复议") == "140件"
    assert figure_for("行政复议审结多少件", text, headings="四、政务公开") is None


def test_a_clause_that_counts_one_year_ends_the_scope_of_the_clause_before() -> None:
    text = "截止目前共办理案件17件，全年出庭应诉12次，全年累计宣传30场。"
    assert [figure.since for figure in figures(text)] == ["截止目前", "", ""]


def test_a_count_stated_only_as_a_rate_is_derived_with_its_parts() -> None:
    worked_out = derived("行政诉讼案件办结200件，败诉率4.5%。", "败诉多少件")
    assert worked_out is not None
    assert (worked_out.value, worked_out.unit) == (9.0, "件")
    assert [part.text for part in worked_out.parts] == ["200件", "4.5%"]


@pytest.mark.parametrize("text", ["办结200件，败诉9件，败诉率4.5%。", "办结200件，出庭率98%。", "败诉率4.5%。"])
def test_nothing_is_derived_that_is_stated_or_has_no_base(text: str) -> None:
    assert derived(text, "败诉多少件") is None


def test_the_judged_figures_of_the_real_reports_are_read() -> None:
    path = SHARED / "eval" / "facts_dev.jsonl"
    if not path.is_file():
        pytest.skip(f"the judged figures are not at {path}")
    missed = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fact = json.loads(line)
        text = next(REPORTS.glob(f"{fact['doc']}*")).read_text(encoding="utf-8")
        start = text.find(fact["quote"])
        around = text[text.rfind("。", 0, start) + 1 : start + len(fact["quote"]) + 20]
        wanted = (fact["value_base"], normalise(fact["unit_base"]))
        if wanted not in {(figure.base_value, figure.base_unit) for figure in figures(around)}:
            missed.append(fact["id"])
    assert missed == []


@pytest.mark.parametrize("text", ["①5名专家", "12月1日至31日", "第35、36条", "办理1万2千件"])
def test_what_cannot_be_read_for_certain_is_no_figure(text: str) -> None:
    assert figures(text) == ()


def test_a_number_of_thousands_of_ten_thousands_is_read_whole() -> None:
    (figure,) = figures("投入5千万元")
    assert figure.base_value == 50_000_000


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("哪些地方率先推行轻微免罚", False),
        ("落实比例原则", False),
        ("如何提高行政效率", False),
        ("出庭应诉率是多少", True),
    ],
)
def test_words_with_rate_in_them_ask_for_no_rate(question: str, asks: bool) -> None:
    assert asks_amount(question) is asks


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("出台规范性文件30件。行政诉讼败诉率10%。", None),
        ("办结行政诉讼案件103件，其中驳回20件，败诉率11.65%。", 12.0),
        ("审结案件100件，较上年减少15件，败诉率10%", 10.0),
    ],
)
def test_only_a_base_of_the_same_sentence_that_is_no_part_and_no_change_is_worked_with(
    text: str, value: float | None
) -> None:
    worked_out = derived(text, "行政诉讼败诉多少件")
    assert (worked_out.value if worked_out else None) == value


def test_the_unit_asked_for_goes_before_words_about_money() -> None:
    text, question = "全年办理罚款案件120件，罚款金额35万元。", "行政罚款案件有多少件"
    figure = answering(text, question, content_terms(question), (0, len(text)))
    assert figure is not None
    assert figure.text == "120件"


def test_a_figure_of_another_sentence_that_shares_no_word_does_not_answer() -> None:
    text = "开通线上行政复议渠道，方便群众申请。查处哄抬口罩价格等违法行为58件。"
    question = normalise_query("收到多少件行政复议申请")
    best = (0, text.index("查处"))
    assert answering(text, question, content_terms(question), best) is None


def test_a_run_of_digits_that_no_number_has_is_no_figure() -> None:
    assert figures("编号" + "9" * 400 + "件。") == ()
    assert [figure.value for figure in figures("立案999999999999件。")] == [999999999999]


def test_a_sentence_of_ten_thousand_figures_takes_the_time_of_its_length() -> None:
    begin = time.process_time()
    assert len(figures("办结1234件" * 10_000)) == 10_000
    assert time.process_time() - begin < 10
