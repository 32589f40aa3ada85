"""The schema document: its dialect, and references resolved by JSON Pointer (RFC 6901) or anchor.

References lead into the document or to the schema of its draft (:mod:`.metaschemas`); nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

from latticework.grammar.json_schema.dynamic import RECURSIVE, DynamicScopes, unscoped
from latticework.grammar.json_schema.metaschemas import URLS, metaschema


class Subschema(NamedTuple):
    """A schema inside the document and its JSON Pointer (``""`` for the root).

    ``own``: only its own keywords are meant, its references and unions have been followed already. ``negated``: the
    values that do *not* satisfy it are meant. Schemas the lowering writes itself have pointers with a step that
    begins with ``~`` and a letter, which no JSON Pointer does; :attr:`place` is where in the document they come from.
    """

    schema: Any
    pointer: str
    own: bool = False
    negated: bool = False

    @property
    def place(self) -> str:
        """The pointer as the document has it."""
        return unscoped(self.pointer.partition("/~:")[0])

    @property
    def is_written(self) -> bool:
        """Whether the schema stands in the document."""
        return "/~:" not in self.pointer

    def child(self, *tokens: str | int) -> Subschema:
        """The schema under these keys."""
        schema = self.schema
        for token in tokens:
            schema = schema[token]
        return Subschema(schema, self.pointer + "".join(f"/{escape_token(str(token))}" for token in tokens))

    def derived(self, name: str, schema: Any, own: bool = False) -> Subschema:
        """A schema written on behalf of this one; ``name`` tells it from others."""
        return Subschema(schema, f"{self.pointer}/~:{escape_token(name)}", own)

    @property
    def is_literal(self) -> bool:
        """Whether this is the negation of a keyword, ``{"type": T, "not": {keyword: value}}``, to be taken as it is."""
        return self.own and "not" in self.schema and self.pointer.rpartition("/")[2].startswith("~:")


class UnresolvedReference(Exception):
    """A ``$ref`` that cannot be followed; says why and what to do. Internal: becomes a ``SchemaIssue``."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


_DRAFT_4 = frozenset(
    {
        *("$ref", "allOf", "anyOf", "enum", "format", "not", "oneOf", "pattern", "type"),
        *("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf", "maxLength", "minLength"),
        *("additionalItems", "items", "maxItems", "minItems", "uniqueItems"),
        *("additionalProperties", "dependencies", "maxProperties", "minProperties", "patternProperties"),
        *("properties", "required"),
    }
)
_DRAFT_6 = _DRAFT_4 | {"const", "contains", "propertyNames"}
_DRAFT_7 = _DRAFT_6 | {"if", "then", "else"}
_2019_09 = _DRAFT_7 - {"dependencies"} | {
    *("$recursiveRef", "dependentRequired", "dependentSchemas", "maxContains", "minContains"),
    *("unevaluatedItems", "unevaluatedProperties"),
}
_2020_12 = _2019_09 - {"$recursiveRef", "additionalItems"} | {"$dynamicRef", "prefixItems"}


_FORMATS_4 = frozenset({"date-time", "email", "hostname", "ipv4", "ipv6", "uri"})
_FORMATS_6 = _FORMATS_4 | {"json-pointer", "uri-reference", "uri-template"}
_FORMATS_7 = _FORMATS_6 | {
    *("date", "time", "idn-email", "idn-hostname", "iri", "iri-reference", "regex", "relative-json-pointer"),
}
_FORMATS_2019_09 = _FORMATS_7 | {"duration", "uuid"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the drafts.

    Attributes:
        keywords: those the draft gives a meaning to. Keywords of other drafts are enforced all the same where they
            leave documents out, and say nothing where they are negated.
        ref_siblings: keywords beside ``$ref`` count (2019-09 on).
        boolean_exclusive: ``exclusiveMinimum: true`` makes ``minimum`` exclusive (draft 4, read without a draft too).
        tuple_items: ``items`` may be an array, ``additionalItems`` follows it (up to 2019-09).
        float_integers: 1.0 is an integer (draft 6 on).
        identifier: keyword that gives a schema its URI.
        formats: those the draft names; others are annotations where they are negated.
    """

    keywords: frozenset[str] = _2020_12
    ref_siblings: bool = True
    boolean_exclusive: bool = False
    tuple_items: bool = False
    float_integers: bool = True
    identifier: str = "$id"
    formats: frozenset[str] = _FORMATS_2019_09

    @property
    def numeric_exclusive(self) -> bool:
        """Whether ``exclusiveMinimum`` may be a bound of its own (draft 6 on)."""
        return "const" in self.keywords


_DIALECTS = {
    "http://json-schema.org/draft-04/schema": Dialect(_DRAFT_4, False, True, True, False, "id", _FORMATS_4),
    "http://json-schema.org/draft-06/schema": Dialect(_DRAFT_6, False, False, True, formats=_FORMATS_6),
    "http://json-schema.org/draft-07/schema": Dialect(_DRAFT_7, False, False, True, formats=_FORMATS_7),
    "https://json-schema.org/draft/2019-09/schema": Dialect(_2019_09, True, False, True),
    "https://json-schema.org/draft/2020-12/schema": Dialect(),
}
_LATEST = "https://json-schema.org/draft/2020-12/schema"
# Without a declared draft: the latest, plus older spellings that the latest gives no meaning to.
_UNDECLARED = Dialect(_2020_12, True, True, True)


class Document:
    """One schema document. ``root`` is treated as read-only."""

    def __init__(self, root: Any) -> None:
        self.root = root
        declared = root.get("$schema") if isinstance(root, dict) else None
        name = declared.rstrip("#") if isinstance(declared, str) else ""
        self.dialect = _DIALECTS.get(name, _UNDECLARED)
        self.lowered: dict[Hashable, Any] = {}  # what :mod:`.recursion` knows of it
        self.known_dialect = declared is None or name in _DIALECTS
        self._draft = name if self.known_dialect and name else _LATEST
        self._others: dict[str, Any] = {}  # schemas outside the document by the pointer they are given
        self._resources: dict[str, Subschema] | None = None
        self._anchors: dict[tuple[str, str], Subschema] = {}
        self._resolved: dict[tuple[str, str], Subschema] = {}

    @cached_property
    def scopes(self) -> DynamicScopes:
        """How references depend on the way to them."""
        return DynamicScopes(self.schemas(), (sub.pointer for sub in self.schemas() if self._own_id(sub.schema)))

    def schemas(self) -> Iterator[Subschema]:
        """Every object of the document that may be a schema, in document order."""
        return _all_dicts(Subschema(self.root, ""))

    def resolve(self, reference: str, origin: str) -> Subschema:
        """The schema ``reference`` names, seen from the schema at pointer ``origin``.

        Raises:
            UnresolvedReference: it leads outside the document or nowhere.
        """
        key = reference, origin
        found = self._resolved.get(key)
        if found is None:
            found = self._resolved[key] = self.scopes.entered(self._resolve(reference, origin), origin)
        return found

    def _resolve(self, reference: str, origin: str) -> Subschema:
        base = self.base_of(origin)
        url, fragment = (base, reference[1:]) if reference.startswith("#") else urldefrag(urljoin(base, reference))
        resource = self._resources_by_url().get(url) or self._metaschema(url)
        if resource is None:
            raise UnresolvedReference(f"{reference!r} leads outside the document", "copy the target into $defs")
        fragment = unquote(fragment)
        if not fragment:
            return resource
        if not fragment.startswith("/"):
            found = self._anchors.get((url, fragment))
            if found is None:
                raise UnresolvedReference(f"there is no anchor {fragment!r} in the document")
            return found
        try:
            return _at(resource, fragment, reference)
        except UnresolvedReference:
            # Many documents carry identifiers of their parts and yet refer to them from the root.
            if not reference.startswith("#"):
                raise
            return _at(Subschema(self.root, ""), fragment, reference)

    def resolve_dynamic(self, reference: str, origin: str) -> Subschema:
        """The schema a ``$dynamicRef`` or ``$recursiveRef`` names: the outermost with that anchor on the way here.

        Raises:
            UnresolvedReference: as :meth:`resolve`.
        """
        found = self._resolve(reference, origin)
        name = reference.partition("#")[2]
        schema = found.schema if isinstance(found.schema, dict) else {}
        if schema.get("$recursiveAnchor") is True if name == RECURSIVE else schema.get("$dynamicAnchor") == name:
            outermost = self.scopes.at(origin).get(name)
            if outermost is not None:
                found = _at(Subschema(self.root, ""), outermost, reference)
        return self.scopes.entered(found, origin)

    def base_of(self, pointer: str) -> str:
        """Base URI of the schema at ``pointer``: that of the nearest enclosing schema with an identifier."""
        tokens = unscoped(pointer).split("/")[1:]
        outside = f"/{tokens[0]}" if tokens else ""
        schema = self.root
        if outside in self._others:
            schema, tokens = self._others[outside], tokens[1:]
        base = self._own_id(schema)
        for token in tokens:
            try:
                schema = schema[int(token)] if isinstance(schema, list) else schema[unescape_token(token)]
            except (KeyError, IndexError, ValueError, TypeError):
                break  # a schema the lowering has written
            base = _joined(base, self._own_id(schema))
        return base

    def _own_id(self, schema: Any) -> str:
        """Base URI a schema declares for itself, ``""`` if none; plain-name fragments declare none."""
        if not isinstance(schema, dict) or ("$ref" in schema and not self.dialect.ref_siblings):
            return ""
        value = schema.get(self.dialect.identifier)
        return urldefrag(value)[0] if isinstance(value, str) else ""

    def _resources_by_url(self) -> dict[str, Subschema]:
        if self._resources is None:
            root = Subschema(self.root, "")
            self._resources = {self._own_id(self.root): root}
            self._register(root, self._resources)
            self._resources.setdefault("", root)
        return self._resources

    def _register(self, root: Subschema, resources: dict[str, Subschema]) -> None:
        """Notes the identifiers and anchors of everything below ``root``."""
        for sub in _all_dicts(root):
            base = self.base_of(sub.pointer)
            if sub.pointer and self._own_id(sub.schema):
                resources.setdefault(base, sub)
            for keyword in ("$anchor", "$dynamicAnchor", "$id", "id"):
                value = sub.schema.get(keyword)
                if isinstance(value, str) and (keyword.endswith("nchor") or value.startswith("#")):
                    self._anchors.setdefault((base, value.removeprefix("#")), sub)

    def _metaschema(self, url: str) -> Subschema | None:
        """The schema of the draft the document is read by, ``None`` for any other URL."""
        if url not in URLS or url != self._draft:
            return None
        if any("$dynamicAnchor" in sub.schema or "$recursiveAnchor" in sub.schema for sub in self.schemas()):
            raise UnresolvedReference(f"{url!r} may be extended by the document", "remove the dynamic anchors")
        pointer = f"/~@{escape_token(url)}"  # no JSON Pointer has such a step
        self._others[pointer] = metaschema(url)
        found = Subschema(self._others[pointer], pointer)
        self._register(found, self._resources_by_url())
        return found


def _at(here: Subschema, pointer: str, reference: str) -> Subschema:
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


def _joined(base: str, own: str) -> str:
    return urljoin(base, own) if own else base


_MAPS = frozenset({"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"})
_SCHEMAS = frozenset(
    {
        *("additionalItems", "additionalProperties", "allOf", "anyOf", "contains", "contentSchema", "else", "if"),
        *("items", "not", "oneOf", "prefixItems", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
    }
)


def _all_dicts(root: Subschema) -> Iterator[Subschema]:
    """Every object below ``root`` that is a schema, in document order; what stands under unknown keywords is none."""
    stack = [(root, False)]
    while stack:
        here, is_map = stack.pop()
        if isinstance(here.schema, dict):
            if not is_map:
                yield here
            keys = [key for key in here.schema if is_map or key in _MAPS or key in _SCHEMAS]
            stack.extend((here.child(key), not is_map and key in _MAPS) for key in reversed(keys))
        elif isinstance(here.schema, list):
            stack.extend((here.child(index), False) for index in reversed(range(len(here.schema))))


def escape_token(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1") if "~" in token or "/" in token else token


def unescape_token(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")
