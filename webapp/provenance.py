"""Where a field of a report's metadata was found, in the reader's language. No Flask.

The notes are written by indexer.metadata and indexer.place, in Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_CODE = re.compile(r"索引号前 (\d+) 位（")
# None is part of one that comes later.
_ENGLISH = {
    "正文（印发通知所附）": "text (sent out with a notice)",
    "正文旁的来源行": "source line beside the text",
    "正文提到的上级": "higher places that the text names",
    "正文自称": "what the text calls itself",
    "正文": "text",
    "自拟（原文无标题）": "made here (the document has no title)",
    "开头“现将…报告如下”": "opening sentence",
    "首段": "first paragraph",
    "标题上方": "above the title",
    "标题": "title",
    "联合落款": "joint signature",
    "落款": "signature",
    "信息公开条": "strip of index data",
    "日期行": "date line",
    "网页上的发布机构": "publisher named on the page",
    "网页上下文": "rest of the page",
    "网页元数据": "metadata of the page",
    "文件属性": "properties of the file",
    "文件名": "file name",
    "年末发布，按当年（推断）": "published late in the year: that year (inferred)",
    "发布日期的前一年（推断）": "the year before publication (inferred)",
    "地名词典未收录": "not in the gazetteer",
    "下级地名未收录": "lower places not in the gazetteer",
    "地名词典": "gazetteer",
    "开发区按所在城市": "a development zone, by its city",
    "省代码": "province code",
    "市州代码": "prefecture code",
    "县代码": "county code",
    "同名地方多，未定": "several places have this name: undecided",
}
_MARKS = {"、": ", ", "（": " (", "）": ")"}


def provenance(found: Mapping[str, str], lang: str) -> dict[str, str]:
    """Field → note, of a report's `found` notes."""
    return {field: note if lang == "zh" else _english(note) for field, note in found.items()}


def _english(note: str) -> str:
    note = _CODE.sub(r"first \1 digits of the index number（", note)
    for zh, en in {**_ENGLISH, **_MARKS}.items():
        note = note.replace(zh, en)
    return note
