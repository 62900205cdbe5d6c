"""Web pages: walk the DOM, a block for each paragraph, each piece located by its text node."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urldefrag, urljoin

from lxml import etree
from lxml import html as lxml_html

from indexer.furniture import NUMBERED
from indexer.readers.charset import decode
from indexer.readers.document import Block, Document, Piece
from retrieval.errors import ReadError
from retrieval.text import bare

_UNSEEN = {"script", "style", "noscript", "template", "svg", "iframe", "select", "button", "textarea", "head", "object"}
_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "em", "font", "i", "ins", "label", "mark", "q", "s",
    "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "ucapcontent",
}  # fmt: skip
_FURNITURE_TAGS = {"nav": "导航 nav", "footer": "页脚 footer", "aside": "侧栏 aside"}
_FURNITURE_NAMES = re.compile(
    r"(^|[-_\s])(nav|navbar|menu|breadcrumbs?|crumbs?|footer|foot|sidebar|share|bdsharebuttonbox|bshare|related|"
    r"pager|pagination|qr-?code|ewm|erweima|toolbar|copyright|weizhi|position|dqwz|location|login|search|print|"
    r"prev-?next|sitemap)([-_\s]|$)",
    re.I,
)
_HEADINGS = {"h1": 1, "h2": 1, "h3": 2, "h4": 3, "h5": 4, "h6": 4}
_UTF8 = lxml_html.HTMLParser(encoding="utf-8")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_SENTENCE = re.compile(r"[。！？；]|[^\d][;!?]")
_META_HINTS = {
    "articletitle": "title", "pubdate": "date", "publishdate": "date", "contentsource": "source",
    "url": "url", "og:url": "url", "article:published_time": "date",
}  # fmt: skip


def read(data: bytes, name: str) -> Document:
    """The page's blocks, furniture marked with the reason. Raises ReadError when there is no page."""
    text, encoding, _ = decode(data, name, html=True)
    # lxml refuses a str that declares an encoding of its own, and NUL bytes.
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text).replace("\0", "")
    parser = lxml_html.HTMLParser(huge_tree=True)
    try:
        root = lxml_html.document_fromstring(text, parser=parser)
    except (etree.ParserError, ValueError, AssertionError) as error:
        raise ReadError(f"{name}：不是可读的网页：{error}", f"{name}: not a readable web page: {error}") from error
    if any("depth" in entry.message for entry in parser.error_log):
        # libxml2 drops what lies deeper than its limit: better no report than half of one.
        raise ReadError(f"{name}：网页嵌套层数太多，读不全", f"{name}: elements nest too deep to be read whole")
    walker = _Walker()
    body = root.find("body")
    walker.walk(root if body is None else body)
    return Document(tuple(walker.finished()), encoding, hints=_hints(root))


def _hints(root: etree._Element) -> dict[str, str]:
    hints: dict[str, str] = {}
    title = root.findtext(".//title")
    if title and title.strip():
        hints["page title"] = _SPACES.sub(" ", title).strip()
    for meta in root.iter("meta"):
        key = (meta.get("name") or meta.get("property") or "").lower()
        content = (meta.get("content") or "").strip()
        if key in _META_HINTS and content:
            hints.setdefault(_META_HINTS[key], content)
    for link in root.iter("link"):
        if (link.get("rel") or "").lower() == "canonical" and (link.get("href") or "").startswith("http"):
            hints["url"] = str(link.get("href"))
    saved = re.search(
        r"saved from url=\(\d+\)(\S+)", str(etree.tostring(root, encoding="unicode", method="html")[:3000])
    )
    if saved:
        hints.setdefault("url", saved.group(1))
    return hints


@dataclass(frozen=True, slots=True)
class _Step:
    """Something still to be done on the walk, with what it inherits: furniture, heading level, whether inside a link.

    `path` is the element's own or, for the text after it, its parent's, of which that is text node `number`.
    """

    what: Literal["open", "tail", "break"]
    element: etree._Element
    furniture: str | None
    heading: int
    link: bool
    path: str
    number: int = 1


@dataclass
class _Walker:
    """Collects text nodes into blocks. The stack of open elements is explicit: pages nest deeper than Python may."""

    blocks: list[Block] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    linked: int = 0

    def walk(self, root: etree._Element) -> None:
        stack = [_Step("open", root, None, 0, False, root.getroottree().getpath(root))]
        while stack:
            step = stack.pop()
            if step.what == "tail":
                self.add(step.element.tail, step.element.getparent(), f"{step.path}/text()[{step.number}]", step.link)
            elif step.what == "break":
                self.flush(step.furniture, step.heading)
            elif isinstance(step.element.tag, str) and step.element.tag.lower() not in _UNSEEN:
                stack.extend(reversed(self.opened(step)))

    def opened(self, step: _Step) -> list[_Step]:
        element, tag = step.element, step.element.tag.lower()
        style = (element.get("style") or "").replace(" ", "")
        is_block = tag not in _INLINE or "display:block" in style
        inner = step.furniture or _furniture(element, tag)
        level = _HEADINGS.get(tag, step.heading)
        # An anchor without an address is a place in the text, not a link.
        in_link = step.link or (tag == "a" and bool(element.get("href")))
        if is_block and tag not in ("td", "th"):
            self.flush(step.furniture, step.heading)
        elif tag in ("td", "th") and self.pieces:
            self.pieces.append(Piece("\t", self.pieces[-1].locator))
        self.add(element.text, element, f"{step.path}/text()[1]", in_link)
        steps: list[_Step] = []
        # XPath counts an element's text nodes from 1.
        number = 1 if element.text else 0
        for child, path in _children(element, step.path):
            number += 1 if child.tail else 0
            steps.append(_Step("open", child, inner, level, in_link, path))
            steps.append(_Step("tail", child, inner, level, in_link, step.path, number))
        if is_block and tag not in ("td", "th"):
            steps.append(_Step("break", element, inner, level, in_link, step.path))
        return steps

    def add(self, text: str | None, parent: etree._Element | None, path: str, link: bool) -> None:
        if not text:
            return
        # Where line breaks count (<pre>, white-space: pre), each line is a paragraph.
        lines = text.split("\n") if parent is not None and _keeps_lines(parent) else [text]
        for number, line in enumerate(lines):
            if number:
                self.flush(None, 0)
            shown = _collapse(line, self.pieces[-1].text[-1:] if self.pieces else "")
            if shown:
                self.pieces.append(Piece(shown, path))
                self.linked += len(shown) if link else 0

    def flush(self, furniture: str | None, heading: int) -> None:
        block = Block(tuple(self.pieces), furniture, heading).stripped()
        if block.pieces:
            reason = furniture
            numbered = NUMBERED.match(bare(block.text))
            if not reason and self.linked > len(block.text) * 0.8 and not _SENTENCE.search(block.text) and not numbered:
                reason = "链接行 link line"
            self.blocks.append(Block(block.pieces, reason, heading))
        self.pieces, self.linked = [], 0

    def finished(self) -> list[Block]:
        self.flush(None, 0)
        return self.blocks


def _children(element: etree._Element, path: str) -> Iterator[tuple[etree._Element, str]]:
    """The children with their paths, as lxml's getpath gives them, which counts all siblings anew for each."""
    total = Counter(child.tag for child in element)
    seen: Counter[object] = Counter()
    for child in element:
        seen[child.tag] += 1
        yield child, f"{path}/{child.tag}" + (f"[{seen[child.tag]}]" if total[child.tag] > 1 else "")


def _collapse(text: str, before: str) -> str:
    """White space as a browser shows it; a line break between Han characters is no space at all."""

    def space(match: re.Match[str]) -> str:
        left = text[match.start() - 1 : match.start()] or before
        right = text[match.end() : match.end() + 1]
        if not left or left in " \t\n" or ("\n" in match.group() and left >= "\u2e80" and (right or left) >= "\u2e80"):
            return ""
        return " "

    return _SPACES.sub(space, text)


def _furniture(element: etree._Element, tag: str) -> str | None:
    """A reason when the element says of itself that it is not content, and its text agrees."""
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    reason = None
    if element.get("hidden") is not None or "display:none" in (element.get("style") or "").replace(" ", ""):
        return "不显示的元素 hidden element"
    if tag in _FURNITURE_TAGS:
        reason = _FURNITURE_TAGS[tag]
    elif match := _FURNITURE_NAMES.search(names):
        reason = f"页面部件 {match.group(2)}"
    if reason and _has_prose(element):
        return None
    return reason


def _has_prose(element: etree._Element) -> bool:
    """A sentence or a numbered heading inside: the name of a wrapper is then no evidence against its content."""
    text = "".join(element.itertext())
    return bool(re.search(r"[\u4e00-\u9fff“”、，,]{12,}[。；]", text) or NUMBERED.match(bare(text)))


def _keeps_lines(element: etree._Element) -> bool:
    """Whether the browser shows this element's line breaks."""
    chain = (element, *element.iterancestors())
    return any(e.tag == "pre" or "white-space:pre" in (e.get("style") or "").replace(" ", "") for e in chain)


@dataclass(frozen=True, slots=True)
class Link:
    """A link on a page: its whole address without fragment, and its words."""

    url: str
    text: str


def links_and_title(data: bytes, base: str) -> tuple[list[Link], str]:
    """The links of a page, in order, and its title; none for what is no page."""
    try:
        root = lxml_html.document_fromstring(decode(data, base, html=True)[0].encode("utf-8"), parser=_UTF8)
    except (etree.ParserError, ValueError, AssertionError, ReadError):
        return [], ""
    links = []
    for anchor in root.iter("a"):
        try:
            url = urldefrag(urljoin(base, (anchor.get("href") or "").strip()))[0]
        except ValueError:
            continue
        if url.startswith(("http://", "https://")):
            links.append(Link(url, " ".join((anchor.get("title") or "", anchor.text_content().strip()))))
    return links, (root.findtext(".//title") or "").strip()
