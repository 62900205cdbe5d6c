"""Furniture goes, with its reason; the report's own text stays, to the letter."""

from __future__ import annotations

import pytest

from indexer.clean import Cleaned, clean
from indexer.readers import read

TITLE = "云台县人民政府2022年度法治政府建设情况报告"
FIRST = "2022年，云台县坚持依法行政，全面推进法治政府建设，现将有关情况报告如下。"
LAST = "切实保障群众合法权益，努力提高依法行政的能力和水平。"


def cleaned(*lines: str) -> Cleaned:
    return clean(read("\n".join(lines).encode(), "a.txt"))


def body(*lines: str) -> list[str]:
    return cleaned(*lines).of_kind("body")


@pytest.mark.parametrize(
    "line",
    [
        "首页 >> 正文", "当前位置：首页 > 政务公开 > 法治政府", "您的位置: 首页>信息公开", ">政府信息公开>法定主动公开内容>法治工作",
        "索 引 号：11532329015178442p-/2023-0509006 公文范围:公开 发布机构:云台县政府办", "发布机构: 市司法局 组配分类: 法治工作",
        "发布时间:2024-03-28 16:58 信息来源:县司法局 【字体:   分享到:", "2023-02-15 10:20", "20.12.2017  07:04", "2023年2月15日",
        "信息来源：云台县司法局　浏览次数：102", "【字体：大 中 小】", "云政发〔2023〕5号",
    ],
)  # fmt: skip
def test_furniture_above_the_report_goes(line: str) -> None:
    result = cleaned(line, TITLE, FIRST, LAST) if ">" in line or "索" in line else cleaned(TITLE, line, FIRST, LAST)
    assert result.of_kind("body") == [FIRST, LAST]
    assert result.of_kind("title") == [TITLE]
    assert [removal.text for removal in result.removals] == [line]
    assert result.removals[0].reason


@pytest.mark.parametrize(
    "line",
    [
        "扫一扫在手机打开当前页", "用手机打开当前页", "扫描二维码关注我们", "上一条:云台县猫街镇关于2022年度法治政府建设的报告", "下一篇：没有了",
        "Produced By 大汉网络 大汉版通发布系统", "【打印】 【关闭】", "分享到：微信 微博 QQ空间", "版权所有：云台县人民政府", "滇ICP备12345678号",
        "云台县人民政府办公室2023年2月15日印发", "抄送：县委办公室，县人大常委会办公室。", "返回顶部", "相关链接", "附件：1.报告.pdf",
    ],
)  # fmt: skip
def test_furniture_below_the_report_goes(line: str) -> None:
    result = cleaned(TITLE, FIRST, LAST, line)
    assert result.of_kind("body") == [FIRST, LAST]
    assert [removal.text for removal in result.removals] == [line]


@pytest.mark.parametrize(
    "line",
    [
        "（三）全面推行扫码入企、手机亮证执法，企业扫一扫即可查验执法人员身份，全年扫码检查2100次。",
        "二维码标识全面应用于执法检查，执法人员入企检查须先扫描企业二维码，全程留痕。",
        "首页设置“办不成事”反映专栏，受理群众反映的问题214件。", "来源可查、去向可追、责任可究的执法数据体系基本建成。",
        "上一年度考核结果作为评优的重要依据，对考核靠后的单位予以约谈。", "打印、复印等便民服务全部免费，群众满意度不断提高。",
        "(四)进一步完善行政机关负责人出庭应诉制度。",
        "一、组织建设:",
        "二、制度建设:健全完善各项制度",
        "(二)平台建设:建成智慧执法平台,汇聚数据12万条;",
        "三、推行二维码扫码查看执法信息",
        "平安维护:调处纠纷35件;",
        "来源:群众举报线索35件;",
        "位置:县政府西侧建成法治公园;",
        "首页-法治专栏点击率达到12万次",
    ],
)  # fmt: skip
def test_sentences_that_mention_such_things_stay(line: str) -> None:
    assert line in body(TITLE, FIRST, line, LAST)


def test_a_credit_goes_and_its_sentence_stays() -> None:
    result = cleaned(TITLE, FIRST, LAST + "(云台县政府法制办供稿)")
    assert result.of_kind("body") == [FIRST, LAST]
    assert [(removal.text, removal.reason) for removal in result.removals] == [
        ("(云台县政府法制办供稿)", "供稿署名 credit")
    ]


def test_brackets_of_the_reports_own_stay() -> None:
    line = "审理规范性文件45件(含市政府征求意见)"
    assert line in cleaned(TITLE, FIRST, LAST, line).text


def test_salutation_and_signature_are_kept_apart_from_the_body() -> None:
    result = cleaned(
        TITLE, "中共云台县委、县人民政府:", FIRST, LAST, "白石镇人民政府", "2023年5月8日", "政府信息公开专栏"
    )
    assert result.of_kind("salutation") == ["中共云台县委、县人民政府:"]
    assert result.of_kind("signature") == ["白石镇人民政府", "2023年5月8日"]
    assert result.of_kind("body") == [FIRST, LAST]
    assert [removal.text for removal in result.removals] == ["政府信息公开专栏"]


def test_site_lines_above_the_title_go_and_a_title_in_two_lines_is_one() -> None:
    result = cleaned("法治政府建设专栏", "云台县人民政府", "关于2022年法治政府建设情况的报告", FIRST, LAST)
    assert result.of_kind("title") == ["云台县人民政府", "关于2022年法治政府建设情况的报告"]
    assert [removal.text for removal in result.removals] == ["法治政府建设专栏"]


def test_lines_broken_at_a_fixed_width_are_joined_without_changing_a_character() -> None:
    text = FIRST * 6
    lines = [text[start : start + 40] for start in range(0, len(text), 40)]
    result = cleaned(TITLE, *lines, "一、主要工作", LAST)
    assert result.of_kind("body") == [text, "一、主要工作", LAST]


def test_kept_text_and_its_origins_lead_back_to_the_bytes() -> None:
    data = f"首页 >> 正文\r\n{TITLE}\r\n\u3000\u3000{FIRST}\r\n{LAST}".encode("gb18030")
    result = clean(read(data, "a.txt"))
    for origin in result.origins:
        start, end = map(int, origin.locator.removeprefix("bytes=").split("-"))
        assert data[start:end].decode("gb18030") == result.text[origin.start : origin.end]


def test_nothing_is_lost_and_nothing_is_invented() -> None:
    lines = ["首页", TITLE, FIRST, "一、做法", LAST + "(县司法局供稿)", "下一篇：无"]
    result = cleaned(*lines)
    rest = result.text + "".join(removal.text for removal in result.removals)
    assert sorted(rest.replace("\n", "")) == sorted("".join(lines))


@pytest.mark.parametrize(
    "line",
    [
        "取消证明事项12项，群众办事更方便(申请人不再提供)",
        "开展培训3次，水平进一步提高(责任编辑培训12人次,通讯员培训35人次)",
    ],
)
def test_brackets_with_figures_or_without_a_body_are_no_credit(line: str) -> None:
    assert line in cleaned(TITLE, FIRST, line, LAST).of_kind("body")


def test_a_credit_before_the_full_stop_goes_too() -> None:
    assert cleaned(TITLE, FIRST, LAST + "(县司法局供稿)。").of_kind("body") == [FIRST, LAST]


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["云台县人民政府", "2022年1月15日"], 2),
        (["2022年1月15日", "云台县人民政府"], 2),
        (["云台县人民政府(盖章)", "二〇二二年一月十五日"], 2),
        (["云台县人民政府", "2022.01.15"], 2),
        (["云台县人民政府 2022年1月15日"], 1),
        (["云 台 县 人 民 政 府", "2022年元月15日"], 2),
        (["大兴安岭地区行政公署", "2023年1月"], 2),
    ],
)
def test_signatures_are_known_in_all_their_forms_and_end_the_report(lines: list[str], kept: int) -> None:
    notice = "版权声明：凡本网注明来源的所有作品，未经授权不得转载。"
    more = "某县召开法治建设推进会议，全面部署下一阶段工作；强化责任落实。"
    result = cleaned(TITLE, FIRST, "一、成效", LAST, *lines, notice, more)
    assert result.of_kind("signature") == lines
    assert len(lines) == kept
    assert result.of_kind("body") == [FIRST, "一、成效", LAST]
    assert [removal.text for removal in result.removals] == [notice, more]


def test_a_signature_glued_to_the_last_sentence_is_cut_off() -> None:
    result = cleaned(TITLE, FIRST, LAST + "云台县人民政府2022年1月15日")
    assert result.of_kind("body") == [FIRST, LAST]
    assert result.of_kind("signature") == ["云台县人民政府2022年1月15日"]


def test_an_annex_after_the_signature_is_kept_but_no_passage() -> None:
    lines = ["云台县人民政府", "2022年1月15日", "附件1", "案例一", "2021年3月，某公司违反规定，被依法处罚。"]
    result = cleaned(TITLE, FIRST, LAST, *lines)
    assert result.of_kind("line") == lines[2:]
    assert result.removals == ()


@pytest.mark.parametrize("line", ["您的邮箱地址不会被公开。 必填项已用 * 标注", "免责声明：本网转载的内容仅供参考。"])
def test_site_notices_are_no_passages_even_without_a_signature(line: str) -> None:
    assert cleaned(TITLE, FIRST, LAST, line).of_kind("body") == [FIRST, LAST]


def test_page_numbers_do_not_break_wrapped_paragraphs() -> None:
    text = "其中" + FIRST * 6
    pieces = [text[:38], *(text[start : start + 40] for start in range(38, len(text), 40))]
    lines = ["\u3000\u3000" + pieces[0], *pieces[1:3], "- 2 -", *pieces[3:]]
    assert cleaned(TITLE, *lines, LAST).of_kind("body") == [text, LAST]


def test_a_menu_entry_above_the_title_is_not_the_title() -> None:
    result = cleaned("法治政府建设年度报告", "所属栏目：法治政府建设年度报告", TITLE, FIRST, LAST)
    assert result.of_kind("title") == [TITLE]


@pytest.mark.parametrize("line", ["特此报告。", "以上报告,请予审议。"])
def test_closing_formulas_are_no_passages(line: str) -> None:
    assert cleaned(TITLE, FIRST, LAST, line).of_kind("body") == [FIRST, LAST]


@pytest.mark.parametrize("line", ["截至2023年12月31日", "2023年12月", "2023年1月"])
def test_a_date_between_the_report_s_sentences_is_no_signature(line: str) -> None:
    prose = [f"（{n}）{FIRST}{LAST}" for n in "一二三四五六七八"]
    result = cleaned(TITLE, *prose, line, "二、存在的问题", LAST, LAST, "云台县人民政府", "2024年1月18日")
    assert result.of_kind("body")[-2:] == [LAST, LAST]
    assert result.of_kind("signature") == ["云台县人民政府", "2024年1月18日"]


def test_figures_below_the_signature_are_kept_and_notices_are_not() -> None:
    figures = "全年办理行政复议案件57件，行政应诉案件31件，出庭应诉率96.8%，调解成功率99%。"
    signed = ["云台县人民政府", "2024年1月18日"]
    result = cleaned(TITLE, FIRST, LAST, LAST, *signed, figures, "云台县人民政府办公室电子政务中心维护本站。")
    assert figures in result.of_kind("body")
    assert "云台县人民政府办公室电子政务中心维护本站。" in [removal.text for removal in result.removals]
