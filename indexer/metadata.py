"""What a report says of itself: title, place, level, body, year, dates, numbers, source; each with where it was found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from indexer.clean import Cleaned
from indexer.dates import DATE, arabic, first_year, iso_date
from indexer.place import Evidence, Place, level_of, resolve, self_name
from retrieval.text import bare, simplify
from retrieval.types import Metadata, Region

_DATE_KEYS = (
    "发布日期",
    "发布时间",
    "发布于",
    "公开日期",
    "公开时间",
    "发表时间",
    "添加时间",
    "发文日期",
    "成文日期",
    "生成日期",
    "更新时间",
    "时间",
    "日期",
)
_INDEX_NUMBER = re.compile(r"索\s*[引取]\s*号\s*[:：]\s*([0-9A-Za-z][^\s,，;；]{5,})")
_DOCUMENT_NUMBER = re.compile(
    r"(?:发文字号|文\s*号|文件编号)\s*[:：]\s*([\u4e00-\u9fff]+[\[〔(（]\d{4}[\]〕)）]\s*\d+\s*号)"
)
_BRACKETED_NAME = re.compile(
    rf"(?<![:：] )(?<![:：])[\[【] *((?:{'|'.join(_DATE_KEYS)})|(?:信息)?来源|发布机构|发布单位|索引号|发文字号) *[\]】] *[:：]?"
)
_URL = re.compile(r"https?://[^\s，。；、）)\"'<>]+")
_TITLE_BODY = re.compile(r"^(.*?)(?=关于|\d{4}年|20\d\d|[二]\s*[〇○零]|法治政府|推进|开展|依法行政)")
_DEPARTMENT = re.compile(
    r"(?:局|厅|委员会|委|办公室|中心|署|院|站|总队|支队|大队|分局|管委会|联合会|公司|集团|学校|大学|学院|医院|银行)$"
)
_NO_DEPARTMENT = re.compile(
    r"^(?:人民政府|政府|人民政府办公室|政府办公室|党委|县委|市委|区委|省委|镇党委|委|办事处|人民政府办事处|办公室|行政公署|管理委员会|管委会)?$"
)
_ANNOUNCES = re.compile(r"[现F]将(.{4,40}?)(?:报告|汇报|总结|通报|公布|公告|公示)?如下")
_PUBLISHER = re.compile(
    r"(?:信息来源|来源|发布机构|发布单位|公开主体|制发机关|发文机关|责任部门)[:：]([\u4e00-\u9fff]{2,20}?(?:人民政府|政府|委员会|局|厅|办公室))"
)
_NOTICE = re.compile(r"[印转]发[〈《<]?(.{8,70}(?:报告|总结|情况|汇报))[〉》>]?的(?:通知|函)")
_OWN = re.compile(r"[我本全](?=[省市州县区镇乡街])[省市州县区镇乡街]道?")


@dataclass(slots=True)
class _Draft:
    """Values as they are found; the first finder of a field wins."""

    values: dict[str, object] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)

    def set(self, name: str, value: object, where: str) -> None:
        if value and name not in self.values:
            self.values[name] = value
            self.found[name] = where


def extract(cleaned: Cleaned, source_name: str) -> Metadata:
    """Everything that the text, the page around it and the file's name tell. What they do not tell is None."""
    draft = _Draft()
    strips = [simplify(unicodedata.normalize("NFKC", _paired(removal.text))) for removal in cleaned.removals]
    hints = cleaned.document.hints
    title = _title(cleaned, draft)
    _numbers_and_dates(strips, hints, cleaned, draft)
    signature = [body for body in map(_signer, cleaned.of_kind("signature")) if body]
    place = _place(title, signature, strips, cleaned, source_name, draft)
    _body_and_department("".join(cleaned.of_kind("title")) or title, signature, place, draft)
    _year(title, cleaned, source_name, draft)
    made = not title
    title = title or _made_title(cleaned, place, draft)
    region = place.region if place else Region()
    if place:
        draft.found["region"] = place.where
    values = draft.values
    return Metadata(
        title=title or PurePosixPath(source_name).stem,
        title_made=made,
        region=region,
        level=level_of(region),
        issuing_body=_text(values, "issuing_body"),
        department=_text(values, "department"),
        year=values.get("year"),  # type: ignore[arg-type]  # _year only ever sets an int
        publication_date=_text(values, "publication_date"),
        signed_date=_text(values, "signed_date"),
        index_number=_text(values, "index_number"),
        document_number=_text(values, "document_number"),
        url=_text(values, "url"),
        found=dict(draft.found),
    )


def _paired(strip: str) -> str:
    """A table's row of names and values, or names in brackets before them, as `name：value` like other strips."""
    cells = [_BRACKETED_NAME.sub(r" \1：", cell) for cell in strip.split("\t")]
    pairs = zip(cells[::2], cells[1::2], strict=False)
    return " ".join(f"{name.rstrip('：:')}：{value}" for name, value in pairs) if len(cells) > 1 else cells[0]


def _text(values: dict[str, object], name: str) -> str | None:
    value = values.get(name)
    return str(value) if value else None


def _title(cleaned: Cleaned, draft: _Draft) -> str:
    parts = cleaned.of_kind("title")
    if parts:
        draft.found["title"] = "正文"
        whole = "".join(parts)
        if notice := _NOTICE.search(whole):
            # The report is what the notice sends out.
            draft.found["title"] = "正文（印发通知所附）"
            return notice.group(1)
        # Letter-spaced lines (报    告) are one word; a single space between names is the title's own.
        return re.sub(r"(?<=[\u4e00-\u9fff])\s{2,}(?=[\u4e00-\u9fff])", "", whole)
    for key in ("title", "page title"):
        segments = re.split(r"\s*[-_|–—]\s*", cleaned.document.hints.get(key, ""))
        hinted = max((part.strip() for part in segments), key=len)
        if re.search(r"法治|依法行政", simplify(hinted)) and 10 <= len(hinted) <= 80:
            draft.found["title"] = "文件属性"
            return hinted
    return ""


def _made_title(cleaned: Cleaned, place: Place | None, draft: _Draft) -> str:
    """A title made of the sentence that announces the report, in its own script, with the place's name in it."""
    draft.found["title"] = "自拟（原文无标题）"
    simple = simplify(cleaned.text)
    name = place.region.name if place else ""
    at = simple.find(name) if name else -1
    name = cleaned.text[at : at + len(name)] if at >= 0 else name
    year = draft.values.get("year")
    match = _ANNOUNCES.search(simple[:3000])
    if match and "法治" in match.group(1) and not match.group(1).startswith("有关"):
        words = cleaned.text[match.start(1) : match.end(1)]
        for own in reversed(list(_OWN.finditer(match.group(1)))):
            words = words[: own.start()] + words[own.end() :]
        years = f"{year}年" if year and str(year) not in words else ""
        return name + years + words
    years = f"{year}年" if year else ""
    return f"{name}{years}法治政府建设情况报告" if name or year else ""


def _numbers_and_dates(strips: list[str], hints: dict[str, str], cleaned: Cleaned, draft: _Draft) -> None:
    for strip in strips:
        if match := _INDEX_NUMBER.search(strip):
            draft.set("index_number", match.group(1), "信息公开条")
        if match := _DOCUMENT_NUMBER.search(strip):
            draft.set("document_number", match.group(1), "信息公开条")
        if re.fullmatch(r"[\u4e00-\u9fff]{1,12}[\[〔(]\d{4}[\]〕)]第?\d{1,5}号", strip.replace(" ", "")):
            draft.set("document_number", strip.strip(), "标题上方")
    for key in _DATE_KEYS:
        spaced = r"\s*".join(key)
        for strip in strips:
            match = re.search(rf"{spaced}\s*[:：]\s*\[?({DATE.pattern})", strip)
            draft.set("publication_date", iso_date(match.group(1)) if match else None, "信息公开条")
    draft.set("publication_date", iso_date(hints.get("date", "")), "网页元数据")
    dated = [strip for removal, strip in zip(cleaned.removals, strips, strict=True) if "date line" in removal.reason]
    # A line with the day of the week is the site's clock.
    for strip in sorted(dated, key=lambda line: "星期" in line):
        draft.set("publication_date", iso_date(strip), "日期行")
    for line in cleaned.of_kind("signature"):
        draft.set("signed_date", iso_date(arabic(unicodedata.normalize("NFKC", line))), "落款")
    draft.set("url", hints.get("url"), "网页元数据")
    for strip in strips:
        if re.search(r"原文|来源|网址|链接|url|地址", strip, re.I) and (match := _URL.search(strip)):
            draft.set("url", match.group(), "正文旁的来源行")


def _signer(line: str) -> str:
    """The body in a signature line, without the date and the seal."""
    plain = re.sub(r"[(（](?:盖章|公章|代章|章|印)[)）]|[(（]?(?:\d{4}\s*[年.]|二[^年\s]{3}年).*$", "", line)
    parts = plain.split()
    # Several bodies on one line, or one that is letter-spaced.
    return (" " if len(parts) > 1 and all(map(_is_body, parts)) else "").join(parts)


def _is_body(name: str) -> bool:
    plain = bare(name)
    return len(plain) > 3 and bool(_DEPARTMENT.search(plain) or plain.endswith("政府"))


def _place(
    title: str, signature: list[str], strips: list[str], cleaned: Cleaned, source_name: str, draft: _Draft
) -> Place | None:
    evidence = Evidence(
        index_number=_text(draft.values, "index_number"),
        surroundings=simplify(" ".join([*strips, *cleaned.document.hints.values(), source_name])),
        body=simplify(cleaned.text),
    )
    own = self_name(cleaned.text)
    head = _title_head(title)
    sources: Iterable[tuple[str, str]] = [
        (head, "标题"),
        (_title_head("".join(cleaned.of_kind("title"))), "标题"),
        *((line, "落款") for line in signature),
        (own or "", "正文自称"),
        (_title_head(PurePosixPath(source_name).stem), "文件名"),
        *((publisher, "网页上的发布机构") for publisher in _publishers(strips)),
    ]
    best: Place | None = None
    for names, where in sources:
        place = resolve(names, where, evidence) if names else None
        if place and (best is None or _completes(place.region, best.region)):
            best = place
        if best and best.region.province:
            break
    return best


def _publishers(strips: list[str]) -> list[str]:
    """Bodies that the page around a report names as its publisher."""
    return [match.group(1) for strip in strips for match in _PUBLISHER.finditer(strip.replace(" ", ""))]


def _title_head(title: str) -> str:
    plain = bare(title)
    match = _TITLE_BODY.match(plain)
    return match.group(1) if match and match.group(1) else plain


def _completes(region: Region, other: Region) -> bool:
    """Whether `region` is the same place as `other` with more of its chain known."""
    return bool(region.province) and other.name in region.chain


def _body_and_department(title: str, signature: list[str], place: Place | None, draft: _Draft) -> None:
    head = re.split(r"关于|\d{4}\s*年|20\d\d|二\s*[〇○零]", title)[0].strip() if title else ""
    bodies = list(dict.fromkeys(part for line in signature for part in line.split()))
    joint = len(bodies) > 1 and all(map(_is_body, bodies))
    draft.set("issuing_body", "、".join(bodies) if joint else None, "联合落款")
    for line in signature:
        draft.set("issuing_body", line.strip(), "落款")
    if joint and not re.search(r"\s", head):
        head = ""
    if re.search(r"政府|委|局|厅|办|中心|院", head):
        draft.set("issuing_body", head, "标题")
    elif place:
        draft.set("issuing_body", head or place.region.name, "标题" if head else place.where)
    for body in (head, *signature):
        rest = _after_places(bare(body), place).replace("人民政府", "")
        rest = re.sub(r"^(?:自治区|[省市州县区镇乡](?!场))", "", rest)
        if _DEPARTMENT.search(rest) and not _NO_DEPARTMENT.fullmatch(rest) and "中共" not in rest:
            draft.set("department", rest, "标题" if body is head else "落款")


def _after_places(body: str, place: Place | None) -> str:
    """What follows the last place's name in a body's name."""
    names = place.region.chain if place else ()
    ends = [body.rfind(name) + len(name) for name in names if name in body]
    return body[max(ends, default=0) :]


def _year(title: str, cleaned: Cleaned, source_name: str, draft: _Draft) -> None:
    """The covered year: the title's, else the one that the opening announces, else the year before publication."""
    draft.set("year", first_year(title), "标题")
    opening = simplify(cleaned.text[:1500])
    announced = re.search(r"[现F]将(.{0,40}?)(?:报告|汇报|总结|通报|公布)?如下", opening)
    draft.set("year", first_year(announced.group(1)) if announced else None, "开头“现将…报告如下”")
    bodies = [simplify(cleaned.text[p.start : p.start + 14]) for p in cleaned.paragraphs if p.kind == "body"][:3]
    heads = [re.match(r"\s*(?:20\d\d|二[〇○零oO0].{2})年", body) for body in bodies]
    head = next((found.group() for found in heads if found), "")
    draft.set("year", first_year(head), "首段")
    draft.set("year", first_year(PurePosixPath(source_name).stem), "文件名")
    date = str(draft.values.get("publication_date") or draft.values.get("signed_date") or "")
    if date:
        # Reports come out in the following spring, but for the few that close their year in its last weeks.
        late = int(date[5:7]) >= 11
        where = "年末发布，按当年（推断）" if late else "发布日期的前一年（推断）"
        draft.set("year", int(date[:4]) - (0 if late else 1), where)


def override(metadata: Metadata, corrections: dict[str, str]) -> Metadata:
    """The metadata with a manifest's values in place of what was found."""
    found = dict(metadata.found)
    changes: dict[str, object] = {}
    names = {f: corrections[f] for f in ("province", "prefecture", "county", "township", "code") if f in corrections}
    if names:
        changes["region"] = Region(**names)
        changes["level"] = level_of(Region(**names))
        found["region"] = "manifest"
    for name in (
        "title",
        "issuing_body",
        "department",
        "level",
        "publication_date",
        "index_number",
        "document_number",
        "url",
    ):
        if name in corrections:
            changes[name] = corrections[name]
            found[name] = "manifest"
    if "title" in corrections:
        changes["title_made"] = False
    if "year" in corrections:
        changes["year"], found["year"] = int(corrections["year"]), "manifest"
    for name in ("invented", "reference"):
        if name in corrections:
            changes[name] = corrections[name].lower() in ("1", "true", "yes", "是")
    return replace(metadata, **changes, found=found)  # type: ignore[arg-type]  # keys are field names by construction
