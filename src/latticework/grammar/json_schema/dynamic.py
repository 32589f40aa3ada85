"""Dynamic scope: which anchors a ``$dynamicRef`` or ``$recursiveRef`` sees, by the way on which a schema was reached.

Of the resources on that way the outermost that has the anchor decides (JSON Schema 2020-12 core, section 8.2.3.2).
A schema reached in another scope is another schema, so its pointer begins with a step that names the scope: whatever
is remembered of a schema by its pointer is then remembered of it in that scope.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from latticework.grammar.json_schema.document import Subschema

SCOPE_STEP = "/~;"  # no JSON Pointer has such a step
RECURSIVE = ""  # the anchor that $recursiveAnchor sets


class _Scope(NamedTuple):
    """Where a reference led: the anchors seen by then, and the resource it led into, by their pointers."""

    seen: tuple[tuple[str, str], ...]
    resource: str


def unscoped(pointer: str) -> str:
    """The pointer without the step that names a scope."""
    return "/".join(["", *pointer.split("/")[2:]]) if pointer.startswith(SCOPE_STEP) else pointer


class DynamicScopes:
    """The scopes of one document; nothing to do where no two resources have the same dynamic anchor.

    Args:
        schemas: all schemas of the document.
        resources: pointers of those with an identifier of their own; the root need not be among them.
    """

    def __init__(self, schemas: Iterable[Subschema], resources: Iterable[str]) -> None:
        self._resources = {"", *resources}
        self._anchors: dict[str, dict[str, str]] = {}  # by resource: name and pointer
        for sub in schemas:
            resource = self._resource_of(sub.pointer)
            name = sub.schema.get("$dynamicAnchor")
            if isinstance(name, str):
                self._anchors.setdefault(resource, {}).setdefault(name, sub.pointer)
            if sub.schema.get("$recursiveAnchor") is True and sub.pointer == resource:
                self._anchors.setdefault(resource, {})[RECURSIVE] = sub.pointer
        counts = Counter(name for names in self._anchors.values() for name in names)
        for names in self._anchors.values():
            for name in [name for name in names if counts[name] == 1]:
                del names[name]
        root = _Scope(tuple(sorted(self._anchors.get("", {}).items())), "")
        self._scopes = [root]
        self._numbers = {root: 0}

    @property
    def matter(self) -> bool:
        """Whether two resources have the same dynamic anchor."""
        return any(self._anchors.values())

    def at(self, pointer: str) -> Mapping[str, str]:
        """The outermost anchor of each name on the way to the schema at ``pointer``, as far as there are several."""
        number, plain = 0, pointer
        if pointer.startswith(SCOPE_STEP):
            number, plain = int(pointer.split("/")[1][len(SCOPE_STEP) - 1 :]), unscoped(pointer)
        scope = self._scopes[number]
        seen = dict(scope.seen)
        for end in range(len(scope.resource) + 1, len(plain) + 1):
            if (end == len(plain) or plain[end] == "/") and plain[:end] in self._resources:
                self._enter(seen, plain[:end])
        return seen

    def entered(self, target: Subschema, origin: str) -> Subschema:
        """``target``, as a reference at ``origin`` reaches it."""
        if not self.matter:
            return target
        seen = dict(self.at(origin))
        resource = self._resource_of(target.pointer)
        self._enter(seen, resource)
        scope = _Scope(tuple(sorted(seen.items())), resource)
        number = self._numbers.setdefault(scope, len(self._scopes))
        if number == len(self._scopes):
            self._scopes.append(scope)
        return target._replace(pointer=f"{SCOPE_STEP}{number}{target.pointer}") if number else target

    def _enter(self, seen: dict[str, str], resource: str) -> None:
        for name, anchor in self._anchors.get(resource, {}).items():
            seen.setdefault(name, anchor)

    def _resource_of(self, pointer: str) -> str:
        while pointer not in self._resources:
            pointer = pointer.rpartition("/")[0]
        return pointer
