"""A corpus of invented reports in which the truth is planted: who had a measure first, who copied whose words, what
was only planned, which reports are missing. 7 places × 8 years less seven gaps, and one reference document.

`write` makes the files and returns the truth; tests and bench/score_comparing.py hold the product's findings against it.
"""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

PLACES = ("岚溪县", "榆关县", "桐荫县", "槐塘县", "涧口县", "汀洲县", "垣北县")
YEARS = tuple(range(2016, 2024))
# Reports that nobody holds: (place, year).
MISSING = frozenset(
    {
        *(("榆关县", 2016), ("桐荫县", 2019), ("槐塘县", 2016), ("槐塘县", 2017)),
        *(("涧口县", 2021), ("汀洲县", 2018), ("垣北县", 2020)),
    }
)
Wording = Literal["original", "copy", "words", "distinctive"]


@dataclass(frozen=True)
class Measure:
    """How a measure is reported: `original` is what others copy, `words` says the same otherwise."""

    query: str
    original: str
    words: str
    distinctive: str
    plan: str


MEASURES = (
    Measure(
        "说理式执法",
        "推行说理式执法，在处罚决定书中写明事实认定、证据采信、法律适用和裁量理由，全年制作说理式文书{n}份。",
        "在行政处罚中对当事人充分释法明理，把违法事实、处罚依据和裁量考量讲清讲透，{n}起案件当事人主动履行。",
        "组织“最会讲理执法员”评比，把{n}份说理式执法文书编成教材发到各中队。",
        "推行说理式执法，让处罚决定书讲清道理",
    ),
    Measure(
        "首违不罚",
        "公布轻微违法行为首违不罚清单，对初次违法且危害后果轻微并及时改正的不予行政处罚，全年免罚{n}件。",
        "对首次发生、情节轻微、及时整改的违法行为以教育提醒代替处罚，{n}户经营主体受益。",
        "与商会共建首违不罚观察点，请{n}名店主旁听免罚案件的集体讨论。",
        "制定首违不罚清单",
    ),
    Measure(
        "综合查一次",
        "推行“综合查一次”，由牵头部门会同有关部门一次进门、联合检查，对同一企业的检查次数下降{p}%。",
        "统筹多部门检查计划，同一时段、同一对象的检查事项合并实施、一次完成，入企频次降低{p}%。",
        "开发入企检查预约码，把部门间重复的检查合到一起，{n}家企业自选了联合检查的日期。",
        "推行“综合查一次”，减少重复检查",
    ),
    Measure(
        "行政机关负责人出庭应诉",
        "严格落实行政机关负责人出庭应诉制度，建立出庭通报和约谈机制，负责人出庭应诉率达到{p}%。",
        "{n}件行政诉讼案件开庭时，被诉单位主要领导或分管领导全部到庭参加诉讼并发表意见。",
        "把庭审搬进机关礼堂，{n}名干部旁听负责人出庭应诉并当场打分。",
        "提高行政机关负责人出庭应诉率",
    ),
    Measure(
        "政府法律顾问",
        "健全政府法律顾问制度，聘请{s}名律师担任法律顾问，全程参与重大决策论证和合同审查{n}件。",
        "选聘执业律师为政府决策、合同签订和涉法事务提供咨询论证，全年出具书面意见{n}份。",
        "设立政府法律顾问轮值室，周三由法学教授坐诊，解答乡镇提出的问题{n}个。",
        "普遍建立政府法律顾问制度",
    ),
    Measure(
        "法律明白人",
        "实施乡村“法律明白人”培养工程，全年培育“法律明白人”{n}名，实现每个行政村不少于三名。",
        "遴选村组干部、网格员等担任村级法治带头人，开展学法用法培训，{n}人持证上岗。",
        "给法律明白人发积分卡，调解一起纠纷记十分，{n}人用积分换到农资。",
        "实施“法律明白人”培养工程",
    ),
)
# Wording of an (invented) outline that reports repeat: it is credited to the outline, not to whoever repeats it first.
REFERENCE_TITLE = "法治政府建设示范纲要（虚构）"
REFERENCE = (
    "凡涉及重大公共利益、直接关系当事人重大权益的执法决定，未经法制审核或者审核未通过的，一律不得作出。",
    "坚持把公众参与、专家论证、风险评估、合法性审查和集体讨论决定作为重大行政决策的必经程序，防止久拖不决。",
)
REFERENCE_QUERY = "重大执法决定法制审核"
# A date that the text itself gives: (place, measure, first report that says so, the words).
DATED = ("汀洲县", "政府法律顾问", "政府法律顾问制度于2015年6月建立，比周边各县早两年。")


@dataclass(frozen=True)
class Mention:
    """One measure in one report: done in the words of `wording`, or planned for the next year."""

    place: str
    year: int
    measure: str
    wording: Wording
    planned: bool = False


@dataclass
class Truth:
    """`mentions` of measures, and (place, year) of the reports that repeat the reference document."""

    mentions: list[Mention] = field(default_factory=list)
    repeats: list[tuple[str, int]] = field(default_factory=list)

    def first_years(self) -> dict[tuple[str, str], int]:
        """(place, measure) → the first year whose report says it was done."""
        years: dict[tuple[str, str], int] = {}
        for one in self.mentions:
            key = (one.place, one.measure)
            if not one.planned:
                years[key] = min(years.get(key, one.year), one.year)
        return years

    def wordings(self) -> dict[tuple[str, int, str], Wording]:
        """(place, year, measure) → in what words it is said to be done."""
        return {(one.place, one.year, one.measure): one.wording for one in self.mentions if not one.planned}


def write(folder: Path, references: Path | None = None, seed: int = 7) -> Truth:
    """The reports as text files in `folder`, the reference document in `references` where it is given."""
    chance = random.Random(seed)  # noqa: S311  # drawing invented reports is no secret
    truth = Truth()
    starts = {measure.query: _starts(number, chance) for number, measure in enumerate(MEASURES)}
    fillers = tomllib.loads((Path(__file__).parent / "distractors" / "topics.toml").read_text(encoding="utf-8"))[
        "topic"
    ]
    folder.mkdir(parents=True, exist_ok=True)
    for place in PLACES:
        for year in YEARS:
            if (place, year) not in MISSING:
                text = _report(place, year, starts, fillers, chance, truth)
                (folder / f"{place}-{year}.txt").write_text(text, encoding="utf-8")
    if references:
        references.mkdir(parents=True, exist_ok=True)
        text = f"{REFERENCE_TITLE}\n\n一、程序\n{REFERENCE[0]}\n二、决策\n{REFERENCE[1]}\n"
        (references / "outline.txt").write_text(text, encoding="utf-8")
    return truth


def _starts(number: int, chance: random.Random) -> dict[str, tuple[int, Wording]]:
    """Place → (the year from which it has a measure, in whose words); the last two places never have it."""
    order = list(PLACES[number % len(PLACES) :] + PLACES[: number % len(PLACES)])
    first = 2016 + chance.randint(0, 2)
    kinds: tuple[Wording, ...] = ("original", "copy", "copy", "words", "distinctive")
    years = (first, first + 1, first + 3, first + 2, first + 2)
    return {place: (year, kind) for place, year, kind in zip(order, years, kinds, strict=False)}


def _report(
    place: str,
    year: int,
    starts: dict[str, dict[str, tuple[int, Wording]]],
    fillers: list[dict],
    chance: random.Random,
    truth: Truth,
) -> str:
    done, planned = [], []
    for measure in MEASURES:
        start, wording = starts[measure.query].get(place, (9999, "original"))
        if year == start or (year > start and chance.random() < 0.7):
            sentence = _filled(getattr(measure, "original" if wording == "copy" else wording), chance)
            if (place, measure.query) == DATED[:2] and year == start:
                sentence += DATED[2]
            done.append(sentence)
            truth.mentions.append(Mention(place, year, measure.query, wording))
        elif year == start - 1:
            planned.append(f"{measure.plan}。")
            truth.mentions.append(Mention(place, year, measure.query, wording, planned=True))
    if (PLACES.index(place) + year) % 3 == 0:
        done.append(REFERENCE[0])
        truth.repeats.append((place, year))
    filler = [_filled("".join(chance.sample(topic["sentences"], 3)), chance) for topic in chance.sample(fillers, 6)]
    paragraphs = [*done, *filler]
    chance.shuffle(paragraphs)
    half = len(paragraphs) // 2
    aims = _filled("".join(chance.choice(fillers)["sentences"][:2]), chance)
    return "\n".join(
        [
            f"{place}人民政府{year}年法治政府建设年度报告",
            "",
            f"现将{place}{year}年法治政府建设情况报告如下：",
            "一、主要举措和成效",
            "（一）依法履职",
            *paragraphs[:half],
            "（二）规范用权",
            *paragraphs[half:],
            "二、存在的问题",
            f"基层法治力量还有{chance.randint(2, 9)}个缺口没有补上，工作推进不够平衡。",
            f"三、{year + 1}年工作计划",
            *(planned or [aims]),
            "",
            f"{place}人民政府",
            f"{year + 1}年1月{chance.randint(5, 28)}日",
            "",
        ]
    )


def _filled(sentence: str, chance: random.Random) -> str:
    values = {
        "{n}": str(chance.randint(20, 900)),
        "{s}": str(chance.randint(2, 19)),
        "{p}": f"{chance.uniform(60, 99):.1f}",
        "{k}": f"{chance.uniform(20, 900):.1f}",
        "{m}": str(chance.randint(1, 12)),
    }
    for slot, value in values.items():
        sentence = sentence.replace(slot, value)
    return sentence
