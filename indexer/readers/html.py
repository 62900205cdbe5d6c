"""Web pages: walk the DOM, a block for each paragraph, each piece located by its text node."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
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
    walker = _Walker(root.getroottree())
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


@dataclass
class _Walker:
    """Collects text nodes into blocks. The stack of open elements is explicit: pages nest deeper than Python may."""

    tree: etree._ElementTree
    blocks: list[Block] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    linked: int = 0

    def walk(self, root: etree._Element) -> None:
        # Entries: ("open", element, furniture, heading, in link), ("text", element, ...) for tails, ("break", ...).
        stack: list[tuple[str, etree._Element, str | None, int, bool]] = [("open", root, None, 0, False)]
        while stack:
            what, element, furniture, heading, link = stack.pop()
            if what == "tail":
                self.add(element.tail, element, link, tail=True)
            elif what == "break":
                self.flush(furniture, heading)
            elif isinstance(element.tag, str) and element.tag.lower() not in _UNSEEN:
                stack.extend(reversed(self.opened(element, furniture, heading, link)))

    def opened(
        self, element: etree._Element, furniture: str | None, heading: int, link: bool
    ) -> list[tuple[str, etree._Element, str | None, int, bool]]:
        tag = element.tag.lower()
        style = (element.get("style") or "").replace(" ", "")
        is_block = tag not in _INLINE or "display:block" in style
        inner = furniture or _furniture(element, tag)
        level = _HEADINGS.get(tag, heading)
        # An anchor without an address is a place in the text, not a link.
        in_link = link or (tag == "a" and bool(element.get("href")))
        steps: list[tuple[str, etree._Element, str | None, int, bool]] = []
        if is_block and tag not in ("td", "th"):
            self.flush(furniture, heading)
        elif tag in ("td", "th") and self.pieces:
            self.pieces.append(Piece("\t", self.pieces[-1].locator))
        self.add(element.text, element, in_link, tail=False)
        for child in element:
            steps.append(("open", child, inner, level, in_link))
            steps.append(("tail", child, inner, level, in_link))
        if is_block and tag not in ("td", "th"):
            steps.append(("break", element, inner, level, in_link))
        return steps

    def add(self, text: str | None, element: etree._Element, link: bool, *, tail: bool) -> None:
        if not text:
            return
        parent = element.getparent() if tail else element
        # XPath counts an element's text nodes from 1; a tail follows as many siblings as stand before it.
        number = 1 if not tail else _text_number(element)
        path = f"{self.tree.getpath(element if parent is None else parent)}/text()[{number}]"
        # Where line breaks count (<pre>, white-space: pre), each line is a paragraph.
        lines = text.split("\n") if parent is not None and _keeps_lines(parent) else [text]
        for number_, line in enumerate(lines):
            if number_:
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


def _text_number(element: etree._Element) -> int:
    parent = element.getparent()
    count = 1 if parent is not None and parent.text else 0
    for sibling in element.itersiblings(preceding=True):
        count += 1 if sibling.tail else 0
    return count + 1


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
