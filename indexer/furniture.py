"""What page furniture looks like: named patterns over a line brought to one form (see `retrieval.text.bare`).

In that form the line is Simplified, half-width, lower case and without white space.
A pattern must be sure: in doubt a line stays.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from retrieval.text import bare

_WORDS = tomllib.loads((Path(__file__).parent / "furniture.toml").read_text(encoding="utf-8"))
_KEYS = frozenset(_WORDS["keys"])
_KEY = "(?:" + "|".join(sorted(_WORDS["keys"], key=len, reverse=True)) + ")"
_WIDGET = "(?:" + "|".join(re.escape(w) for w in sorted(_WORDS["widgets"], key=len, reverse=True)) + ")"
_DATE = r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{1,2}[a-z]{3,9},?\d{4}|[a-z]{3,9}\.?\d{1,2},\d{4})"
_TIME = r"(?:t?\d{1,2}[:时]\d{2}(?:[:分]\d{2}秒?)?)?"


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason and the whole-line pattern that stands for it."""

    reason: str
    pattern: re.Pattern[str]


def _rule(reason: str, pattern: str) -> Rule:
    return Rule(reason, re.compile(pattern))


# Sure enough to hold between the report's own sentences too, on lines without a number in front.
ANYWHERE = (
    _rule("二维码行 QR-code line", r".{0,12}(?:扫一扫.{0,6}(?:手机|打开|分享|关注|阅读|查看|当前|二维码|浏览|访问|$)|(?:扫描|扫码|扫)(?:上方|下方|左侧|右侧|此|该|以下|上面)(?:的)?(?:二维码|小程序码)|(?:扫描|扫)二维码(?:打开|分享|关注|查看|浏览|阅读)|二维码.{0,4}(?:打开|分享|关注)|微信扫|手机(?:扫一扫)|(?:用|在)?手机(?:上|端)?(?:打开|查看|浏览|阅读)(?:当前|本)页).{0,20}"),
    _rule("上一篇/下一篇 previous/next link", r"[\[【(<«‹]*(?:上|下|前|后)一?[条篇页则](?:文章|新闻|信息)?[\]】)>»›]*[::].{0,120}"),
    _rule("系统落款 site system line", r".{0,10}(?:producedby|poweredby|all ?rights ?reserved|(?:[\u4e00-\u9fff])?icp备\d|公网安备|网站标识码).{0,120}"),
    _rule("面包屑导航 breadcrumb", r"(?:您?(?:当前|现在|目前)的?(?:所在)?(?:的)?位置|您的位置)(?:[::]|是|>|»|$).{0,120}"),
    _rule("打印分享部件 print or share widget", rf"[\[【〖(|]*{_WIDGET}(?:[\[\]【】〖〗()|:、,·/\s<>+]*{_WIDGET})+[\[\]【】〖〗()|:>]*|[\[【(]{_WIDGET}[\]】)]"),
    _rule("信息公开条 index strip", r"(?:索引号|发布机构|发布日期|发布时间|信息来源|浏览次数|责任编辑)[::].{0,300}"),
    _rule("网站声明 site notice", r".{0,60}(?:未经.{0,6}授权.{0,4}不得转载|邮箱地址不会被公开|必填项已用|您访问的链接即将离开|您觉得本文|是否有帮助\?|此条目发表在|保存我的姓名|转载请注明).{0,90}"),
    _rule("网站声明 site notice", r"(?:版权|免责|特别)?声明[::].{0,200}"),
    _rule("脚本或样式 script or style", r"(?:(?:var|let|const)[a-z_$][\w$.]*=|\(?function[\w$]*\(|document\.|window\.|jquery|\$[(.]|<!--|-->|//<!|/\*|}[);]*$|if\([\w$!.]+.*\){).*"),
    _rule("脚本或样式 script or style", r"(?:[.#@a-z*][\w.#,:>*()\-]*)?{[a-z\-]+:[^。]*}"),
)  # fmt: skip
# Only outside the report's sentences: above the first of them, or below the last.
OUTSIDE = (
    _rule("二维码行 QR-code line", r".{0,20}(?:扫码|扫描|二维码|小程序码|公众号).{0,20}"),
    _rule("上一篇/下一篇 previous/next link", r"[\[【(<«‹←]*(?:(?:上|下|前|后)一?[条篇页则个]|previous|next|prev)(?:文章|新闻|信息)?[\]】)>»›|→]*.{0,120}|[←→«»].{1,80}"),
    _rule("系统落款 site system line", r".{0,10}(?:技术支持[::]|版权所有|copyright|©|(?:网站)?(?:主办|承办|建设|维护)(?:单位|方)?[::]|(?:联系)?(?:电话|传真|tel|fax|地址|邮政编码|邮箱|e-?mail)[::]|备案(?:序)?号[::]|建议(?:使用|您).{0,30}(?:浏览器|分辨率)|邮编[::]|联系电话[::]|您是第\d+).{0,120}"),
    _rule("面包屑导航 breadcrumb", r"(?:(?:所在)?位置[::]|当前(?:页面|栏目)[::]|(?:首页|home)(?:$|[>»›|/→\-])|[>»›]|(?:所属)?栏目[::]).{0,120}"),
    _rule("面包屑导航 breadcrumb", r"[^>»›。;,]{1,20}(?:[>»›→]+[^>»›。;,]{1,25}){2,8}"),
    _rule("网站链接行 site links", r"[^。;,]{2,20}(?:\|[^。;,|]{2,20}){1,12}"),
    _rule("打印分享部件 print or share widget", rf"[\[【(|]*{_WIDGET}[\[\]【】()|:>]*|(?:a[+-]?){{2,4}}|clickhereto.{{1,20}}"),
    _rule("信息公开条 index strip", rf"[\[【(]?{_KEY}[\]】]?[::].{{0,300}}"),
    _rule("信息公开条 index strip", rf"[\[【](?:字体|字号|{_KEY}).{{0,60}}"),
    _rule("信息公开条 index strip", r"索[引取]号[\da-z].{6,200}|发文机关.{2,60}日期.{6,60}"),
    _rule("浏览计数 view counter", r".{0,12}(?:浏览|阅读|点击|访问)(?:次数|量|数|人数)?[::]?\d+(?:次|人)?.{0,6}"),
    _rule("网站程序的行 blog system line", r"(?:posted(?:on|by|in)|published(?:on|by)|filedunder|leaveacomment|nocomments|sharethis|likethis|发[表布]于.{4,30}由|(?:添加|留下|发表)评论|归档于|今天是\d{4}年).{0,60}"),
    _rule("供稿署名 credit", r"[^。;,]{2,20}(?:供稿|报送)|(?:一审|二审|三审|初审|终审)[::].{1,40}"),
    _rule("印发栏 printed-by line", r"(?:抄送[::].{0,200}|.{2,40}\d{4}年\d{1,2}月\d{1,2}日印发|\(?共印\d+份\)?|\(?此件(?:公开|主动公开|依申请公开|不公开).{0,10}|\((?:主动|依申请|不予?)公开\))"),
    _rule("结束标记 end mark", r"[\-—*=_~#·.]{2,}|\(?(?:完|全文完|正文完|end)\)?"),
)  # fmt: skip
# Only before the first sentence of the report.
HEAD = (
    _rule("发布日期行 publication date line", rf"[\[(]?{_DATE}{_TIME}[\])]?(?:星期.)?(?:(?:作者|分类|来源|发布人|{_KEY}).{{0,100}})?"),
    _rule("发布日期行 publication date line", rf"[^。;]{{1,30}}{_DATE}{_TIME}(?:(?:{_KEY}|浏览|阅读|点击|\|).{{0,80}})?"),
    _rule("发布日期行 publication date line", rf"{_DATE}{_TIME}\|.{{1,80}}"),
    _rule("发文字号 document number", r"[\u4e00-\u9fff]{1,12}[\[〔(【]\d{4}[\]〕)】]第?\d{1,5}号"),
    _rule("密级或份号 classification line", r"(?:\d{6}|内部资料|机密|秘密|公开)(?:★.*)?"),
)  # fmt: skip
# Only after the last sentence of the report.
TAIL = (
    _rule("发布日期行 publication date line", rf"{_DATE}{_TIME}"),
    _rule("附件链接 attachment link", r"(?:附件[::]?\d*[::.、]?)?.{0,80}\.(?:pdf|docx?|xlsx?|zip|rar|wps|ofd)(?:\(?\d.{0,12})?|附件下载[::]?.{0,80}"),
    _rule("相关链接 related links", r"(?:相关|延伸|推荐|热点|最新|更多|友情)(?:附件|链接|阅读|信息|文章|解读|稿件|新闻|文件)[::]?.{0,80}"),
    _rule("来源网址 source address", r"(?:原文)?(?:链接|网址|地址)[::]https?:.{0,200}"),
    _rule("标签行 tags", r"(?:标签|tags?|关键词)[::].{0,80}|发表评论|我要评论|(?:中国政府网|国务院部门网站).{0,200}"),
)  # fmt: skip
PAGE_NUMBER = re.compile(r"[-—–·]?\d{1,4}[-—–·]?|第?\d{1,4}页(?:[,/]?共\d{1,4}页)?|\d{1,4}/\d{1,4}")
NUMBERED = re.compile(
    r"[(【]?[一二三四五六七八九十]{1,3}[)】、.]|第[一二三四五六七八九十]+[章节条部,、]|[●◆■★▲◇►➢➤•](?=.{4})|[(]?\d{1,2}[)、.](?!\d)|\d{1,2}(?:\.\d{1,2}){1,3}[、.]?(?=[\u4e00-\u9fff])|[①-⑳⑴-⒇㈠-㈩]|[一二三四五六七八九十]{1,3}是"
)
# A credit closes a paragraph of the report's own text; only the brackets go.
CREDIT = re.compile(
    r"[（(][^（()）。\d０-９]{0,30}?(?:供稿|报送|撰稿|(?:局|办|委|科|股|室|院|中心|政府|部|处|站|所)[^（()）]{0,4}提供|"
    r"(?:责任编辑|责编|编辑|作者|来源|信息来源|审核|撰稿|摄影|通讯员)\s*[:：][^（()）]*)[）)]\s*[。.]?\s*$"
)
_PROSE = re.compile(r"[。;!?]|.{60,}")
_STRIP = re.compile(rf"[\[【(]?{_KEY}[\]】]?[::].*")
_NOTICES = tuple(rule for rule in ANYWHERE if "notice" in rule.reason)


def reason(line: str, *, head: bool, tail: bool) -> str | None:
    """Why the line (in bare form) is furniture, or None. `head`, `tail`: it stands outside the report's sentences."""
    if NUMBERED.match(line):
        return None
    # A line with full sentences is furniture only when it is a notice; a long one is hardly ever.
    limit = 90 if head or tail else 30
    if "。" in line and len(line) > limit:
        rules: tuple[Rule, ...] = _NOTICES
    elif head or tail:
        rules = (*ANYWHERE, *(HEAD if head else TAIL), *OUTSIDE)
    else:
        rules = ANYWHERE
    return next((rule.reason for rule in rules if rule.pattern.fullmatch(line)), None)


def is_strip(row: str) -> bool:
    """Whether a table's row holds names of an index strip, each with its value in the next cell."""
    cells = [bare(cell).rstrip(":") for cell in row.split("\t")]
    return len(cells) > 1 and all(cell in _KEYS for cell in cells[::2])


def is_prose(line: str) -> bool:
    """Whether the line (in bare form) reads like the report's own sentences."""
    if len(line) < 25 or not _PROSE.search(line):
        return False
    return bool(NUMBERED.match(line)) or not (_STRIP.match(line) or reason(line, head=True, tail=True))
