"""What a question asks, and the filters that its own words name."""

from __future__ import annotations

import pytest

from retrieval.search import Searcher
from retrieval.types import Filters, Region
from webapp.places import PlaceNames
from webapp.question import Question, understand

NAMES = PlaceNames(
    [
        Region("云岫省", "临溪市"),
        Region("云岫省", "临溪市", "松鹤县"),
        Region("云岫省", "临溪市", "松鹤县", "望月镇"),
        Region("青岚省", "澄湖市"),
    ]
)


def asked(text: str, *ignored: str) -> Question:
    return understand(text, NAMES, None, ignored)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("哪些地方推行了说理式执法", "places"),
        ("which counties use drones", "places"),
        ("澄湖市办理多少件行政复议案件", "fact"),
        ("how many legal aid cases were handled", "fact"),
        ("松鹤县2021年出庭应诉率", "fact"),
        ("出庭应诉率是多少", "fact"),
        ("几个部门的检查并成一次去", "open"),
        ("the whole process of enforcement", "open"),
        ("松鹤县和澄湖市的复议工作对比", "compare"),
        ("给一线执法人员配记录仪", "open"),
    ],
)
def test_the_kind_of_a_question_is_told(text: str, kind: str) -> None:
    assert asked(text).kind == kind


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("松鹤县2021年行政复议", "松鹤县"),
        ("云岫省临溪市松鹤县望月镇的法律顾问", "望月镇"),
        ("松鹤和澄湖的复议工作对比", "松鹤县、澄湖市"),
        ("澄湖2021年处罚案件", "澄湖市"),
        ("望月之夜的活动", None),
        ("在县区设立窗口", None),
    ],
)
def test_places_of_the_corpus_become_filters_by_full_and_by_short_name(text: str, region: str | None) -> None:
    assert asked(text).filters.region == region


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("杭州市2022年受理行政复议多少件", "杭州市"),
        ("2022年杭州市受理行政复议多少件", "杭州市"),
        ("鼓楼区的行政复议", "鼓楼区"),
        ("梧桐岭县2021年行政复议", "梧桐岭县"),
        ("收回街道的执法事项", None),
        ("城镇居民怎么申请", None),
    ],
)
def test_a_place_without_a_report_is_missing_and_not_another_place(text: str, missing: str | None) -> None:
    assert asked(text).missing == missing


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("2021年的做法", (2021, 2021)),
        ("2019至2021年的做法", (2019, 2021)),
        ("2021年和2023年的案件", (2021, 2023)),
        ("from 2019 to 2021", (2019, 2021)),
        ("编号20210304", (None, None)),
    ],
)
def test_years_become_a_filter(text: str, years: tuple[int | None, int | None]) -> None:
    filters = asked(text).filters
    assert (filters.year_from, filters.year_to) == years


@pytest.mark.parametrize(
    ("text", "level", "role"),
    [
        ("哪些县推行了三项制度", "county", None),
        ("哪些乡镇打算推行说理式执法", "township", "planned"),
        ("哪些乡镇打算把处罚道理讲清楚", "township", "planned"),
        ("which provinces plan to cut inspections", "province", "planned"),
        ("各乡镇执法还有哪些不足", "township", "shortcoming"),
        ("材料不足先受理", None, None),
        ("法治创建做了什么、打算做什么", None, None),
        ("哪些市县区推行", "county", None),
        ("县里把处罚权交给乡镇", None, None),
        ("哪些地方已经建成复议窗口", None, "done"),
        ("松鹤县有多少个乡镇", None, None),
        ("多少个乡镇推行了说理式执法", "township", None),
        ("存在问题案件多少件", None, None),
        ("执法存在哪些问题", None, "shortcoming"),
        ("2021年立法计划", None, None),
    ],
)
def test_levels_and_roles_become_filters_only_when_they_are_asked_for(
    text: str, level: str | None, role: str | None
) -> None:
    filters = asked(text).filters
    assert (filters.level, filters.role) == (level, role)


@pytest.mark.parametrize(
    ("text", "year", "plans_for"),
    [
        ("松鹤县2022年计划做什么", 2021, 2022),
        ("松鹤县2022年工作安排", 2021, 2022),
        ("松鹤县2022年做了什么", 2022, None),
        ("松鹤县2021年以来打算做什么", 2021, None),
    ],
)
def test_plans_for_a_year_are_looked_for_in_the_reports_of_the_year_before(
    text: str, year: int, plans_for: int | None
) -> None:
    question = asked(text)
    assert (question.filters.year_from, question.plans_for) == (year, plans_for)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("比较松鹤县和澄湖市的行政复议案件数", True),
        ("松鹤县和澄湖市的复议工作对比", False),
        ("哪些地方的调解成功率最高", True),
        ("哪些地方推行了说理式执法", False),
    ],
)
def test_a_comparison_of_amounts_asks_for_figures(text: str, fact: bool) -> None:
    question = asked(text)
    assert question.fact is fact
    assert not question.filters.region or question.filters.own_reports_only is fact


def test_what_is_ignored_is_not_taken_from_the_words() -> None:
    text = "哪些乡镇2021年打算推行说理式执法"
    assert set(asked(text).named) == {"year", "level", "role"}
    assert asked(text, "year", "level", "role").filters == Filters()
    assert asked("杭州市2022年复议", "region").missing is None


def test_filters_given_by_the_caller_win() -> None:
    question = understand("松鹤县2021年行政复议", NAMES, Filters(region="澄湖市", year_from=2020, year_to=2020))
    assert question.filters == Filters(region="澄湖市", year_from=2020, year_to=2020)
    assert question.named == ()


def test_a_named_place_filters_search_too(searcher: Searcher) -> None:
    from webapp.finding import find

    found = find(searcher, "临溪市2021年行政复议")
    assert found.results.total
    assert all("临溪市" in hit.report.metadata.region.chain for hit in found.results.hits)
    assert find(searcher, "临溪市2023年行政复议案件数").results.total == 0


def test_a_question_costs_no_walk_over_the_corpus() -> None:
    """A question is looked up in a table of names: the table's size does not show in the lookups."""

    class Counting(dict):
        lookups = 0

        def get(self, key, default=None):
            Counting.lookups += 1
            return super().get(key, default)

    many = PlaceNames(Region("云岫省", "临溪市", f"第{n}县") for n in range(5000))
    many._full = Counting(many._full)
    many.named("第77县2021年行政复议")
    assert Counting.lookups < 200


HARD = PlaceNames(
    [
        Region("甘肃省", "武威市"),
        Region("江苏省", "南京市", "鼓楼区"),
        Region("江苏省", "徐州市", "鼓楼区"),
        Region("湖北省", "荆州市", "公安县"),
        Region("山西省", "晋城市", "城区"),
        Region("黑龙江省", "鹤岗市", "南山区"),
    ]
)


@pytest.mark.parametrize(
    ("text", "region", "missing"),
    [
        ("武威市凉州区2021年行政复议多少件", "凉州区", "凉州区"),
        ("武威市和兰州市2021年行政复议比较", "兰州市", "兰州市"),
        ("南京市鼓楼区2022年行政复议多少件", "南京市/鼓楼区", None),
        ("鼓楼区2022年行政复议", "鼓楼区", None),
        ("公安行政处罚案件有多少件", None, None),
        ("公安县2022年复议", "公安县", None),
        ("哪些城区推行综合执法", None, None),
        ("晋城市城区执法", "城区", None),
        ("河南山区普法", None, None),
        ("平安乡村建设情况", None, None),
        ("县市区政府推行什么", None, None),
        ("试点县2022年有哪些", None, None),
    ],
)
def test_same_names_common_words_and_unknown_neighbours_are_told_apart(
    text: str, region: str | None, missing: str | None
) -> None:
    question = understand(text, HARD)
    assert (question.filters.region, question.missing) == (region, missing)


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("罚款2000元以上的案件听证", (None, None)),
        ("到2025年基本建成法治政府", (None, None)),
        ("《法治政府建设实施纲要（2021-2025年）》落实了哪些", (None, None)),
        ("2020年以后的做法", (2021, None)),
        ("2019年以来的做法", (2019, None)),
        ("2021年之前的做法", (None, 2020)),
        ("2022-23年的做法", (2022, 2023)),
        ("二〇二二年的做法", (2022, 2022)),
    ],
)
def test_years_are_read_as_they_are_meant(text: str, years: tuple[int | None, int | None]) -> None:
    filters = understand(text, HARD).filters
    assert (filters.year_from, filters.year_to) == years


@pytest.mark.parametrize(
    "text",
    [
        "各市、县（区）推行了什么",
        "哪些省市推行首违不罚",
        "哪些乡村振兴举措",
        "哪些困难群众获得法律援助",
        "解决了哪些问题",
        "行政执法检查计划实施情况",
    ],
)
def test_words_that_only_look_like_a_level_or_a_part_filter_nothing(text: str) -> None:
    filters = understand(text, HARD).filters
    assert (filters.level, filters.role) == (None, None)
