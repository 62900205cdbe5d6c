"""What is thrown at whatever takes text: reports as they are written, in pieces and out of order, with what damaged and
hostile files hold between them."""

from __future__ import annotations

from hypothesis import strategies as st

_HEADS = (
    "云台县人民政府2022年法治政府建设情况报告", "中共云台县委、县人民政府：", "一、主要成效", "（一）制度建设情况", "二、存在的问题",
    "三、下一步工作打算", "第一部分 总体情况", "第一章 总则", "1.1 执法监督", "1.1.2 复议", "1. 强化领导：", "①普法", "●亮点", "第一，",
    "十二、", "㈠", "（二十三）", "附件：1.统计表", "云台县人民政府（盖章）", "二〇二三年一月十五日", "2023年1月15日", "（县司法局供稿）",
    "首页 > 政务公开", "打印 关闭", "- 3 -", "第 3 页 共 12 页", "|---|---|", "# 标题", "```", "> 引文",
)  # fmt: skip
_WORDS = (
    "2022年，云台县坚持依法行政，全面推进法治政府建设，现将情况报告如下。", "一是推行说理式执法，", "二是办理行政复议案件1,234件，同比下降11.65%；",
    "其中败诉3起，", "截至2022年底累计培训7600多人次。", "虽然取得一定成绩，但仍存在不少问题。", "下一步，将继续", "2023年，我县计划",
    "“放管服”改革（以下简称“改革”）", "《重大行政决策程序暂行条例》第三条", "http://a.cn/x?id=1;b。", "約１００萬元", "３．５个百分点",
    "约1.62万件", "率", "99999999999999999999999999999件", "0.000件", "1,23,456元", "二百三十件", "自2015年6月以来", "。", "；", "!", "?",
    "“", "”", "（", ")", "\t", " ", "\u3000", "\n", "\n\n", "\r\n",
)  # fmt: skip
# NUL and other controls, halves of characters, marks that turn the direction, other line ends, what NFKC or lower case
# makes longer or shorter, text read in a wrong encoding.
_ODD = (
    "\0", "\x01", "\x1b[31m", "\x1c", "\x85", "\v", "\f", "\u2028", "\ud800", "\udfff", "\ud83d", "\u202e文倒", "\u2066", "\u200b", "\ufeff",
    "\ufffd", "\ufffe", "\uffff", "\ue000", "\U0010ffff", "𠮷", "ﬁ", "①", "㍿", "ﷺ", "İ", "ß", "ΐ", "e\u0301", "\u0301", "가", "乾隆", "皇后",
    "裡裏", "娉曟不鏀垮簻寤鸿鎯呭喌", "æ³\x95æ²»æ\x94¿åº\x9c", "?,F將", "&#0;", "<b>", "]]>", "%", "\\", "'", '"', "{{7*7}}", "=1+1",
)  # fmt: skip
_ANY = st.characters(codec=None)
pieces = st.one_of(
    st.sampled_from(_HEADS).map(lambda head: f"\n{head}\n"),
    st.sampled_from(_WORDS),
    st.sampled_from(_WORDS),
    st.sampled_from(_ODD),
    st.integers(0, 10**12).map(str),
    st.text(_ANY, max_size=8),
)
_repeated = st.builds(lambda piece, times: piece * times, pieces, st.integers(2, 400))
# A report's text, from nothing to some ten thousand characters.
reports = st.lists(st.one_of(pieces, pieces, pieces, pieces, _repeated), max_size=40).map("".join)

_ASKED = (
    "哪些地方", "推行说理式执法", "多少件", "行政复议", "2022年", "2019-2023", "二〇二二年", "以来", "之前", "云岫省", "松鹤县", "临溪市", "乡镇",
    "哪些县", "打算", "存在什么问题", "相比", "訴願", "资讯公开", "how many", "which townships", "比例", "率", "、", "和", "/", " ",
)  # fmt: skip
questions = st.lists(st.one_of(st.sampled_from(_ASKED), pieces), max_size=12).map("".join)

_SYMBOLS = (
    "AND", "OR", "NOT", "NEAR", "NEAR/5", "NEAR/", "NEAR/99999", "NEAR/x", "且", "或", "非", "近/３", "近／10", "(", ")", "（", "）", '"', "“", "”",
    "「", "」", "『", "』", " ", "  ", "\n", "行政复议", "应诉", "执法", "非法集资", "and", "或者",
)  # fmt: skip
expressions = st.lists(st.one_of(st.sampled_from(_SYMBOLS), st.sampled_from(_SYMBOLS), pieces), max_size=25).flatmap(
    lambda parts: st.sampled_from((" ".join(parts), "".join(parts)))
)

_VALUES = {
    "region": ("云岫省", "云岫省/松鹤县", "松鹤", "530000", "、", "/", "云岫省、", "自治县", "530000²"),
    "year": ("2022", "2019-2023", "2020-", "-2020", "2020至", "-", "0000", "２０２２", "20222", "2022–2021"),
    "level": ("province", "township", "city"),
    "role": ("done", "planned", "none"),
    "department": ("司法局", "  "),
    "report": ("r1",),
    "measure": ("说理式执法",),
}
filters = st.fixed_dictionaries(
    {}, optional={name: st.one_of(st.sampled_from(values), questions) for name, values in _VALUES.items()}
)

# JSON as a stranger may send it.
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), pieces),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(pieces, inner, max_size=3)),
    max_leaves=6,
)
