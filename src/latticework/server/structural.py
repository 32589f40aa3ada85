"""Structural tags: free text in which constrained parts stand between given marks.

Both forms that clients send: ``structures`` with ``triggers``, and a tree under ``format``. The rest is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add, or_
from typing import TYPE_CHECKING, Any

from latticework.errors import InputError
from latticework.grammar import Grammar, Tag, choice, gbnf, json_schema, regex, tags, text

if TYPE_CHECKING:
    from latticework.grammar.limits import Limits

_DEEPEST = 16  # formats inside one another


def structural_tag(source: Any, limits: Limits) -> Grammar:
    """The grammar of a structural tag.

    Raises ``InputError`` for a form that is not known, and what the grammars inside raise.
    """
    if not isinstance(source, dict):
        raise InputError("a structural tag is an object")
    if "format" in source:
        _known(source, {"type", "format"}, "structural tag")
        return _Reader(limits).read(source["format"], 0)
    _known(source, {"type", "structures", "triggers"}, "structural tag")
    structures, triggers = _list(source, "structures"), _texts(source, "triggers")
    kinds: list[Tag] = []
    for own in structures:
        if not isinstance(own, dict):
            raise InputError("every structure is an object with begin, schema and end")
        _known(own, {"begin", "schema", "end"}, "structure")
        body = json_schema(own.get("schema", True), limits=limits)
        kinds.append(Tag(_text(own, "begin"), body, _text(own, "end")))
    return tags(kinds, triggers=triggers)


class _Reader:
    """Reads a tree of formats."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kinds: dict[str, Callable[[dict[str, Any], int], Grammar]] = {
            "const_string": self._const,
            "any_text": self._any,
            "json_schema": self._schema,
            "regex": self._regex,
            "grammar": self._gbnf,
            "sequence": self._sequence,
            "or": self._or,
            "tag": self._tag,
            "triggered_tags": self._triggered,
        }

    def read(self, node: Any, depth: int) -> Grammar:
        if depth > _DEEPEST:
            raise InputError(f"formats nest more than {_DEEPEST} deep")
        kind = node.get("type") if isinstance(node, dict) else None
        if not isinstance(kind, str) or kind not in self._kinds:
            raise InputError(f"unknown format {kind!r} in the structural tag; known: {', '.join(self._kinds)}")
        return self._kinds[kind](node, depth + 1)

    def _const(self, node: dict[str, Any], depth: int) -> Grammar:
        _known(node, {"type", "value"}, "const_string")
        return choice([_text(node, "value")])

    def _any(self, node: dict[str, Any], depth: int) -> Grammar:
        _known(node, {"type"}, "any_text")
        return text()

    def _schema(self, node: dict[str, Any], depth: int) -> Grammar:
        _known(node, {"type", "json_schema"}, "json_schema")
        return json_schema(node.get("json_schema", True), limits=self._limits)

    def _regex(self, node: dict[str, Any], depth: int) -> Grammar:
        _known(node, {"type", "pattern"}, "regex")
        return regex(_text(node, "pattern"), limits=self._limits)

    def _gbnf(self, node: dict[str, Any], depth: int) -> Grammar:
        _known(node, {"type", "grammar"}, "grammar")
        return gbnf(_text(node, "grammar"), limits=self._limits)

    def _sequence(self, node: dict[str, Any], depth: int) -> Grammar:
        _known(node, {"type", "elements"}, "sequence")
        return reduce(add, self._all(node, "elements", depth))

    def _or(self, node: dict[str, Any], depth: int) -> Grammar:
        _known(node, {"type", "elements"}, "or")
        return reduce(or_, self._all(node, "elements", depth))

    def _tag(self, node: dict[str, Any], depth: int) -> Grammar:
        own = self._as_tag(node, depth)
        parts = [choice([own.begin]), own.body, *([choice([own.end])] if own.end else [])]
        return reduce(add, parts)

    def _triggered(self, node: dict[str, Any], depth: int) -> Grammar:
        _known(node, {"type", "triggers", "tags", "at_least_one", "stop_after_first"}, "triggered_tags")
        kinds = [self._as_tag(own, depth) for own in _list(node, "tags")]
        once = _flag(node, "stop_after_first")
        at_least = int(_flag(node, "at_least_one"))
        return tags(kinds, triggers=_texts(node, "triggers"), at_least=at_least, at_most=1 if once else None)

    def _as_tag(self, node: Any, depth: int) -> Tag:
        if not isinstance(node, dict):
            raise InputError("a tag is an object with begin, content and end")
        _known(node, {"type", "begin", "content", "end"}, "tag")
        return Tag(_text(node, "begin"), self.read(node.get("content"), depth), _text(node, "end"))

    def _all(self, node: dict[str, Any], name: str, depth: int) -> list[Grammar]:
        return [self.read(own, depth) for own in _list(node, name)]


def _known(node: dict[str, Any], names: set[str], where: str) -> None:
    unknown = sorted(set(node) - names)
    if unknown:
        raise InputError(f"unknown key {unknown[0]!r} in a {where}; known: {', '.join(sorted(names))}")


def _list(node: dict[str, Any], name: str) -> list[Any]:
    found = node.get(name)
    if not isinstance(found, list) or not found:
        raise InputError(f"{name!r} of a structural tag is a list, not empty")
    return found


def _texts(node: dict[str, Any], name: str) -> list[str]:
    found = _list(node, name)
    if not all(isinstance(own, str) for own in found):
        raise InputError(f"{name!r} of a structural tag is a list of texts")
    return found


def _text(node: dict[str, Any], name: str) -> str:
    found = node.get(name)
    if not isinstance(found, str):
        raise InputError(f"{name!r} of a structural tag is a text")
    return found


def _flag(node: dict[str, Any], name: str) -> bool:
    found = node.get(name, False)
    if not isinstance(found, bool):
        raise InputError(f"{name!r} of a structural tag is true or false")
    return found
