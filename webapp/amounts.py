"""Which figure of a passage answers a question for an amount. No Flask.

By its unit, and by what its own words count: a number of something else is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from retrieval.tags import Naming
from retrieval.text import normalise, tokens
from webapp.figures import COUNTERS, Figure, figures

_PEOPLE = "人员|人才|干部|律师|职工|群众|村民|学员|志愿者|调解员|顾问|专家|公务员|监督员|联络员|当事人"
# What a question counts: the unit after 多少 or 几, what stands after 多少, or the kind of figure that a word asks for.
_ASKED_UNITS = (
    re.compile(rf"(?:多少|几)\s*[十百千]?[万亿]?\s*(?P<unit>{COUNTERS})(?<!村)(?<!组)(?<!队)(?!民调解|位|员|才)"),
    re.compile(r"(?P<money>多少(?:钱|资金|经费|款|(?:经济)?损失|罚款)|金额|经费|罚没款|\bhow much money)"),
    # 效率, 率先 and 比例原则 are no rates.
    re.compile(
        r"(?P<rate>(?<![效频])率(?=[是为达有多怎如高低几最分各?]|$)|比例(?!原则)|百分之几|占比|\brate\b|\bpercent)"
    ),
    re.compile(rf"多少[^,。?、]{{0,4}}(?P<people>{_PEOPLE})|(?P<cases>案?件数)|(?P<heads>人数)|(?P<times>次数)"),
)
_HOW_MANY = re.compile(r"多少|是多少|几(?=[个件次项条名人场份起家部所台支户])|的?比例|数量|总数")
_ASKS_AMOUNT = re.compile(
    r"多少|几(?:[件项条名人场份起家部所台支户处](?!部门|单位)|[个次]$|成)|有几个|(?<![效频])率(?=[是为达有多怎如高低几最分各?]|$)|比例(?!原则)|百分之几|几个百分点|数量|总数|件数|案件数|人数|次数|条数|金额|占比|\bhow (?:many|much)\b"
)
# What a figure outside the best sentence must share with the question, of its terms.
_SHARED = 0.25
# Units that count the same things, so that 多少人 is answered by 7600多名.
_ALIKE = (
    {"人", "名", "位", "人次"},
    {"场", "次", "场次", "期", "轮"},
    {"件", "起", "宗", "例", "案", "件次"},
    {"项", "个", "条", "类", "种"},
    {"家", "个", "户", "所"},
    {"份", "件", "部", "个", "项"},
    {"支", "个"},
    {"台", "个", "套", "部"},
)
# What governments count, by the law that it falls under: a count of one says nothing of another, though both are 案件.
_MATTERS = (
    "复议",
    "(?<!不予)(?<!免予)(?<!免于)(?<!减轻)(?<!不予行政)(?<!免予行政)(?<!免于行政)处罚|查处|立案",
    "不予(?:行政)?处罚|免[予于](?:行政)?处罚|免罚|不罚",
    "从轻|减轻",
    "许可|审批",
    "强制(?!隔离)",
    "诉讼|应诉|出庭|败诉|胜诉",
    "赔偿",
    "裁决",
    "调解|和解|调成",
    "信访",
    "仲裁",
    "公证",
    "法律援助",
    "规范性文件",
    "重大(?:行政)?决策",
    "合同",
    "信息公开|依申请公开",
    "刑事|犯罪|移送",
)
# What is done with them: of a hundred that were reviewed none need have been repealed.
_ACTIONS = (
    "废止|失效|作废",
    "修改|修订",
    "制定|制发|出台|印发|发布",
    "审查|审核",
    "报备|备案",
    "受理|收到|新收|接收|办理|立案",
    "办结|审结|结案",
    "调解成功|成功调解|调成|化解成功|成功化解",
    "撤销|纠错|纠正|变更",
    "维持",
    "驳回",
    "确认违法",
    "败诉",
    "胜诉",
    "培训|轮训",
    "聘请|选聘|聘任|聘用",
    "移送",
    "整改",
    "下放|承接|划转",
    "取消|精简|压减",
    "处分|问责",
    "清理",
)
# Rates that go by several names.
_RATES = ("办结|结案|审结", "出庭|应诉", "纠错|撤销|纠正", "成功|调成")
# Places that another consists of.
_PARTS = re.compile(r"多少个?(乡镇|街道|行政村|社区|县区|县市区)")
_RATE = re.compile(r"([\u4e00-\u9fff]{2})率")
_CHANGE = re.compile(
    r"增长|下降|上升|提高了|同比|环比|[较比](?:上年|去年|上一年|同期|20\d\d年)|"
    r"(?:增加|减少|降低|压减|提高)(?=了?(?:\d|多少|百分|几))|[降涨]了"
)
# 由上年的11名增加到19名: the first counts another year.
_OTHER_YEAR = re.compile(r"(?:上年|去年|上一年)(?:度|同期|末|底)?的?\s*$")


@dataclass(frozen=True, slots=True)
class Derived:
    """A figure that no report states: worked out from two that one sentence states."""

    value: float
    unit: str
    parts: tuple[Figure, Figure]


def asks_amount(question: str) -> bool:
    """Whether a normalised question asks for a figure, so that a sentence without one does not answer it."""
    return bool(_ASKS_AMOUNT.search(question))


# An answer asks it of each of its passages three times, a survey of thousands of passages.
@lru_cache(5000)
def answering(
    text: str,
    question: str,
    terms: tuple[str, ...],
    sentence: tuple[int, int],
    naming: Naming | None = None,
    headings: str = "",
    words: tuple[str, ...] = (),
) -> Figure | None:
    """The figure of a passage that answers a normalised question, or None where it gives none of the kind asked for.

    A figure whose own words count other matters, tell of another deed, give another rate or a change does not answer,
    nor does one outside the sentence that ranked best which shares hardly a word with the question. Of those left the
    one whose words name most of what is asked; then its clause, its unit, the sentence that ranked best and being no
    part of another figure decide. `headings` are those above the passage, `words` those of the question that say what
    is counted, if they are known.
    """
    asked = _asked(question, terms, words, naming)
    plain = normalise(text)
    candidates = [
        figure
        for figure in figures(text)
        if asked.may_count(figure, _around(text, figure), [plain, headings])
        and (sentence[0] <= figure.start < sentence[1] or asked.meets(figure))
    ]

    def rank(figure: Figure) -> tuple[float, ...]:
        inside = sentence[0] <= figure.start < sentence[1]
        return (
            asked.named(figure, _around(text, figure)),
            asked.shared(figure) + 0.15 * inside,
            figure.base_unit == asked.unit,
            inside,
            not figure.part,
            -figure.start,
        )

    return max(candidates, key=rank, default=None)


class _Asked:
    """What a normalised question for an amount asks; `words` say what is counted, `terms` are all of its content."""

    def __init__(self, question: str, terms: frozenset[str], words: tuple[str, ...], naming: Naming | None) -> None:
        self.question, self.terms, self.words, self.naming = question, terms, words, naming
        self.unit = _asked_unit(question)
        self.matters, self.deeds = _named(_MATTERS, question), _named(_ACTIONS, question)
        self.change = bool(_CHANGE.search(question))
        # What is counted stands last before the question word: 自查案件行政处罚|多少件. Its last words weigh most.
        before = _HOW_MANY.split(question)[0].replace(" ", "").removesuffix("率")
        self.last = [term for size in (6, 2, 2) for term in tokens(before[-size:]) if term in terms]

    def may_count(self, figure: Figure, around: list[str], beyond: list[str]) -> bool:
        """Whether nothing says that a figure counts something else; `around` it and `beyond`, the nearest first."""
        return (
            _fits(figure, self.unit)
            and _is_change(figure.own) == self.change
            and not _OTHER_YEAR.search(figure.own.partition(figure.text[:1])[0])
            and (self.unit != "%" or _same_rate(self.question, figure))
            and _same_parts(self.question, figure)
            and (self.names(figure) or not (self.naming and self.naming.differ(self.question, figure.clause)))
            and (not self.matters or _agree(self.matters, _MATTERS, [*around, *beyond], unless=False))
            and (not self.deeds or _agree(self.deeds, _ACTIONS, around, unless=True))
        )

    def meets(self, figure: Figure) -> bool:
        """Whether a figure has to do with the question, wherever it stands."""
        return self.names(figure) or self.names_it(figure) or self.shared(figure) >= _SHARED

    def names(self, figure: Figure) -> bool:
        """Whether its own words name the deed or the matter that is asked."""
        return bool(self.deeds & _named(_ACTIONS, figure.own) or self.matters & _named(_MATTERS, figure.own))

    def names_it(self, figure: Figure) -> bool:
        """Whether they name everything that is counted."""
        return bool(self.words) and names_all(figure, self.words)

    def shared(self, figure: Figure) -> float:
        """How much of the question its clause shares."""
        return self._share(figure.clause, len(self.terms) + len(self.last))

    def named(self, figure: Figure, around: list[str]) -> float:
        """How much of what is asked its own words name, and those of what it is a part of."""
        deeds = [re.search(_ACTIONS[deed], figure.own) for deed in self.deeds & _named(_ACTIONS, figure.own)]
        # A deed says more than a matter, and its very name more than another.
        literal = any(deed and deed.group() in self.question for deed in deeds)
        matter = bool(self.matters) and _agree(self.matters, _MATTERS, [figure.whole, *around], unless=False)
        share = self._share(figure.whole + figure.own, len(self.terms))
        return round(self.names_it(figure) + bool(deeds) + 2 * literal + 0.5 * matter + share, 3)

    def _share(self, words: str, most: int) -> float:
        held = set(tokens(words.replace(" ", "")))
        return (len(self.terms & held) + sum(term in held for term in self.last)) / max(1, most)


@lru_cache(100)
def _asked(question: str, terms: tuple[str, ...], words: tuple[str, ...], naming: Naming | None) -> _Asked:
    return _Asked(question, frozenset(terms), words, naming)


def names_all(figure: Figure, named: Iterable[str]) -> bool:
    """Whether a figure's own words have each of some words, or another word for it."""
    kinds = (*_MATTERS, *_ACTIONS, *_RATES)
    words = figure.whole + figure.own
    own = _named(kinds, words)
    return all(word in words or _named(kinds, word) & own for word in named)


def _around(text: str, figure: Figure) -> list[str]:
    """What may say what a figure counts, the nearest first: its own words, its clause, its sentence before it."""
    return [figure.own, figure.clause, normalise(text[figure.sentence[0] : figure.start])]


# Of a figure the same words are asked for in several ways.
@lru_cache(5000)
def _named(kinds: tuple[str, ...], words: str) -> frozenset[int]:
    """Which kinds some words name."""
    return frozenset(number for number, names in enumerate(kinds) if re.search(names, words))


def _agree(asked: frozenset[int], kinds: tuple[str, ...], around: list[str], *, unless: bool) -> bool:
    """Whether the nearest words that name any of the kinds name one that is asked; `unless` any does, so."""
    named = next((found for words in around if (found := _named(kinds, words))), None)
    return unless if named is None else bool(asked & named)


def _same_rate(question: str, figure: Figure) -> bool:
    """Whether a rate goes by the name that is asked, where the question has one: 出庭应诉率 for 出庭率, not for 败诉率."""
    asked = _RATE.search(question)
    if asked is None:
        return True
    return bool(re.search(_rate_names(asked[1]), figure.own))


def _rate_names(name: str) -> str:
    return next((names for names in _RATES if re.search(names, name)), name)


def _same_parts(question: str, figure: Figure) -> bool:
    """Whether a figure counts the places that a question counts: 101个乡镇 for 多少个乡镇, not 下放乡镇事项73项."""
    asked = _PARTS.search(question)
    return asked is None or asked[1][:2] in figure.own.partition(figure.base_unit)[2]


def states_all(text: str, question: str) -> bool:
    """Whether a passage says of all what a question asks the rate of: 已全部办结 for 办结率."""
    asked = _RATE.search(question)
    return bool(
        asked and re.search(rf"(?:全部|全都|均|都)(?:已经?|予以|按[期时])?(?:{_rate_names(asked[1])})", normalise(text))
    )


def _is_change(own: str) -> bool:
    """Whether a figure is by how much something grew or fell."""
    number = re.search(r"\d", own)
    return bool(_CHANGE.search(own[: number.end() if number else None]))


def _asked_unit(question: str) -> str:
    """The unit that a question counts in; `%` for rates, empty where it names none."""
    for pattern in _ASKED_UNITS:
        match = pattern.search(question)
        if match:
            found = match.groupdict()
            kinds = {"rate": "%", "money": "元", "people": "人", "cases": "件", "heads": "人", "times": "次"}
            return next((unit for kind, unit in kinds.items() if found.get(kind)), found.get("unit") or "")
    return ""


def _fits(figure: Figure, unit: str) -> bool:
    if not unit:
        return True
    if unit == "%":
        return figure.base_unit in ("%", "‰")
    return figure.base_unit == unit or any(unit in group and figure.base_unit in group for group in _ALIKE)


def derived(text: str, question: str) -> Derived | None:
    """A count that is only stated as a rate: 办结103件，败诉率11.65% gives about 12件 for 败诉多少件.

    Both stand in one sentence; parts of other figures and what something grew or fell by are no base.
    """
    unit = _asked_unit(question)
    if unit in ("", "%"):
        return None
    found = figures(text)
    for rate in (figure for figure in found if figure.base_unit == "%"):
        subject = re.search(r"([\u4e00-\u9fff]{2,6})率", rate.clause)
        named = subject.group(1)[-2:] if subject else ""
        if not named or named not in question.replace(" ", ""):
            continue
        counts = [f for f in found if f.base_unit == unit and f.sentence == rate.sentence]
        bases = [f for f in counts if f.start < rate.start and not f.part and not _is_change(f.own)]
        if bases and not any(named in f.clause for f in counts):
            return Derived(round(bases[-1].base_value * rate.value / 100, 1), unit, (bases[-1], rate))
    return None
