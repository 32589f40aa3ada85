"""Texts of a grammar as JSON strings: source code, say, as an argument of a tool call."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from latticework.grammar import ir
from latticework.grammar.cfg.compose import one_lexeme
from latticework.grammar.cfg.quoted import quoted
from latticework.grammar.combine import alt, seq
from latticework.grammar.grammar import Grammar

_QUOTE = ir.Literal(b'"')
_ESCAPED = frozenset((*range(0x20), *b'"\\'))
_NARROWING = (
    "characters of the string have one spelling: only quotation marks, backslashes and control characters are escaped, "
    "by a letter where there is one"
)


def json_string(grammar: Grammar) -> Grammar:
    """The texts of a grammar, each written as a JSON string with its quotation marks.

    A text is one of the language exactly if it is such a string and ``grammar`` has what it decodes to; how that is cut
    into lexemes does not depend on the escapes. Characters have one spelling each (:attr:`Grammar.narrowings`), that of
    ``json.dumps(text, ensure_ascii=False)``; hexadecimal digits may be of either case. :meth:`Grammar.parse` decodes
    the string and reads it as ``grammar`` does. The result is regular where ``grammar`` is, unless that has JSON in it.

    Args:
        grammar: any, regular or context-free.

    Raises:
        InputError: it is context-free and has a condition (``grammar & other``), holds JSON strings of grammars itself,
            or has rules without any lexeme.

    Cost: a context-free grammar has a lexer with up to seven states for each of its own.
    """
    node, context_free = ir.NOTHING, None
    if grammar.context_free is not None:
        context_free = quoted(grammar.context_free)
    elif (content := _escaped(grammar.node)) is not None:
        node = seq([_QUOTE, content, _QUOTE])
    else:
        context_free = quoted(one_lexeme(grammar.node, grammar.kind))
    return Grammar(
        node,
        "json_string",
        context_free,
        warnings=grammar.warnings,
        narrowings=(*grammar.narrowings, _NARROWING),
        reader=StringReader(grammar.reader),
    )


@dataclass(frozen=True, slots=True)
class StringReader:
    """Decodes a JSON string and hands its text to ``reader``; ``None`` returns it as it is."""

    reader: Callable[[str], Any] | None

    def __call__(self, text: str) -> Any:
        found = json.loads(text)
        return found if self.reader is None else self.reader(found)


def _escaped(node: ir.Node) -> ir.Node | None:
    """The texts of ``node`` with each character as in a JSON string; ``None`` where a node does not say it.

    Spellings of texts decode in one way only, so that escaping commutes with all set operations.
    """
    match node:
        case ir.Literal(data=data):
            return _literal(data)
        case ir.Words(words=words):
            return alt(map(_literal, words)) if any(_ESCAPED & set(word) for word in words) else node
        case ir.Chars(ranges=ranges):
            return ir.JsonChars(ranges) if ranges else node
        case ir.Multiples():
            return node
        case ir.Located(body=body, where=where):
            return None if (inner := _escaped(body)) is None else ir.Located(inner, where)
        case ir.Alone(body=body):
            return None if (inner := _escaped(body)) is None else ir.Alone(inner)
        case ir.Repeat(body=body, low=low, high=high):
            return None if (inner := _escaped(body)) is None else ir.Repeat(inner, low, high)
        case ir.Seq() | ir.Alt() | ir.Intersect() | ir.Except() | ir.Join():
            parts = [found for part in ir.children(node) if (found := _escaped(part)) is not None]
            return _with_children(node, parts) if len(parts) == len(ir.children(node)) else None
    return None


def _with_children(node: ir.Seq | ir.Alt | ir.Intersect | ir.Except | ir.Join, parts: list[ir.Node]) -> ir.Node:
    match node:
        case ir.Except():
            return ir.Except(parts[0], parts[1])
        case ir.Join(low=low, high=high):
            return ir.Join(parts[0], parts[1], low, high)
        case _:
            return type(node)(parts)


def _literal(data: bytes) -> ir.Node:
    if not _ESCAPED & set(data):
        return ir.Literal(data)
    return seq([ir.JsonChars(((byte, byte),)) if byte in _ESCAPED else ir.Literal(bytes([byte])) for byte in data])
