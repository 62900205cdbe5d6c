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
    ],
)  # fmt: skip
def test_sentences_that_mention_such_things_stay(line: str) -> None:
    assert line in body(TITLE, FIRST, line, LAST)
    assert line in body(TITLE, FIRST, line)


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
