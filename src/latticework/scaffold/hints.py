"""What a schema says about the length of a value without binding it: examples, defaults, words of its description."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_MOST_STEPS = 64  # references and branches that are followed
_MOST_EXAMPLES = 32
_MOST_SLOTS = 128  # that words alone can ask for
_SLACK = 1.25  # an example is hardly the longest value
_WORD = 2  # slots of a word: most have one token, names and rare words several; a space may be one of its own

_NUMERALS = {
    name: number
    for number, name in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    )
} | {"a": 1, "an": 1}
_UNITS = {
    **dict.fromkeys(("letter", "digit", "character", "char"), 1),
    "word": _WORD,
    "name": 3 * _WORD,
    "sentence": 16 * _WORD,
    "line": 16 * _WORD,
    "paragraph": 48 * _WORD,
}
_LENGTH = re.compile(
    rf"\b(\d+|{'|'.join(_NUMERALS)})(?:\s*(?:-|–|to|or)\s*(\d+|{'|'.join(_NUMERALS)}))?[\s-]+"
    rf"(?:short\s+|long\s+|full\s+)?({'|'.join(_UNITS)})s?\b",
    re.IGNORECASE,
)


def hinted_slots(schema: Any, path: Sequence[str], count_tokens: Callable[[bytes], int]) -> int | None:
    """Slots for the value at ``path`` (keys from the root), ``None`` where nothing is said about its length.

    The longest of ``examples``, ``default`` and what a ``description`` or ``title`` counts in letters, digits, words,
    names, sentences, lines or paragraphs. A guess, never an error.
    """
    found: list[int] = []
    for node in _nodes(schema, path):
        examples = node.get("examples")
        shown = list(examples[:_MOST_EXAMPLES]) if isinstance(examples, list) else []
        shown += [node[word] for word in ("default", "example") if node.get(word) is not None]
        found += [round(_SLACK * count_tokens(_written(one))) for one in shown]
        found += [slots for word in ("description", "title") for slots in _counted(node.get(word))]
    return max(found, default=None)


def _counted(text: Any) -> Iterator[int]:
    if not isinstance(text, str):
        return
    for first, second, unit in _LENGTH.findall(text[:2000]):
        number = second or first
        count = _NUMERALS.get(number.lower()) if not number.isdigit() else int(number[:6])
        if count:
            yield min(_MOST_SLOTS, 2 + count * _UNITS[unit.lower()])  # quotes


def _written(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    except (TypeError, ValueError):
        return b""


def _nodes(schema: Any, path: Sequence[str]) -> list[Mapping[str, Any]]:
    """The schemas that apply at ``path``, as far as references, combinations and properties lead to them."""
    here = _expanded(schema, [schema])
    for key in path:
        below = [node["properties"][key] for node in here if key in _mapping(node.get("properties"))]
        here = _expanded(schema, below)
    return here


def _expanded(root: Any, nodes: list[Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    waiting = list(nodes)
    for _ in range(_MOST_STEPS):
        if not waiting:
            break
        node = waiting.pop(0)
        if not isinstance(node, Mapping):
            continue
        found.append(node)
        if isinstance(node.get("$ref"), str):
            waiting.append(_target(root, node["$ref"]))
        for word in ("allOf", "anyOf", "oneOf"):
            if isinstance(node.get(word), list):
                waiting += node[word]
    return found


def _target(root: Any, reference: str) -> Any:
    """What a local JSON Pointer leads to."""
    node = root
    for part in reference.lstrip("#").split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        node = node[int(part)] if isinstance(node, list) and part.isdigit() and int(part) < len(node) else node
        node = node.get(part) if isinstance(node, Mapping) else node
    return node


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
