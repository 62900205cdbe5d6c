"""What page furniture looks like: named patterns over a line brought to one form (see `retrieval.text.bare`).

In that form the line is Simplified, half-width, lower case and without white space.
A pattern must be sure: in doubt a line stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

KEYS = (
    "索引号 索取号 公文范围 公开范围 公开方式 公开类别 公开形式 公开时限 公开程序 公开责任部门 发布机构 发文机关 发文机构 发文单位 制发机关 "
    "制发单位 发布单位 发布部门 责任部门 公开单位 信息分类 主题分类 组配分类 体裁分类 分类 所属分类 所属主题 文件编号 发文字号 公文字号 文号 文件号 "
    "文件字号 发文日期 成文日期 成文时间 生成日期 发布日期 发布时间 发表时间 发布于 公开日期 公开时间 更新时间 更新日期 添加时间 录入时间 时间 日期 "
    "生效日期 实施日期 失效日期 失效时间 废止日期 有效性 有效期 时效性 时效 效力状态 是否有效 主题词 关键词 关键字 名称 标题 信息名称 文件名称 "
    "公文名称 信息来源 文章来源 稿件来源 新闻来源 来源 来源单位 作者 撰稿 撰稿人 供稿 供稿单位 编辑 责任编辑 责编 编审 审核 审核人 审稿 校对 初审 "
    "复审 终审 签发 浏览次数 浏览量 浏览 点击数 点击量 点击次数 点击率 点击 阅读次数 阅读量 阅读数 阅读 访问量 访问次数 人气 字体 字号 字体大小 "
    "文字大小 分享到 分享至 分享 视力保护色 打印 保存 收藏 信息类别 信息类型 服务对象 载体类型 语种 内容概述 内容摘要 信息索引 编号 发布人 录入 "
    "摄影 页面背景 背景色 朗读 统一编号 登记号 主办 date author source views from"
).split()
_KEY = "(?:" + "|".join(sorted(KEYS, key=len, reverse=True)) + ")"
_WIDGETS = (
    "分享到 分享至 分享 打印本页 打印此页 打印文章 打印页面 打印 关闭窗口 关闭本页 关闭页面 关闭 收藏本页 加入收藏 收藏 返回顶部 返回首页 返回列表 返回上页 返回 "
    "回到顶部 顶部 置顶 字体大小 字体 字号 大号 中号 小号 大 中 小 默认 特大 a+ a- 复制链接 复制 纠错 我要纠错 网页纠错 朗读 语音播报 听新闻 无障碍 "
    "无障碍浏览 长者模式 适老模式 关怀版 关怀模式 老年模式 繁体 简体 繁體 english 微信 微博 新浪微博 腾讯微博 qq空间 qq好友 qq 朋友圈 人人网 豆瓣 更多 "
    "下载 保存 推荐 点赞 评论 rss top 登录 注册 搜索 站内搜索 网站首页 首页 设为首页 网站地图 联系我们 关于我们 帮助 手机版 电脑版 客户端 视力保护色 "
    "进入老年模式 上一页 下一页 尾页 末页 相关附件 相关链接 相关信息 相关阅读 相关文章 友情链接 展开 收起 主题"
).split()
_WIDGET = "(?:" + "|".join(re.escape(w) for w in sorted(_WIDGETS, key=len, reverse=True)) + ")"
_DATE = r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{1,2}[a-z]{3,9},?\d{4}|[a-z]{3,9}\.?\d{1,2},\d{4})"
_TIME = r"(?:t?\d{1,2}[:时]\d{2}(?:[:分]\d{2}秒?)?)?"


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason and the whole-line pattern that stands for it."""

    reason: str
    pattern: re.Pattern[str]


def _rule(reason: str, pattern: str) -> Rule:
    return Rule(reason, re.compile(pattern))


# Tried in order on every line; the first that fits names the reason.
ANYWHERE = (
    _rule("二维码行 QR-code line", r".{0,20}(?:扫一扫.{0,6}(?:手机|打开|分享|关注|阅读|查看|当前|二维码|浏览|访问|$)|(?:扫描|扫码|扫)(?:上方|下方|左侧|右侧|此|该|以下|上面)?(?:二维码|小程序码)|二维码.{0,8}(?:打开|分享|关注|查看|浏览)|微信扫|手机(?:扫码|扫一扫)|(?:用|在)?手机(?:上|端)?(?:打开|查看|浏览|阅读)(?:当前|本)页).{0,20}"),
    _rule("上一篇/下一篇 previous/next link", r"[\[【(<«‹]*(?:(?:上|下|前|后)一?[条篇页则个]|previous|next|prev)(?:文章|新闻|信息)?[\]】)>»›]*(?:[::]|$).{0,120}"),
    _rule("系统落款 site system line", r".{0,10}(?:producedby|poweredby|技术支持[::]|版权所有|copyright|©|all ?rights ?reserved|(?:[\u4e00-\u9fff])?icp备|公网安备|网站标识码|(?:网站)?(?:主办|承办|建设|维护)(?:单位|方)?[::]|备案(?:序)?号[::]|建议(?:使用|您).{0,30}(?:浏览器|分辨率)|邮编[::]|您是第\d+).{0,120}"),
    _rule("面包屑导航 breadcrumb", r"(?:您?(?:当前|现在|目前)?的?(?:所在)?(?:的)?位置(?:[::]|是|>|»|$)|当前(?:页面|栏目)[::]|首页(?:$|[>»›|/→\-])|[>»›]).{0,120}"),
    _rule("面包屑导航 breadcrumb", r"[^>»›。;,]{1,20}(?:[>»›→]+[^>»›。;,]{1,25}){2,8}"),
    _rule("打印分享部件 print or share widget", rf"[\[【(|]*{_WIDGET}(?:[\[\]【】()|:、,·/\s<>+]*{_WIDGET})*[\[\]【】()|:>]*"),
    _rule("信息公开条 index strip", rf"[\[【(]?{_KEY}[\]】]?[::].{{0,300}}"),
    _rule("信息公开条 index strip", rf"[\[【](?:字体|字号|{_KEY}).{{0,60}}"),
    _rule("印发栏 printed-by line", r"(?:抄送[::].{0,200}|.{2,40}\d{4}年\d{1,2}月\d{1,2}日印发|\(?共印\d+份\)?|\(?此件(?:公开|主动公开|依申请公开|不公开).{0,10})"),
    _rule("结束标记 end mark", r"[\-—*=_~#·.]{2,}|\(?(?:完|全文完|正文完|end)\)?"),
)  # fmt: skip
# Only before the first sentence of the report.
HEAD = (
    _rule("发布日期行 publication date line", rf"{_DATE}{_TIME}(?:星期.)?(?:{_KEY}[::].{{0,100}})?"),
    _rule("发布日期行 publication date line", rf".{{1,30}}{_DATE}{_TIME}(?:{_KEY}|浏览|阅读|点击).{{0,60}}"),
    _rule("发文字号 document number", r"[\u4e00-\u9fff]{1,12}[\[〔(【]\d{4}[\]〕)】]第?\d{1,5}号"),
    _rule("密级或份号 classification line", r"(?:\d{6}|内部资料|机密|秘密|公开)(?:★.*)?"),
)
# Only after the last sentence of the report.
TAIL = (
    _rule("发布日期行 publication date line", rf"{_DATE}{_TIME}"),
    _rule("附件链接 attachment link", r"(?:附件[::]?\d*[::.、]?)?.{0,80}\.(?:pdf|docx?|xlsx?|zip|rar|wps|ofd)(?:\(?\d.{0,12})?"),
    _rule("相关链接 related links", r"(?:相关|延伸|推荐|热点|最新|更多)(?:附件|链接|阅读|信息|文章|解读|稿件|新闻|文件)[::]?.{0,80}"),
)  # fmt: skip
# A credit closes a paragraph of the report's own text; only the brackets go.
CREDIT = re.compile(
    r"[（(][^（()）。]{0,30}?(?:供稿|提供|报送|撰稿|通讯员[^（()）]*|(?:责任编辑|责编|编辑|作者|来源|信息来源|审核|撰稿|摄影)\s*[:：][^（()）]*)[）)]\s*$"
)
_PROSE = re.compile(r"[。;!?]|.{60,}")


def reason(line: str, *, head: bool, tail: bool) -> str | None:
    """Why the line (in bare form) is furniture, or None. `head`, `tail`: it stands outside the report's sentences."""
    if "。" in line and len(line) > 30:
        return None
    rules = (*ANYWHERE, *(HEAD if head else ()), *(TAIL if tail else ()))
    for rule in rules:
        if rule.pattern.fullmatch(line):
            return rule.reason
    return None


def is_prose(line: str) -> bool:
    """Whether the line (in bare form) reads like the report's own sentences."""
    return len(line) >= 25 and bool(_PROSE.search(line)) and not reason(line, head=True, tail=True)
