"""The query language of counting: phrases, AND, OR, NOT, NEAR and parentheses. The only importer of lark. No Flask.

A query becomes a tree in which NOT stands only before phrases and NEAR, so that whatever holds has something found.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

from retrieval.errors import QueryError
from retrieval.text import fold

# Start, end, and the piece of the text that it lies in.
Span = tuple[int, int, int]
MOST_CHARACTERS = 500
MOST_PHRASES = 20
# Characters between two phrases that are near, unless the query says how many.
DISTANCE = 10
# An operator is a word by itself: 非 in 非法 and 或 in 或者 are none.
_GRAMMAR = r"""
?start: either
?either: both (_OR both)*
?both: term (_AND? term)*
?term: _NOT term -> negation | near
?near: near NEAR atom | atom
?atom: WORD -> phrase | QUOTED -> quoted | _OPEN either _CLOSE

_OR.2: /(?:OR|或)(?![^\s()（）"“”「」『』])/i
_AND.2: /(?:AND|且)(?![^\s()（）"“”「」『』])/i
_NOT.2: /(?:NOT|非)(?![^\s()（）"“”「」『』])/i
NEAR.2: /(?:NEAR|近)(?:[\/／][^\s()（）"“”「」『』]*)?(?![^\s()（）"“”「」『』])/i
_OPEN: "(" | "（"
_CLOSE: ")" | "）"
QUOTED: /"[^"]*"|“[^”]*”|「[^」]*」|『[^』]*』/
WORD: /[^\s()（）"“”「」『』]+/
%ignore /\s+/
"""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Characters that stand together, folded."""

    folded: str


@dataclass(frozen=True, slots=True)
class Near:
    """Occurrences of `left` with one of `right` at most `distance` characters before or after."""

    left: Node
    right: Node
    distance: int


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where its part does not; counts nothing."""

    part: Phrase | Near


@dataclass(frozen=True, slots=True)
class And:
    """Holds where all its parts do; counts what they count."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Holds where any of its parts does; counts what those count."""

    parts: tuple[Node, ...]


Node = Phrase | Near | Not | And | Or


@dataclass(frozen=True, slots=True)
class Expression:
    """A query as it was written, as a tree, and its phrases without repetition."""

    text: str
    tree: Node
    phrases: tuple[Phrase, ...]


def parse(text: str) -> Expression:
    """A query's tree. Raises QueryError that points at what is wrong."""
    if not text.strip():
        raise QueryError("请输入要统计的词语", "name a phrase to count")
    if len(text) > MOST_CHARACTERS:
        raise QueryError(f"最多 {MOST_CHARACTERS} 个字符", f"at most {MOST_CHARACTERS} characters")
    try:
        tree: Node = _PARSER.parse(text)  # type: ignore[assignment]  # the builder makes nodes of lark's trees
    except UnexpectedInput as error:
        raise _pointed(text, error) from None
    found = tuple(dict.fromkeys(_phrases(tree)))
    if len(found) > MOST_PHRASES:
        raise QueryError(f"一次最多 {MOST_PHRASES} 个词语", f"at most {MOST_PHRASES} phrases at once")
    if matches(tree, {}) is not None:
        raise QueryError(
            "查询里要有可以找的词语，不能只有 NOT；不含某词的报告，就是范围内的减去含有的",
            "a query needs something to find beside NOT; the reports without a phrase are those in scope less those with it",
        )
    return Expression(text, tree, found)


def matches(node: Node, found: Mapping[str, Sequence[Span]]) -> list[Span] | None:
    """What counts where each folded phrase was found at some spans; None where the node does not hold."""
    match node:
        case Phrase(folded):
            return list(found.get(folded, ())) or None
        case Not(part):
            return [] if matches(part, found) is None else None
        case And(parts):
            every: list[Span] = []
            for one in parts:
                if (spans := matches(one, found)) is None:
                    return None
                every += spans
            return every
        case Or(parts):
            some = [spans for part in parts if (spans := matches(part, found)) is not None]
            return [span for spans in some for span in spans] if some else None
        case Near(left, right, distance):
            near, beside = matches(left, found), matches(right, found)
            return _near(near, beside, distance) or None if near and beside else None


def _near(left: Sequence[Span], right: Sequence[Span], distance: int) -> list[Span]:
    starts, ends = sorted(start for start, _, _ in right), sorted(end for _, end, _ in right)
    return [
        (start, end, piece)
        for start, end, piece in left
        if bisect_left(starts, end) < bisect_right(starts, end + distance)
        or bisect_left(ends, start - distance) < bisect_right(ends, start)
    ]


def outermost(spans: Sequence[Span]) -> list[Span]:
    """In order, without repetitions and without those that lie inside another: one place in the text counts once."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or span[1] > kept[-1][1]:
            kept.append(span)
    return kept


def _phrases(node: Node) -> Iterator[Phrase]:
    match node:
        case Phrase():
            yield node
        case Not(part):
            yield from _phrases(part)
        case Near(left, right):
            yield from (*_phrases(left), *_phrases(right))
        case And(parts) | Or(parts):
            for one in parts:
                yield from _phrases(one)


@v_args(inline=True)
class _Builder(Transformer[Token, Node]):
    """lark's rules → nodes, from the bottom up."""

    def phrase(self, word: Token) -> Node:
        return _phrase(word, word)

    def quoted(self, words: Token) -> Node:
        return _phrase(words, words[1:-1])

    def near(self, left: Node, operator: Token, right: Node) -> Node:
        number = re.fullmatch(r"[^/／]+(?:[/／](\d{1,4}))?", operator)
        if number is None:
            raise QueryError(
                f"第 {_place(operator)} 个字符处的 {operator} 看不懂；写成 NEAR 或 NEAR/20",
                f"character {_place(operator)}: cannot read {operator}; write NEAR or NEAR/20",
            )
        if not (_plain(left) and _plain(right)):
            raise QueryError(
                f"第 {_place(operator)} 个字符处的 {operator} 两边只能是词语，或用 OR 连起来的词语",
                f"character {_place(operator)}: beside {operator} there can be phrases, or phrases joined by OR",
            )
        return Near(left, right, int(number.group(1) or DISTANCE))

    def negation(self, part: Node) -> Node:
        return _negated(part)

    def both(self, *parts: Node) -> Node:
        return And(parts)

    def either(self, *parts: Node) -> Node:
        return Or(parts)


def _phrase(token: Token, words: str) -> Phrase:
    folded = fold(words)
    if not folded:
        raise QueryError(
            f"第 {_place(token)} 个字符处的词语是空的", f"character {_place(token)}: there is nothing in this phrase"
        )
    return Phrase(folded)


def _negated(node: Node) -> Node:
    match node:
        case Not(part):
            return part
        case And(parts):
            return Or(tuple(_negated(part) for part in parts))
        case Or(parts):
            return And(tuple(_negated(part) for part in parts))
        case _:
            return Not(node)


def _plain(node: Node) -> bool:
    """Whether a node only names places in the text: no AND, no NOT."""
    return all(map(_plain, node.parts)) if isinstance(node, Or) else isinstance(node, Phrase | Near)


def _place(token: Token) -> int:
    return (token.start_pos or 0) + 1


def _pointed(text: str, error: UnexpectedInput) -> QueryError:
    """Where the query breaks off making sense, and what to do."""
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        missing = ("右括号", "a closing bracket") if "_CLOSE" in error.expected else ("词语", "a phrase")
        return QueryError(
            f"查询没有写完：{text}▶ 末尾缺{missing[0]}", f"the query ends too soon: {text}▶ lacks {missing[1]}"
        )
    at = error.pos_in_stream or 0
    marked = f"{text[:at]}▶{text[at:]}"
    if text[at] in '"“”「」『』':
        return QueryError(
            f"第 {at + 1} 个字符处的引号不成对：{marked}",
            f"character {at + 1}: the quotation mark has no partner: {marked}",
        )
    if text[at] in ")）":
        zh, en = "括号里没有内容，或没有对应的左括号", "nothing in the brackets, or no opening one"
    else:
        zh, en = "这里应是词语", "a phrase should stand here"
    return QueryError(f"第 {at + 1} 个字符处看不懂（{zh}）：{marked}", f"character {at + 1}: {en}: {marked}")


# The basic lexer: an operator in the wrong place is an error, not a word.
_PARSER = Lark(_GRAMMAR, parser="lalr", lexer="basic", transformer=_Builder())
