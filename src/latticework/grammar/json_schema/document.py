"""The schema document: its dialect, and local references resolved by JSON Pointer (RFC 6901) or anchor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin


class Subschema(NamedTuple):
    """A schema inside the document and its JSON Pointer (``""`` for the root).

    ``own``: only its own keywords are meant, its references and unions have been followed already.
    """

    schema: Any
    pointer: str
    own: bool = False

    def child(self, *tokens: str | int) -> Subschema:
        """The schema under these keys."""
        schema = self.schema
        for token in tokens:
            schema = schema[token]
        return Subschema(schema, self.pointer + "".join(f"/{escape_token(str(token))}" for token in tokens))


class UnresolvedReference(Exception):
    """A ``$ref`` that cannot be followed; says why and what to do. Internal: becomes a ``SchemaIssue``."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the drafts.

    Attributes:
        ref_siblings: keywords beside ``$ref`` count (2019-09 on).
        boolean_exclusive: ``exclusiveMinimum: true`` makes ``minimum`` exclusive (draft 4).
        tuple_items: ``items`` may be an array, ``additionalItems`` follows it (up to 2019-09).
        float_integers: 1.0 is an integer (draft 6 on).
    """

    ref_siblings: bool = True
    boolean_exclusive: bool = False
    tuple_items: bool = False
    float_integers: bool = True


_DIALECTS = {
    "http://json-schema.org/draft-04/schema": Dialect(False, True, True, False),
    "http://json-schema.org/draft-06/schema": Dialect(False, False, True),
    "http://json-schema.org/draft-07/schema": Dialect(False, False, True),
    "https://json-schema.org/draft/2019-09/schema": Dialect(True, False, True),
    "https://json-schema.org/draft/2020-12/schema": Dialect(),
}
# Without a declared draft: the latest, plus older spellings that the latest gives no meaning to.
_UNDECLARED = Dialect(True, True, True)


class Document:
    """One schema document. ``root`` is treated as read-only."""

    def __init__(self, root: Any) -> None:
        self.root = root
        declared = root.get("$schema") if isinstance(root, dict) else None
        name = declared.rstrip("#") if isinstance(declared, str) else ""
        self.dialect = _DIALECTS.get(name, _UNDECLARED)
        self.known_dialect = declared is None or name in _DIALECTS
        self._base = _own_id(root) if isinstance(root, dict) else ""
        self._anchors: dict[str, Subschema] | None = None

    def resolve(self, reference: str, origin: str) -> Subschema:
        """The schema ``reference`` names, seen from the schema at pointer ``origin``.

        Raises:
            UnresolvedReference: it leads outside the document, nowhere, or sits below an embedded ``$id``.
        """
        url, fragment = urldefrag(reference)
        if url and urldefrag(urljoin(self._base, url))[0] != self._base:
            raise UnresolvedReference(f"{reference!r} leads outside the document", "copy the target into $defs")
        if self._inside_embedded(origin):
            raise UnresolvedReference("a reference below an embedded $id is not supported", "remove the inner $id")
        fragment = unquote(fragment)
        if not fragment:
            return Subschema(self.root, "")
        if not fragment.startswith("/"):
            return self._anchor(fragment)
        return self._at(fragment, reference)

    def _at(self, pointer: str, reference: str) -> Subschema:
        here = Subschema(self.root, "")
        for token in pointer.split("/")[1:]:
            token = unescape_token(token)
            schema = here.schema
            if isinstance(schema, dict) and token in schema:
                here = here.child(token)
            elif isinstance(schema, list) and token.isascii() and token.isdigit() and int(token) < len(schema):
                here = here.child(int(token))
            else:
                raise UnresolvedReference(f"{reference!r} points nowhere", f"there is no {token!r} at {here.pointer!r}")
        return here

    def _inside_embedded(self, pointer: str) -> bool:
        schema = self.root
        for token in pointer.split("/")[1:]:
            schema = schema[int(token)] if isinstance(schema, list) else schema[unescape_token(token)]
            if isinstance(schema, dict) and _own_id(schema):
                return True
        return False

    def _anchor(self, name: str) -> Subschema:
        if self._anchors is None:
            self._anchors = {}
            for sub in _all_dicts(self.root):
                for keyword in ("$anchor", "$dynamicAnchor", "$id", "id"):
                    value = sub.schema.get(keyword)
                    if isinstance(value, str) and (keyword.endswith("nchor") or value.startswith("#")):
                        self._anchors.setdefault(value.removeprefix("#"), sub)
        if name not in self._anchors:
            raise UnresolvedReference(f"there is no anchor {name!r} in the document")
        return self._anchors[name]


def _own_id(schema: dict[str, Any]) -> str:
    """Base URI a schema declares for itself, ``""`` if none; plain-name fragments declare none."""
    value = schema.get("$id", schema.get("id"))
    return urldefrag(value)[0] if isinstance(value, str) else ""


def _all_dicts(root: Any) -> Iterator[Subschema]:
    stack = [Subschema(root, "")]
    while stack:
        here = stack.pop()
        if isinstance(here.schema, dict):
            yield here
            stack.extend(here.child(key) for key in reversed(here.schema))
        elif isinstance(here.schema, list):
            stack.extend(here.child(index) for index in reversed(range(len(here.schema))))


def escape_token(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1") if "~" in token or "/" in token else token


def unescape_token(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")
