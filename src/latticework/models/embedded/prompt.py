"""The prompt of the embedded model: one line per leaf of the schema, a blank line, the text, a blank line.

    customer.name:s
    total:n?
    status:e*:open|paid

    Dear team, ...

Types: ``s`` string, ``d`` ISO date, ``n`` number, ``i`` integer, ``b`` boolean, ``e:a|b`` enumeration, ``l`` list of
strings, ``ln`` / ``li`` / ``ld`` / ``lb`` lists of the other kinds, ``le:a|b`` list of enumeration members. Marks after
the type: ``?`` may be null, ``*`` may be left out. Nested objects become dotted paths, arrays of objects
``path[].key``. A schema is read for hints only, so nothing here raises: what is not understood becomes a string line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_LINES = 64  # schema lines of a prompt; the rest of a larger schema is not described to the model
MAX_DEPTH = 6  # nesting that is described; recursive schemas end here
MAX_STEPS = 2000  # references and unions followed in one schema
MAX_OPTION_CHARS = 240  # characters of all members of one enumeration

_LETTERS = {"string": "s", "number": "n", "integer": "i", "boolean": "b", "null": "s"}


@dataclass(frozen=True)
class Leaf:
    """One line of the prompt: where a value sits and what it may be."""

    path: str
    letter: str
    options: tuple[str, ...] = ()
    mark: str = ""

    def line(self) -> str:
        options = ":" + "|".join(self.options) if self.options else ""
        return f"{self.path}:{self.letter}{self.mark}{options}"


def format_prompt(leaves: Sequence[Leaf], text: str) -> str:
    """The prompt as text; the response follows it directly."""
    head = "".join(leaf.line() + "\n" for leaf in leaves)
    return f"{head}\n{text.strip()}\n\n"


def schema_leaves(schema: Any) -> list[Leaf]:
    """The leaves of any JSON Schema, in property order; best effort, never an error."""
    if not isinstance(schema, Mapping):
        return []
    reader = _Reader(schema)
    reader.read(schema, "", mark="", depth=0)
    return reader.leaves


class _Reader:
    """Walks a schema once; ``leaves`` collects the result."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.leaves: list[Leaf] = []
        self._steps = 0

    def read(self, node: Any, path: str, mark: str, depth: int) -> None:
        if len(self.leaves) >= MAX_LINES:
            return
        node, nullable = self.resolve(node)
        mark = "?" if nullable else mark
        properties = node.get("properties")
        if isinstance(properties, Mapping) and properties and depth < MAX_DEPTH:
            required = node.get("required")
            required = required if isinstance(required, list) else []
            for key, child in properties.items():
                self.read(child, f"{path}.{key}" if path else str(key), "" if key in required else "*", depth + 1)
            return
        if self._is_array(node):
            items, _ = self.resolve(node.get("items"))
            if isinstance(items.get("properties"), Mapping) and depth < MAX_DEPTH:
                self.read(items, f"{path or 'items'}[]", mark, depth + 1)
                return
            letter, options = self._scalar(items)
            self._add(path, "l" if letter == "s" else "l" + letter, options, mark)
            return
        letter, options = self._scalar(node)
        self._add(path, letter, options, mark)

    def resolve(self, node: Any, depth: int = 0) -> tuple[Mapping[str, Any], bool]:
        """Follows references and drops null alternatives: a plain schema object, and whether null was among them."""
        nullable = False
        for _ in range(16):
            self._steps += 1
            if not isinstance(node, Mapping) or depth > MAX_DEPTH or self._steps > MAX_STEPS:
                return {}, nullable
            kinds = node.get("type")
            if isinstance(kinds, list):
                nullable = nullable or "null" in kinds
                node = {**node, "type": next((kind for kind in kinds if kind != "null"), "null")}
            members = node.get("enum")
            if isinstance(members, list) and len(members) > 1 and None in members:
                nullable = True
                node = {**node, "enum": [member for member in members if member is not None]}
            if isinstance(node.get("$ref"), str):
                node = self._lookup(node["$ref"])
                continue
            for word in ("anyOf", "oneOf", "allOf"):
                branches = node.get(word)
                if isinstance(branches, list) and branches:
                    break
            else:
                return node, nullable or node.get("nullable") is True
            rest = {key: value for key, value in node.items() if key != word}
            if word == "allOf":
                node = self._merge([rest, *branches], depth)
                continue
            kept = [branch for branch in branches if not self._is_null(branch)]
            nullable = nullable or len(kept) < len(branches)
            constants = [branch.get("const") for branch in kept if isinstance(branch, Mapping)]
            if len(kept) > 1 and len(constants) == len(kept) and all(value is not None for value in constants):
                node = {**rest, "enum": constants}
            else:
                node = self._merge([rest, *kept[:1]], depth)
        return {}, nullable

    def _merge(self, parts: Sequence[Any], depth: int) -> dict[str, Any]:
        """All parts in one object; of two parts with properties both are kept."""
        merged: dict[str, Any] = {}
        for part in parts:
            if isinstance(part, Mapping) and isinstance(part.get("$ref"), str) and len(parts) > 1:
                part, _ = self.resolve(part, depth + 1)
            if not isinstance(part, Mapping):
                continue
            for key, value in part.items():
                old = merged.get(key)
                if key == "properties" and isinstance(old, Mapping) and isinstance(value, Mapping):
                    merged[key] = {**old, **value}
                elif key == "required" and isinstance(old, list) and isinstance(value, list):
                    merged[key] = [*old, *value]
                else:
                    merged[key] = value
        return merged

    def _lookup(self, reference: str) -> Any:
        """The target of a local JSON Pointer; an empty schema where it leads nowhere."""
        node = self.root
        for part in reference.lstrip("#").split("/"):
            if not part:
                continue
            part = part.replace("~1", "/").replace("~0", "~")
            if isinstance(node, Mapping) and part in node:
                node = node[part]
            elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
                node = node[int(part)]
            else:
                return {}
        return node

    @staticmethod
    def _is_null(node: Any) -> bool:
        return isinstance(node, Mapping) and (
            node.get("type") == "null" or ("const" in node and node["const"] is None) or node.get("enum") == [None]
        )

    @staticmethod
    def _is_array(node: Mapping[str, Any]) -> bool:
        return node.get("type") == "array" or (node.get("type") is None and "items" in node)

    def _scalar(self, node: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
        """Type letter and options of a leaf."""
        members = node.get("enum")
        if members is None and "const" in node:
            members = [node["const"]]
        if isinstance(members, list) and members:
            return "e", _options(members)
        kind = node.get("type")
        if kind in (None, "string") and node.get("format") == "date":
            return "d", ()
        return (_LETTERS.get(kind, "s") if isinstance(kind, str) else "s"), ()

    def _add(self, path: str, letter: str, options: tuple[str, ...], mark: str) -> None:
        self.leaves.append(Leaf(_one_line(path or "value"), letter, options, mark))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _options(members: Sequence[Any]) -> tuple[str, ...]:
    """Enumeration members as they are shown to the model, cut at ``MAX_OPTION_CHARS``."""
    shown: list[str] = []
    used = 0
    for member in members:
        option = _one_line(member if isinstance(member, str) else json.dumps(member, ensure_ascii=False, default=str))
        used += len(option) + 1
        if used > MAX_OPTION_CHARS:
            break
        shown.append(option)
    return tuple(shown)
