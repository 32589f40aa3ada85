"""Keeping schemas with many negations within bounds: fewer ways to fail them, where all would take too long.

A ``oneOf`` whose branches overlap, or a ``not`` of several schemas, multiplies out into combinations of ways to fail
each of them, again for every value nested inside. All of them are kept while that is little work. Otherwise the
lowering begins anew with fewer: documents are left out, which is reported, and none is added.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from latticework.grammar import ir
from latticework.grammar.json_schema.document import Document
from latticework.grammar.json_schema.lowering import Lowering, TooManyWays
from latticework.grammar.json_schema.options import Options
from latticework.grammar.limits import Limits
from latticework.grammar.tree_size import tree_size

FEWER_WAYS = (6, 1)  # tried in turn after the number that options have
MAX_WEIGHT = 300_000  # nodes of the grammar written out as a tree, beyond which fewer ways are tried
PLACE_WEIGHT = 1_000  # of a place of any value there, whose depth is chosen afterwards


Lower: TypeAlias = Callable[[Document, Options, Limits], tuple[Lowering, ir.Node | None]]


def lower_within_bounds(
    document: Document, options: Options, limits: Limits, lower: Lower
) -> tuple[Lowering, ir.Node | None]:
    """As ``lower`` (:mod:`.recursion` or :mod:`.pushdown`), with as many ways to fail negated schemas as bounds allow.

    Raises:
        LimitExceeded: too large, however few.
    """
    fallback: tuple[Lowering, ir.Node | None] | None = None
    for fewer in (*FEWER_WAYS, 0):
        try:
            found = lowering, node = lower(document, options, limits)
        except TooManyWays:
            options = replace(options, ways=fewer)
            continue
        is_small = node is None or _weight(node) <= MAX_WEIGHT
        if min(lowering.most_ways, options.ways) <= max(fewer, 1):
            return found if fallback is None or not _is_flat(lowering) else fallback
        if is_small and not _is_flat(lowering):
            return found
        if is_small and fallback is None:
            fallback = found
        options = replace(options, ways=fewer)
    raise AssertionError("with one way to fail each schema the lowering ends")


def _weight(node: ir.Node) -> int:
    size = tree_size(node)
    return size.outside + PLACE_WEIGHT * size.places


def _is_flat(lowering: Lowering) -> bool:
    """Whether schemas that refer to themselves had to be cut off right there."""
    return lowering.recursive and not lowering.fuel
