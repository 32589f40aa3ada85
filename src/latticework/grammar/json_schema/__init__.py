"""JSON Schema, pydantic models, dataclasses and TypedDicts -> grammar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from latticework.errors import SchemaError, SchemaIssue
from latticework.garbage import paused
from latticework.grammar import arrangement, ir
from latticework.grammar.grammar import Grammar
from latticework.grammar.json_schema.depth import lower_document
from latticework.grammar.json_schema.document import Document
from latticework.grammar.json_schema.given_strings import given_strings, unused
from latticework.grammar.json_schema.openapi import as_json_schema
from latticework.grammar.json_schema.options import Options
from latticework.grammar.json_schema.recursion import MAX_ARRANGED
from latticework.grammar.json_schema.scalars import scalars_of
from latticework.grammar.json_schema.sources import JsonReader, schema_of
from latticework.grammar.json_schema.style import style_of
from latticework.grammar.limits import DEFAULT_LIMITS, Limits
from latticework.grammar.tree_size import tree_size

__all__ = ["json_schema"]


def json_schema(
    source: Any,
    *,
    whitespace: str | tuple[str, int] = "compact",
    indent: int | None = None,
    max_whitespace: int = 1,
    property_order: Literal["schema", "any"] = "schema",
    on_unsupported: Literal["error", "widen"] = "error",
    open_objects: bool = False,
    max_depth: int | None = None,
    optional: Literal["both", "omit", "null"] = "both",
    escapes: Literal["any", "minimal"] = "any",
    max_string_length: int | None = None,
    max_integer_digits: int | None = None,
    max_fraction_digits: int | None = None,
    format: Literal["assert", "annotation"] = "assert",
    openapi: bool = False,
    distinct: Literal["refuse", "narrow"] = "refuse",
    recursion: Literal["auto", "bounded", "exact"] = "auto",
    strings: Mapping[str, Grammar] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Grammar:
    """The JSON documents that satisfy a schema.

    Every document of the grammar satisfies the schema, formats included (unless ``format="annotation"``). The
    converse holds up to the narrowings listed in :attr:`Grammar.narrowings`: documents left out on purpose.

    Args:
        source: JSON Schema (draft 4 to 2020-12) as a dict, bool or JSON text, or a pydantic model, dataclass,
            TypedDict or any other type pydantic knows; a type also decides what :meth:`Grammar.parse` returns.
        whitespace: ``"compact"`` (no blanks), ``"spaced"`` (``", "`` and ``": "``), ``"pretty"`` (see ``indent``;
            also ``("pretty", indent)``) or ``"any"`` (up to ``max_whitespace`` blanks in each gap inside the document).
        indent: spaces per level for ``"pretty"``; 2.
        max_whitespace: for ``"any"``.
        property_order: ``"schema"``: members in the order of ``properties``, or of ``required`` with the others behind,
            additional ones after them (in the outermost object also before them), see :mod:`.orders`; ``"any"``: in any
            order. Objects of up to 7 named members are written out order by order where that is small; with larger
            ones a constraint is an :class:`ArrangedConstraint`, and where only an automaton serves (as part of another
            grammar, an elastic scaffold, ``infill``, the processors of integrations) it has fewer orders, see
            :attr:`Grammar.order_narrowings`.
        on_unsupported: ``"error"`` refuses a schema with a keyword that cannot be enforced; ``"widen"`` drops the
            keyword with a warning, and :meth:`Grammar.parse` validates the finished document with ``jsonschema``.
        open_objects: an object schema with ``properties`` but without ``additionalProperties`` admits further
            properties, as the standard says; by default it does not, as callers mostly mean.
        max_depth: nesting of arrays and objects where the schema admits any value; by default up to 6, as deep as
            the size of the automaton allows (:attr:`Grammar.narrowings` says how deep).
        optional: how properties that are not ``required`` and may be null are written. ``"both"``: left out, null, or
            with a value, as the schema says; ``"omit"``: left out rather than null (``model_dump(exclude_none=True)``);
            ``"null"``: always written, null where there is no value (pydantic's ``model_dump``, strict schemas of
            OpenAI). Required properties, and optional ones that cannot be null, are as the schema says in any case.
        escapes: ``"any"``: strings without pattern or format may use every escape of JSON; ``"minimal"``: only those
            JSON needs, so that each string has one spelling (up to the case of hexadecimal digits).
        max_string_length: most characters of strings whose schema sets no smaller ``maxLength``; keys and values given
            by ``enum`` or ``const`` are as the schema says.
        max_integer_digits: most digits before the point (1 to 19) where the schema sets no bound on that side of zero.
        max_fraction_digits: most digits after the point (0 to 17). With either bound on digits, no exponent is written.
        format: ``"assert"`` enforces the formats in :mod:`.formats`; ``"annotation"`` ignores ``format``.
        openapi: reads ``nullable`` as OpenAPI 3.0 does: ``nullable: true`` beside ``type`` admits null (see
            :mod:`.openapi`), and :attr:`Grammar.schema` says so in JSON Schema; else it is an unknown keyword.
        distinct: items that must differ (``uniqueItems``) and are not listed, keys that must differ (``minProperties``)
            and have no name: ``"refuse"`` refuses the schema, for no automaton can compare them; ``"narrow"`` accepts
            documents where they also differ in a checksum (most where they are few), see :mod:`.checksums`.
        recursion: schemas that refer to themselves, and any value. ``"bounded"``: nested to a depth that the size of an
            automaton admits, which is reported; ``"exact"``: to any depth, as a context-free grammar (no marginals,
            see :class:`ContextFreeConstraint`), or an error that says why not; ``"auto"``: bounded, unless that depth
            would be small (and is not that of any value, given by ``max_depth``). ``options["recursion"]`` of the
            grammar says which it is (``"exact"`` where nothing nests without end).
        strings: grammars, context-free ones too, that the texts of strings follow (source code, say), by the JSON
            Pointer of the schema of each, which must say ``type: string`` and nothing else. Such strings have one
            spelling, see :func:`latticework.json_string`; with a context-free one, the whole is context-free.
        limits: size limits.

    Raises:
        SchemaError: all that is wrong with, unsupported in, or unsatisfiable about the schema, by JSON Pointer.
        LimitExceeded: too large or nested too deeply.
        InputError: the source or an option is unusable.

    Cost: about 20 microseconds a subschema.
    """
    scalars = scalars_of(escapes, max_string_length, max_integer_digits, max_fraction_digits)
    style = replace(style_of(whitespace, indent, max_whitespace), scalars=scalars)
    schema, target = schema_of(source, limits)
    if openapi:
        schema = as_json_schema(schema)
    given = given_strings(strings or {}, schema)
    options = Options(
        style, on_unsupported, open_objects, max_depth, property_order, optional, format, distinct, recursion, given
    )
    options.check(limits)
    document = Document(schema)
    with paused():
        lowered = lower_document(document, options, limits)
    lowering = lowered.lowering
    if lowering.issues:
        raise SchemaError(tuple(lowering.issues))
    if left_over := unused(lowering):
        raise SchemaError(left_over)
    if lowered.node is None and lowered.context_free is None:
        told = ("left out", "no others", "other drafts")
        left_out = tuple(
            SchemaIssue("", "", line) for line in lowering.narrowings if any(mark in line for mark in told)
        )
        nothing = SchemaIssue("", "", "no value that could be written satisfies this schema")
        raise SchemaError((*lowering.unsatisfiable, *left_out) or (nothing,))
    node = ir.NOTHING if lowered.node is None else ir.Located(lowered.node, "")
    arranged = node if property_order == "any" and arrangement.sites(node) else None
    orders = lowering.order_narrowings
    dropped = (f"an option that no value satisfies is left out: {issue}" for issue in lowering.unsatisfiable)
    return Grammar(
        _as_automaton(node) if property_order == "any" else node,
        "json_schema",
        lowered.context_free,
        schema=schema,
        options={
            "whitespace": whitespace,
            "indent": indent,
            "max_whitespace": max_whitespace,
            "property_order": property_order,
            "on_unsupported": on_unsupported,
            "open_objects": open_objects,
            "max_depth": None if lowering.any_depth else lowering.max_depth,
            "optional": optional,
            "escapes": escapes,
            "max_string_length": max_string_length,
            "max_integer_digits": max_integer_digits,
            "max_fraction_digits": max_fraction_digits,
            "format": format,
            "openapi": openapi,
            "distinct": distinct,
            "recursion": "bounded" if lowering.is_bounded else "exact",
            **({"strings": tuple(string.pointer for string in given)} if given else {}),
        },
        warnings=(*lowering.warnings, *dropped),
        narrowings=(*lowering.narrowings, *(() if arranged else orders)),
        arranged=arranged,
        order_narrowings=orders if arranged else (),
        reader=JsonReader(
            target, schema if on_unsupported == "widen" and lowering.warnings else None, format == "assert"
        ),
    )


def _as_automaton(node: ir.Node) -> ir.Node:
    """The grammar in as many orders of members as one automaton of moderate size holds."""
    few = arrangement.in_few_orders(node)
    return few if tree_size(few).outside <= MAX_ARRANGED[0] else arrangement.listed(node, ())
