"""Real place names, invented reports: what is found, where, and what stays unknown."""

from __future__ import annotations

import re

import pytest

from indexer.clean import clean
from indexer.metadata import extract, override
from indexer.readers import read
from retrieval.confidence import confidences, doubts
from retrieval.errors import ReadError
from retrieval.store import Index
from retrieval.types import Metadata, Region
from webapp.provenance import provenance

FIRST = "我们坚持依法行政，全面推进法治政府建设，各项工作取得明显成效，现将有关情况报告如下。"


def of(*lines: str, name: str = "a.txt") -> Metadata:
    return extract(clean(read("\n".join([*lines, FIRST]).encode(), name)), name)


@pytest.mark.parametrize(
    ("title", "chain", "level"),
    [
        (
            "武定县白路镇关于2022年法治政府建设工作情况的报告",
            ("云南省", "楚雄彝族自治州", "武定县", "白路镇"),
            "township",
        ),
        ("潢川县人民政府2023年法治政府建设情况报告", ("河南省", "信阳市", "潢川县"), "county"),
        ("荆州市荆州区人民政府2017年度法治政府建设工作报告", ("湖北省", "荆州市", "荆州区"), "county"),
        ("楚雄州人民政府2021年法治政府建设情况报告", ("云南省", "楚雄彝族自治州"), "prefecture"),
        ("锡林郭勒盟东乌珠穆沁旗2021年法治政府建设报告", ("内蒙古自治区", "锡林郭勒盟", "东乌珠穆沁旗"), "county"),
        ("阿勒泰地区行政公署2020年法治政府建设报告", ("新疆维吾尔自治区", "阿勒泰地区"), "prefecture"),
        ("北京市海淀区2022年法治政府建设年度情况报告", ("北京市", "海淀区"), "county"),
        ("仙桃市2019年法治政府建设情况报告", ("湖北省", "仙桃市"), "county"),
        ("雲南省人民政府2022年法治政府建設情況報告", ("云南省",), "province"),
    ],
)
def test_places_resolve_to_their_chain(title: str, chain: tuple[str, ...], level: str) -> None:
    metadata = of(title)
    assert metadata.region.chain == chain
    assert metadata.level == level
    assert metadata.found["region"].startswith("标题")


SIGNED = [FIRST, "我们将继续努力，推动各项工作再上新台阶，为法治建设作出新的更大的贡献。"]


@pytest.mark.parametrize(
    "signature",
    [["中共武定县委", "武定县人民政府"], ["中共武定县委　武定县人民政府"]],
)
def test_joint_issuers_are_all_named(signature: list[str]) -> None:
    lines = ["关于2022年度法治政府建设情况的报告", *SIGNED, *signature, "2023年2月1日"]
    metadata = extract(clean(read("\n".join(lines).encode(), "a.txt")), "a.txt")
    assert metadata.issuing_body == "中共武定县委、武定县人民政府"
    assert metadata.found["issuing_body"] == "联合落款"


def test_an_index_strip_laid_out_as_a_table_is_read_and_no_title() -> None:
    rows = [
        ("索引号", "11510822/2024-00012", "文　号", "青府〔2024〕3号"),
        ("名　　称", "青川县人民政府2023年法治政府建设情况报告"),
    ]
    table = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    html = f"<table>{table}</table><h1>青川县人民政府2023年法治政府建设情况报告</h1><p>{FIRST}</p>"
    metadata = extract(clean(read(html.encode(), "a.html")), "a.html")
    assert metadata.title == "青川县人民政府2023年法治政府建设情况报告"
    assert metadata.region.province == "四川省"
    assert metadata.index_number == "11510822/2024-00012"
    assert metadata.document_number == "青府〔2024〕3号"


def test_a_letter_spaced_signature_is_one_body() -> None:
    lines = ["关于2022年度法治政府建设情况的报告", *SIGNED, "武 定 县 人 民 政 府", "2023年2月1日"]
    assert extract(clean(read("\n".join(lines).encode(), "a.txt")), "a.txt").issuing_body == "武定县人民政府"


def test_a_notice_s_report_gives_the_title_and_the_notice_its_issuer() -> None:
    metadata = of(
        "武定县人民政府办公室关于印发《法治政府建设2022年工作情况报告》的通知", "各乡镇人民政府，县直各部门："
    )
    assert metadata.title == "法治政府建设2022年工作情况报告"
    assert metadata.issuing_body == "武定县人民政府办公室"
    assert metadata.region.county == "武定县"
    assert metadata.year == 2022


@pytest.mark.parametrize(
    "title",
    ["鼓楼区人民政府2022年法治政府建设报告", "城关镇2022年法治政府建设报告", "朝阳区2022年法治政府建设情况报告"],
)
def test_names_that_several_places_bear_stay_unresolved(title: str) -> None:
    metadata = of(title)
    assert metadata.region.province is None
    assert metadata.region.chain == (title.split("人民")[0].split("2022")[0],)


def test_a_name_that_several_places_bear_is_resolved_by_the_index_number() -> None:
    metadata = of("索引号: 11320106013931138G/2022-06008", "鼓楼区人民政府2022年法治政府建设报告")
    assert metadata.region.chain == ("江苏省", "南京市", "鼓楼区")
    assert "索引号" in metadata.found["region"]


def test_a_name_that_several_places_bear_is_resolved_by_the_site() -> None:
    assert of("信息来源：徐州市司法局", "鼓楼区人民政府2022年法治政府建设报告").region.prefecture == "徐州市"


def test_an_abolished_code_in_the_index_number_does_no_harm() -> None:
    metadata = of("索引号: 11622300013931138G/2022-06008", "武威市人民政府2021年度法治政府建设情况报告")
    assert (metadata.region.province, metadata.region.prefecture, metadata.region.code) == (
        "甘肃省",
        "武威市",
        "620600",
    )


@pytest.mark.parametrize(
    "title", ["云岫省澄江市2022年法治政府建设报告", "青岚省临溪市松河县云台镇2022年法治政府建设报告"]
)
def test_a_place_inside_an_unknown_one_is_not_moved_into_a_known_one(title: str) -> None:
    metadata = of(title)
    assert metadata.region.province in ("云岫省", "青岚省")
    assert metadata.region.code is None


@pytest.mark.parametrize(
    ("lines", "year", "where"),
    [
        (["云台县2022年度法治政府建设报告"], 2022, "标题"),
        (["云台县关于《法治政府建设实施纲要（2021-2025年）》2023年落实情况的法治政府报告"], 2023, "标题"),
        (["云台县二〇二一年法治政府建设报告"], 2021, "标题"),
        (["云台县法治政府建设报告", "2020年，我县坚持依法行政，推进法治政府建设。"], 2020, "首段"),
        (["发布日期：2019-03-05", "云台县法治政府建设报告"], 2018, "发布日期的前一年（推断）"),
    ],
)
def test_the_covered_year_is_not_the_year_of_publication(lines: list[str], year: int, where: str) -> None:
    metadata = of(*lines)
    assert (metadata.year, metadata.found["year"]) == (year, where)


@pytest.mark.parametrize(
    "line",
    [
        "发布日期:2023年05月09日",
        "发布时间：2023-05-09 16:58 来源：县司法局",
        "【发布时间】2023-05-09 16:58 【来源】县司法局",
        "[发布日期] ：2023年5月9日 [字体：大 中 小]",
        "公开方式\t[主动公开]\t发布日期\t2023-05-09",
        "【索引号】\tA00-2023-1\t【发布机构】\t云台县司法局\t【发布日期】\t2023-05-09",
        "9.5.2023  07:04",
        "成文日期: 2023/5/9 有效性:",
    ],
)
def test_dates_are_brought_to_one_form(line: str) -> None:
    assert of("云台县2022年法治政府建设报告", line).publication_date == "2023-05-09"


@pytest.mark.parametrize(
    ("title", "department"),
    [
        ("武定县市场监督管理局2022年法治政府建设工作情况的报告", "市场监督管理局"), ("河南省司法厅2022年法治政府建设报告", "司法厅"),
        ("武威市卫生健康委员会2022年法治政府建设报告", "卫生健康委员会"), ("武威市人民政府2022年法治政府建设报告", None),
        ("中共潢川县委 潢川县人民政府 关于2023年法治政府建设情况的报告", None), ("武定县白路镇2022年法治政府建设报告", None),
    ],
)  # fmt: skip
def test_departments_are_told_from_governments(title: str, department: str | None) -> None:
    assert of(title).department == department


def test_a_missing_title_is_made_from_the_text_and_says_so() -> None:
    text = "2022年，石桥镇坚持依法行政。石桥镇以建设法治政府为目标，现将2022年我镇开展法治政府建设工作情况报告如下："
    metadata = extract(clean(read(text.encode(), "x.txt")), "x.txt")
    assert metadata.title == "石桥镇2022年开展法治政府建设工作情况"
    assert metadata.title_made
    assert "自拟" in metadata.found["title"]


def test_the_web_pages_own_metadata_is_used() -> None:
    page = (
        '<html><head><meta name="PubDate" content="2023-02-15 10:00"><link rel="canonical" href="https://www.example.cn/1.html">'
        f"</head><body><h1>潢川县人民政府2022年法治政府建设报告</h1><p>{FIRST}</p></body></html>"
    )
    metadata = extract(clean(read(page.encode(), "a.html")), "a.html")
    assert (metadata.publication_date, metadata.url) == ("2023-02-15", "https://www.example.cn/1.html")


def test_a_manifest_overrides_what_was_found() -> None:
    found = of("鼓楼区人民政府2022年法治政府建设报告")
    corrected = override(
        found, {"province": "江苏省", "prefecture": "徐州市", "county": "鼓楼区", "year": "2021", "url": "https://a.cn"}
    )
    assert corrected.region.chain == ("江苏省", "徐州市", "鼓楼区")
    assert (corrected.year, corrected.url, corrected.level) == (2021, "https://a.cn", "county")
    assert corrected.found["region"] == corrected.found["year"] == "manifest"


@pytest.mark.parametrize(
    "row", ["file,year\na.txt,22\n", "file,colour\na.txt,red\n", "title\nx\n", "file,level\na.txt,big\n"]
)
def test_a_faulty_manifest_is_refused_with_the_row_at_fault(tmp_path, row: str) -> None:
    from indexer.corrections import load_corrections

    (tmp_path / "manifest.csv").write_text(row, encoding="utf-8")
    with pytest.raises(ReadError, match="第 2 行"):
        load_corrections(tmp_path)


def test_a_json_manifest_works_like_the_csv(tmp_path) -> None:
    from indexer.corrections import load_corrections

    (tmp_path / "manifest.json").write_text(
        '[{"file": "a.txt", "region": "云南省/楚雄彝族自治州/武定县", "year": 2022}]', "utf-8"
    )
    assert load_corrections(tmp_path).of("a.txt") == {
        "province": "云南省", "prefecture": "楚雄彝族自治州", "county": "武定县", "year": "2022",
    }  # fmt: skip


def test_the_gazetteer_greets_nobody(capsys) -> None:
    from retrieval.gazetteer import gazetteer

    gazetteer.cache_clear()
    gazetteer()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("body", "chain"),
    [
        ("会东县住房和城乡建设局", ("四川省", "凉山彝族自治州", "会东县")),
        ("长治市潞城市人民政府", ("山西省", "长治市", "潞城市")),
        ("雅安市名山区前进镇", ("四川省", "雅安市", "名山区", "前进镇")),
        ("河北雄安新区管理委员会", ("河北省", "雄安新区")),
        ("南和县人民政府", ("南和县",)),
        ("杭州市余杭区临平街道", ("浙江省", "杭州市", "余杭区", "临平街道")),
        ("澳门路街道办事处", ("澳门路街道",)),
        ("国家税务总局贵阳市税务局", ("贵州省", "贵阳市")),
    ],
)
def test_names_are_read_from_left_to_right_each_within_the_one_before(body: str, chain: tuple[str, ...]) -> None:
    assert of(f"{body}2021年法治政府建设情况报告").region.chain == chain


@pytest.mark.parametrize(
    ("date", "year"),
    [("2019年12月10日", 2019), ("2020年1月20日", 2019), ("二〇二〇年一月二十日", 2019), ("2020.3.1", 2019)],
)
def test_without_another_sign_the_year_follows_from_the_date(date: str, year: int) -> None:
    text = f"桃源县法治政府建设工作报告\n{FIRST}\n一、成效\n{FIRST}\n桃源县人民政府\n{date}"
    metadata = extract(clean(read(text.encode(), "a.txt")), "a.txt")
    assert (metadata.year, metadata.issuing_body) == (year, "桃源县人民政府")
    assert metadata.signed_date is not None


def test_the_sites_clock_is_not_the_date_of_publication() -> None:
    metadata = of("2023年3月4日 星期六", "桃源县2022年法治政府建设报告", "2023-01-15 | 来源：县司法局 | 点击：33")
    assert metadata.publication_date == "2023-01-15"


def test_traditional_strips_are_read() -> None:
    assert of("桃源縣2022年法治政府建設報告", "發布時間:2023-01-20 來源:縣司法局").publication_date == "2023-01-20"


def test_the_labelled_set_is_read_right() -> None:
    """Floors for bench/score_metadata.py: an invented text about a real place must never get a wrong province."""
    import csv

    from bench.score_metadata import HERE, metadata_of
    from indexer.place import FIELDS

    with (HERE / "metadata" / "labelled.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 120
    chains = years = 0
    for row in rows:
        found = metadata_of(row)
        wanted = (row["chain"].split("/") + [""] * 4)[:4]
        chain = [getattr(found.region, name) or "" for name in FIELDS]
        assert chain[0] in ("", wanted[0]), row["title"]
        chains += chain == wanted
        years += str(found.year) == row["year"]
    assert chains / len(rows) >= 0.97
    assert years / len(rows) >= 0.99


@pytest.mark.parametrize(
    ("found", "field", "least", "most"),
    [
        ({"year": "标题"}, "year", 0.9, 1.0),
        ({"year": "发布日期的前一年（推断）"}, "year", 0.4, 0.6),
        ({"year": "manifest"}, "year", 1.0, 1.0),
        ({"region": "标题（同名地方多，未定）"}, "region", 0.0, 0.4),
    ],
)
def test_a_field_is_as_sure_as_the_place_where_it_was_found(
    found: dict[str, str], field: str, least: float, most: float
) -> None:
    metadata = Metadata("t", False, Region(county="鼓楼区"), year=2020, found=found)
    assert least <= confidences(metadata)[field] <= most


def test_what_is_unsure_is_listed_and_a_corrected_manifest_settles_it(tmp_path, config, encoder) -> None:
    from click.testing import CliRunner

    from indexer.build import build
    from retrieval.store import open_index
    from tests.conftest import quiet
    from wenzheng.cli import cli

    folder = tmp_path / "reports"
    folder.mkdir()
    text = "鼓楼区人民政府2020年法治政府建设情况报告\n鼓楼区坚持依法行政，现将情况报告如下，全年各项任务顺利完成。\n"
    (folder / "a.txt").write_text(text, encoding="utf-8")
    root = tmp_path / "index"
    build([folder], root, config, encoder, quiet, rebuild=False)
    written = tmp_path / "check.csv"
    result = CliRunner().invoke(cli, ["--index", str(root), "reports", "--check", "--json", "--manifest", str(written)])
    assert '"field": "region"' in result.output
    rows = written.read_text(encoding="utf-8-sig").replace("//鼓楼区", "江苏省/南京市/鼓楼区")
    (folder / "manifest.csv").write_text(rows, encoding="utf-8-sig")
    build([folder], root, config, encoder, quiet, rebuild=False)
    (summary,) = open_index(root).reports
    assert summary.metadata.region.chain == ("江苏省", "南京市", "鼓楼区")
    assert doubts(summary.metadata) == []


@pytest.mark.parametrize(
    "lines",
    [
        ("武汉东湖新技术开发区2022年法治政府建设情况报告",),
        ("乌有县无何乡2022年法治政府建设情况报告",),
        ("鼓楼区2022年法治政府建设情况报告",),
        ("索引号：11410000MB1234567X/2023-00001", "鼓楼区2022年法治政府建设情况报告"),
        ("武定县白路镇法治政府建设工作情况的报告", "发布日期：2022-12-28"),
        ("来源：https://example.org/a.html", "法治政府建设工作情况的报告"),
    ],
)
def test_where_a_field_was_found_is_told_in_english_too(lines: tuple[str, ...]) -> None:
    assert not untold(of(*lines))


def test_where_a_sample_s_fields_were_found_is_told_in_english_too(samples: Index) -> None:
    assert not [note for summary in samples.current for note in untold(summary.metadata)]


def untold(metadata: Metadata) -> list[str]:
    """English notes with Chinese in them."""
    assert provenance(metadata.found, "zh") == metadata.found
    notes = provenance(metadata.found, "en")
    assert notes.keys() == metadata.found.keys()
    return [note for note in notes.values() if re.search(r"[\u3000-\u9fff\uff00-\uffef]", note)]
