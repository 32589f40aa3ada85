"""How deep a grammar goes: recursive schemas and any JSON value, as deep as the size of the automaton allows.

Any value is a language of its own, nested to a depth; each level doubles its states, and each place where any value
may stand has its own. So few places nest deep, many less.

A schema that is met again below itself uses up one unit of a budget; where none is left no value is possible. With one
way back into itself (trees, linked lists) the automaton grows linearly with the budget, with several it doubles each
time, so budgets are tried in turn until the next one would be too large. What is unrolled is a subset of the
language: no wrong document, only less depth, which is reported.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

from latticework.errors import LimitExceeded
from latticework.grammar import ir
from latticework.grammar.arrangement import (
    first_built,
    in_few_orders,
    in_schema_order,
    listed,
    merged_sites,
    relaxed,
    sites,
)
from latticework.grammar.json_schema import keywords
from latticework.grammar.json_schema.cuts import Cuts
from latticework.grammar.json_schema.document import Document, Subschema
from latticework.grammar.json_schema.lowering import Lowering, TooManyWays
from latticework.grammar.json_schema.nesting import at_depth, may_change
from latticework.grammar.json_schema.options import Options
from latticework.grammar.limits import Limits
from latticework.grammar.tree_size import TreeSize, tree_size, tree_sizes
from latticework.grammar.walks import first_byte

# Places of any value in the grammar written out as a tree, and how deep the values nest there.
DEPTHS = ((60, 6), (300, 5), (1_000, 4), (1_300, 2), (2_500, 1))
MIXED = 4  # outer levels of them in which arrays stand directly in arrays
# The same where objects that hold such places are alternatives: their automata are merged, so little is shared.
MERGED_DEPTHS = ((1, 4), (5, 3), (60, 2), (1_000, 1))
MERGED_TRIALS = ((5, 1), (3, 2))  # deeper ones that are tried, with the size below times this
# Sizes up to which such automata are taken.
MERGED_NODES = 20_000
MERGED_STATES = 6_000
ARRANGED = 2  # times these sizes, where objects that are merged have their keys in any order
LARGE = 4  # the same, where those have one order and other objects have any
# Most nodes of a grammar with keys in any order, of all objects that are small enough, then of much smaller ones only;
# where there are still more the documents are large, and all keys stand in the order of the schema.
MAX_ARRANGED = (500_000, 50_000)
BUDGETS = (1, 2, 4, 8, 16)
MAX_WEIGHT = 8_000  # nodes of the unrolled grammar, each counted as often as it is used
PLACE_WEIGHT = 60  # of a place of any value there, whose depth is chosen afterwards
MAX_NODES = 2_000  # schemas lowered with one budget, after which no larger one is tried
MAX_HEIGHT = 120  # nested nodes: a few Python frames each while the automaton is built

Found: TypeAlias = tuple[Lowering, "ir.Node | None"]


def lower(document: Document, options: Options, limits: Limits) -> Found:
    """The lowered document and its lowering, which has the reports; ``None`` if no document satisfies it.

    Any value is as deep as a guess at how many places it has says.

    Raises:
        LimitExceeded: too large, whatever the depth.
    """
    if options.max_depth is not None:
        return _unrolled(document, options, limits)
    depth = _depth_for(_open_places(document, options), DEPTHS)
    found = _unrolled(document, _nesting(options, depth), limits)
    reached = found[0].reached
    if depth > MIXED and reached is not None and reached < BUDGETS[-1]:  # any value has taken its room
        shallower = _unrolled(document, _nesting(options, MIXED), limits)
        if (shallower[0].reached or 0) > reached:
            return shallower
    return found


def fitted(document: Document, options: Options, limits: Limits, found: Found) -> Found:
    """What was lowered, again with any value as deep, and keys in as many orders, as the size allows."""
    options = replace(options, ways=found[0].ways)
    chosen = _fitted(document, options, limits, found)
    for weight, most in zip((options.arranged // 8, 0), MAX_ARRANGED, strict=True):
        if options.property_order != "any" or chosen[1] is None or tree_size(chosen[1]).outside <= most:
            break
        fewer = replace(options, arranged=weight)
        chosen = _fitted(document, fewer, limits, _nested(document, fewer, limits, found[0].max_depth))
    return chosen


def _fitted(document: Document, options: Options, limits: Limits, found: Found) -> Found:
    depth = found[0].max_depth
    least = depth
    if found[1] is not None and depth and options.max_depth is None:
        sizes = tree_sizes(found[1])
        places = sizes[found[1].digest].places
        merging = places > 1 and _merges(found[1], sizes)
        least = min(depth, _depth_for(places, MERGED_DEPTHS if merging else DEPTHS))
        if merging:
            found = _merging(document, options, limits, found, least)
        elif least < depth:
            found = _nested(document, options, limits, least)
    if _keeps_orders(*found, limits):
        return found
    if least < found[0].max_depth:
        shallow = _nested(document, options, limits, least)
        if _keeps_orders(*shallow, limits):
            return shallow
    return _in_fewer_orders(*found, limits)


def _merging(document: Document, options: Options, limits: Limits, found: Found, least: int) -> Found:
    """As deep as the automaton of merged places may be, but ``least``; ``found`` is what was lowered before."""
    for depth, factor in (*MERGED_TRIALS, (least, 0)):
        if not least <= depth <= found[0].max_depth:
            continue
        if depth < found[0].max_depth:
            found = _nested(document, options, limits, depth)
        if depth == least or found[1] is None or _is_affordable(_in_one_order(found[1]), limits, factor):
            break
    return found


def _nested(document: Document, options: Options, limits: Limits, depth: int) -> Found:
    """Lowered again, with any value to another depth."""
    options = _nesting(options, depth)
    try:
        return _unrolled(document, options, limits)
    except TooManyWays:  # another depth may leave room to unroll more
        return _unrolled(document, replace(options, ways=1), limits)


def _nesting(options: Options, depth: int) -> Options:
    """With any value to a depth, unless that is given."""
    return replace(options, max_depth=depth, mixed_depth=MIXED) if options.max_depth is None else options


def _keeps_orders(lowering: Lowering, node: ir.Node | None, limits: Limits) -> bool:
    """Whether objects that are alternatives to each other may have their members in any order, if any have."""
    if node is None or not lowering.places_of_orders or not merged_sites(node):
        return True
    return _is_affordable(first_built(node), limits, ARRANGED)


def _in_fewer_orders(lowering: Lowering, node: ir.Node | None, limits: Limits) -> Found:
    """Such objects in the order of the schema, all objects where the others still make a large automaton."""
    assert node is not None
    merged = merged_sites(node)
    lowering.settle_orders(merged)
    node = in_schema_order(node, merged)
    if sites(node) and not _is_affordable(relaxed(node, frozenset()), limits, LARGE):
        lowering.settle_orders({*lowering.places_of_orders})
        node = _in_one_order(node)
    return lowering, node


def _in_one_order(node: ir.Node) -> ir.Node:
    return in_few_orders(listed(node, ()) if sites(node) else node)


def _is_affordable(node: ir.Node, limits: Limits, factor: int) -> bool:
    """Whether an automaton is small although places of any value are merged. Building it, which is kept, tells."""
    from latticework.automata.build import is_small

    nodes, states = min(factor * MERGED_NODES, limits.max_nodes), min(factor * MERGED_STATES, limits.max_states)
    return is_small(node, replace(limits, max_nodes=nodes, max_states=states))


def _depth_for(places: int, depths: tuple[tuple[int, int], ...]) -> int:
    return next((depth for most, depth in depths if places <= most), 0)


def _merges(root: ir.Node, sizes: dict[bytes, TreeSize]) -> bool:
    """Whether two objects, or two arrays, with places of any value are alternatives to each other."""
    seen: set[bytes] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if not isinstance(node, ir.Located):  # which equals what is inside
            if node.digest in seen or isinstance(node, ir.Alone):
                continue
            seen.add(node.digest)
        stack += ir.children(node)
        if isinstance(node, ir.Alt):
            begins = [first_byte(option) for option in node.options if sizes[option.digest].places]
            if any(begins.count(byte) > 1 for byte in (b"{", b"[")):
                return True
    return False


def _open_places(document: Document, options: Options) -> int:
    """A guess at the number of places of any value, without following references."""
    return sum(_is_open(sub.schema, options.open_objects) for sub in document.schemas())


def _is_open(schema: dict[str, Any], open_objects: bool) -> bool:
    if not keywords.ENFORCED.intersection(schema):
        return True
    if "properties" in schema or "patternProperties" in schema:
        return _further(schema, "additionalProperties", "unevaluatedProperties", open_objects)
    kind = schema.get("type")
    return (kind == "object" and _further(schema, "additionalProperties", "unevaluatedProperties", True)) or (
        kind == "array" and _further(schema, "items", "unevaluatedItems", True)
    )


def _further(schema: dict[str, Any], keyword: str, otherwise: str, default: bool) -> bool:
    """Whether any value may stand where nothing is said of it."""
    return schema.get(keyword, schema.get(otherwise, default)) in (True, {})


def _unrolled(document: Document, options: Options, limits: Limits) -> tuple[Lowering, ir.Node | None]:
    """Lowered with recursive schemas unrolled as often as the size allows."""
    found = _lowered(document, options, limits, 0)
    if not found[0].recursive or found[0].issues:
        return found
    reached = 0
    options = replace(options, second_order=False)  # each time below itself would be two copies
    for budget in BUDGETS:
        try:
            deeper = _lowered(document, options, limits, budget)
        except LimitExceeded:
            break
        if deeper[1] is not None and found[1] is not None and not _is_small(deeper[1]):
            break
        found, reached = deeper, budget
        if found[0].nodes > MAX_NODES:
            break
    lowering, node = found
    lowering.reached = reached
    lowering.narrow(f"schemas that refer to themselves: at most {reached} times below themselves")
    return lowering, node


def _lowered(document: Document, options: Options, limits: Limits, budget: int) -> tuple[Lowering, ir.Node | None]:
    """As :func:`lower_once`; where the document has been lowered with another depth of any value, that is changed."""
    key = budget, options.ways, options.arranged, options.second_order
    found = document.lowered.get(key)
    if found is None:
        found = lower_once(document, options, limits, budget)
        if not may_change(found[0], options):
            return found
        document.lowered[key] = found
    lowering, node = found
    return at_depth(lowering, node, options)


def lower_once(
    document: Document, options: Options, limits: Limits, budget: int, cuts: Cuts | None = None
) -> tuple[Lowering, ir.Node | None]:
    """The document lowered with a budget for recursive schemas, or with rules for them."""
    lowering = Lowering(document, options, limits, budget, cuts)
    if not document.known_dialect:
        lowering.warn(f"unknown $schema {document.root['$schema']!r} is read as the latest draft")
        lowering.narrow("unknown $schema: keywords that it may leave out are enforced")
    foreign = _foreign_keywords(document)
    if foreign:
        lowering.narrow(f"keywords of other drafts are enforced: {', '.join(foreign)}")
    try:
        return lowering, lowering.schema((Subschema(document.root, ""),), 0)
    except RecursionError:
        raise LimitExceeded("max_schema_depth", limits.max_schema_depth, hint="the Python stack is exhausted") from None


def _foreign_keywords(document: Document) -> list[str]:
    """Keywords that say nothing in the draft of the document, enforced where they leave documents out."""
    used = {keyword for sub in document.schemas() for keyword in sub.schema}
    return sorted((used & keywords.ENFORCED) - keywords.REFERENCES - document.dialect.keywords)


def _is_small(node: ir.Node) -> bool:
    size = tree_size(node)
    return size.outside + PLACE_WEIGHT * size.places <= MAX_WEIGHT and size.height <= MAX_HEIGHT
