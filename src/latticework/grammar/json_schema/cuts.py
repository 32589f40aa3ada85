"""Recursive schemas as rules of a context-free grammar: cut where a schema is met again below itself.

A conjunction of schemas that is being lowered already stands as a rule, so that recursion through ``allOf`` and
references closes as soon as the same schemas meet again. Any JSON value is three rules.
"""

from __future__ import annotations

from collections.abc import Hashable

from latticework.grammar import ir
from latticework.grammar.cfg.nested import Rule
from latticework.grammar.json_schema import values
from latticework.grammar.json_schema.style import Style

_START = "document"


class Cuts:
    """The rules found so far."""

    start = _START

    def __init__(self, style: Style) -> None:
        self.rules: dict[str, ir.Node] = {}
        self._style = style
        self._calls: dict[Hashable, Rule] = {}

    def call(self, key: Hashable, place: str) -> Rule:
        """The rule of what is being lowered under ``key``."""
        if key not in self._calls:
            self._calls[key] = Rule(f"{len(self._calls)} {place or '(root)'}")
        return self._calls[key]

    def close(self, key: Hashable, node: ir.Node | None) -> ir.Node | None:
        """What was lowered under ``key``: a rule, where it was called meanwhile."""
        call = self._calls.get(key)
        if call is None:
            return node
        self.rules[call.name] = ir.NOTHING if node is None else node
        return None if node is None else call

    def anything(self, kind: str) -> ir.Node:
        """Any value, or any object or array, nested as deep as may be."""
        names = {name: f"any {name}" for name in ("value", "object", "array")}
        if names["value"] not in self.rules:
            inner = Rule(names["value"])
            self.rules[names["object"]] = values.object_of(self._style, inner, 0)
            self.rules[names["array"]] = values.array_of(self._style, inner, 0)
            containers = (Rule(names["object"]), Rule(names["array"]))
            self.rules[names["value"]] = ir.Alt((*values.scalars(self._style), *containers))
        return Rule(names[kind])
