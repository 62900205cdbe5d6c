"""Who holds an office: whether a question asks it, and whether a text names anybody. No Flask."""

from __future__ import annotations

import re

from retrieval.text import normalise, sentences

_OFFICES = "书记|省长|市长|州长|区长|县长|镇长|乡长|主任|局长|厅长|部长|组长|主席|检察长|院长|所长|负责人"
_ASKED = re.compile(
    rf"(?P<before>{_OFFICES})[^,。?]{{0,4}}(?:是谁|叫什么)|谁(?:是|来?担?任|当|兼任)[^。?]{{0,14}}?(?P<after>{_OFFICES})(?=\??$|的)"
)
# The commonest family names; 任 is left out, as 书记任组长 names nobody.
_FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁沈姚卢姜崔钟谭陆汪"
    "范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_NAME = rf"[{_FAMILY}][\u4e00-\u9fff]{{1,2}}"
# What follows a name in a sentence of this genre.
_THEN = (
    r"(?=同志|任|担任|兼任|为|主持|出席|带队|带头|亲自|讲|作|率|参加|强调|等|切实|认真|全面|严格|先后|多次|深入|主动|组织|召集|"
    r"分管|牵头|充分|坚持|始终|定期|听取|研究|部署|履行|带领|[,、。;:)]|$)"
)
_ASKING = re.compile(r"[是谁叫什么来担任当现兼的\s?？]")


def asks_holder(question: str) -> str:
    """The office whose holder a normalised question asks for; empty where it asks for none."""
    found = _ASKED.search(question)
    return (found["before"] or found["after"]) if found else ""


def names_holder(text: str, office: str) -> bool:
    """Whether a normalised text names a person beside an office: 由县长王某某任组长, 组长由王某某同志担任."""
    # The office comes out of a question, whose signs are no pattern.
    office = re.escape(office)
    beside = rf"{office}[,、:]?(?:由|是|为)?{_NAME}{_THEN}|{_NAME}(?:同志)?(?:担任|兼任|任|为)[^,。;]{{0,14}}{office}"
    return bool(re.search(beside, text.replace(" ", "")))


def holder_sentence(text: str, office: str) -> tuple[int, int] | None:
    """The sentence of an original text that names a person beside an office."""
    return next((span for span in sentences(text) if names_holder(normalise(text[slice(*span)]), office)), None)


def office_in_full(content: str) -> str:
    """The office with what it is of, out of the content words of a question: 镇党委书记."""
    return _ASKING.sub("", content)
