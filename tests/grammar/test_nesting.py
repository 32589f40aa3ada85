"""Any value at another depth, changed in what is lowered: the same as lowered anew."""

from __future__ import annotations

from typing import Any

import pytest

import latticework as lw
from latticework.grammar.json_schema import recursion

OPEN: dict[str, Any] = {"type": "object"}
TREE = {"type": "object", "properties": {"a": True, "next": {"$ref": "#"}, "other": {"$ref": "#"}}}
SCHEMAS = {
    "many places": {"properties": {f"p{i}": {"type": "object", "properties": {"x": True}} for i in range(30)}},
    "merged": {"anyOf": [{"properties": {"a": {"const": i}, "b": True}, "required": ["a"]} for i in range(4)]},
    "recursive": TREE,
    "recursive and merged": {
        "definitions": {"node": {"anyOf": [{"properties": {"a": {"$ref": "#/definitions/node"}}}, OPEN, True]}},
        "properties": {"first": {"$ref": "#/definitions/node"}, "second": {"not": {"type": "string"}}},
    },
    "equal values": {"properties": {"a": {"type": "array", "uniqueItems": True, "items": {"enum": [1, 2]}}, "b": True}},
    "given": {"items": {"anyOf": [{"enum": [{"a": [1]}, [2]]}, OPEN, {"type": "array"}]}, "not": {"type": "number"}},
    "patterns": {"patternProperties": {"^a": True, "b$": OPEN}, "minProperties": 1, "maxProperties": 3},
    "distinct keys": {"properties": {"a": {"const": 1}}, "required": ["a"], "minProperties": 3},
    "contains": {"type": "array", "contains": OPEN, "maxItems": 2},
}


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("open_objects", [False, True])
def test_changed_is_lowered_anew(name: str, open_objects: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[lw.Grammar] = []
    changes: list[bool] = []
    at_depth = recursion.at_depth

    def counted(lowering: Any, node: Any, options: Any) -> Any:
        changes.append(options.max_depth != lowering.max_depth)
        return at_depth(lowering, node, options)

    monkeypatch.setattr(recursion, "DEPTHS", ((1, 5), (2, 4), (10, 3), (1_000, 2), (10_000, 1)))
    monkeypatch.setattr(recursion, "at_depth", counted)
    for may_change in (recursion.may_change, lambda *_: False):
        monkeypatch.setattr(recursion, "may_change", may_change)
        made.append(lw.json_schema(SCHEMAS[name], open_objects=open_objects, distinct="narrow"))
    changed, anew = made
    assert changed.node.digest == anew.node.digest
    assert (changed.narrowings, changed.warnings, changed.options) == (anew.narrowings, anew.warnings, anew.options)
    assert any(changes) or open_objects or name == "distinct keys"
