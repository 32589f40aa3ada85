"""Direct construction of a byte automaton from the grammar IR, right to left.

``build(node, k)`` returns the start of ``L(node)`` followed by whatever starts at ``k``; with hash-consed
nodes, shared sub-grammars and continuations are built once and the result is nearly minimal before
any subset construction. Bounded repetitions become scopes (see ``automaton.py``); the ones that the
subset pass cannot keep symbolic (it would have to merge configurations that count differently) are
unrolled one by one, and the grammar is built again. Continuation-passing construction after
Brzozowski-like position automata; symbolic counters after counting automata (Turoňová et al. 2020).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from latticework.automata import algebra, blocks, tries
from latticework.automata.automaton import MAX_LEVELS, UNBOUNDED, ByteAutomaton
from latticework.automata.blocks import Block, BuildLimits, Deferred, Site
from latticework.automata.determinise import Incoherent, Sharing, with_sites
from latticework.automata.encodings import template_of
from latticework.automata.graph import Graph, Path
from latticework.automata.nullable import Nullable
from latticework.automata.operands import Operands
from latticework.automata.ordering import ordered
from latticework.automata.recurring import recurring
from latticework.automata.shapes import from_first_character, without_places
from latticework.automata.unions import united
from latticework.errors import LimitExceeded
from latticework.grammar import ir

UNROLL_AT_MOST = 3
LARGE_BLOCK = 64  # states from which a block has a compact form
SHARED_WORD_BYTES = 200  # shorter lists of words are built where they stand
NodeType = TypeVar("NodeType", bound=ir.Node)
_REST_OF_STRING = {
    all_escapes: ir.Alone(
        ir.Seq((ir.Repeat(ir.JsonChars(((0, ir.MAX_CODE_POINT),), all_escapes), 0, None), ir.Literal(b'"')))
    )
    for all_escapes in (False, True)
}


class _DefaultLimits:
    max_nodes = 400_000
    max_states = 200_000


def build_automaton(grammar: ir.Node, limits: BuildLimits | None = None) -> ByteAutomaton:
    """Compile an IR node. Deterministic, counters symbolic where possible. The latest ones are kept.

    Raises:
        LimitExceeded: more nodes or states than ``limits`` allow; names the node where known.
    """
    limits = limits or _DefaultLimits()

    def make() -> ByteAutomaton:
        return _build(grammar, limits, True, Sharing.WHOLE, recurring(grammar))[0]

    return blocks.wholes.made(grammar.digest, limits, make)


def is_small(grammar: ir.Node, limits: BuildLimits) -> bool:
    """Whether the automaton, and each of its parts, keeps within ``limits``. It is kept for :func:`build_automaton`."""
    try:
        build_automaton(grammar, limits)
    except LimitExceeded:
        return False
    return True


def _build(
    grammar: ir.Node,
    limits: BuildLimits,
    symbolic: bool,
    sharing: Sharing = Sharing.NOTHING,
    recurring: frozenset[bytes] = frozenset(),
) -> tuple[ByteAutomaton, list[Site]]:
    """The automaton, and the sites of what it leaves out; ``recurring`` are nodes that get automata of their own."""
    unrolled: set[bytes] = set()
    while True:
        builder = _Builder(limits, unrolled, symbolic, sharing, recurring)
        try:
            start = builder.build(grammar, builder.graph.final, ())
            return with_sites(builder.graph, start, limits.max_states, sharing)
        except Incoherent as clash:
            opened = len(unrolled)
            builder.resolve(clash.clashes)
            if len(unrolled) == opened:  # what clashes lies in a part that is not built here
                recurring = frozenset()
        except LimitExceeded as error:
            if error.where or not builder.where:
                raise
            raise LimitExceeded(error.limit, error.bound, builder.where[-1]) from None


def _block_of(node: ir.Alone, limits: BuildLimits, symbolic: bool) -> Block:
    """The block of a node by itself, all of it."""
    return blocks.compiled.made(
        (node.digest, symbolic), limits, lambda: Block(node.digest, _build(node.body, limits, symbolic)[0])
    )


def _without_counters(node: ir.Node, limits: BuildLimits) -> ByteAutomaton:
    return _build(node, limits, symbolic=False)[0]


class _Builder:
    def __init__(
        self, limits: BuildLimits, unrolled: set[bytes], symbolic: bool, sharing: Sharing, recurring: frozenset[bytes]
    ) -> None:
        self.limits = limits
        self.recurring = recurring
        self.graph = Graph(limits.max_nodes)
        self.unrolled = unrolled
        self.symbolic = symbolic
        self.sharing = sharing
        self.where: list[str] = []
        self._memo: dict[tuple[bytes, int, Path, int], int] = {}
        self._origin: dict[int, tuple[bytes, int]] = {}
        self._count_scopes: dict[tuple[Path, int, int], int] = {}
        self.operands = operands = Operands(limits, _without_counters)
        self.nullable = Nullable(lambda node: bool(operands.automaton(node).accepting[0]))

    def resolve(self, clashes: list[set[int]]) -> None:
        """Of each clash, unroll the repetition that costs least, unless one of another clash is involved anyway.

        A block at fault is opened first: its own repetitions are looked at when all is built again.
        """
        chosen: set[bytes] = set()
        for scopes in clashes:
            origins = [self._origin_of(scope) for scope in scopes]
            if chosen.isdisjoint(digest for digest, _ in origins):
                chosen.add(min(origins, key=lambda origin: (origin[1], origin[0]))[0])
        self.unrolled |= chosen

    def _origin_of(self, scope: int) -> tuple[bytes, int]:
        block = self.graph.scope_block[scope]
        return self._origin[scope] if block is None else (block.digest, 0)

    def build(self, node: ir.Node, k: int, path: Path, inc: int = 0) -> int:
        """Start of ``L(node) . L(k)``; every new node lies at ``path``, each character counts ``inc``."""
        key = (node.digest, k, path, inc)
        found = self._memo.get(key)
        if found is not None:
            return found
        block = self._recurring(node) if node.digest in self.recurring and not inc else None
        if block is not None and len(path) + block.levels <= MAX_LEVELS:
            made = self.graph.instance(block, k, path)
        else:
            made = self._dispatch(node, k, path, inc)
        self._memo[key] = made
        return made

    def _dispatch(self, node: ir.Node, k: int, path: Path, inc: int) -> int:
        match node:
            case ir.Literal():
                return self.graph.literal(node.data, k, path)
            case ir.Chars() | ir.JsonChars():
                return self.graph.spell(template_of(node), k, path, inc)
            case ir.Seq():
                for part in reversed(node.parts):
                    k = self.build(part, k, path, inc)
                return k
            case ir.Alt():
                return self.graph.union([self.build(option, k, path, inc) for option in united(node.options)], path)
            case ir.Words():
                return self._words(node, k, path)
            case ir.Repeat():
                return self._repeat(node, k, path, inc)
            case ir.Join():
                return self._join(node, k, path, inc)
            case ir.Ordered():
                return ordered(self.graph, node, k, path, lambda part, k: self.build(part, k, path, inc))
            case ir.Counted():
                return self._counted(node, k, path, inc)
            case ir.JsonKey():
                rest = self.build(_REST_OF_STRING[node.all_escapes], k, path)
                return tries.json_key(self.graph, node.excluded, rest, k, path)
            case ir.Multiples():
                return self._multiples(node, k, path)
            case ir.Intersect() | ir.Except() | ir.Marked() | ir.Distinct():
                return self._embed(node, self.operands.combined, k, path, inc)
            case ir.Alone():
                return self._alone(node, k, path, inc)
            case ir.Located():
                self.where.append(node.where)
                made = self.build(node.body, k, path, inc)
                self.where.pop()
                return made
        raise TypeError(f"unknown grammar node {type(node).__name__}")

    # ---- leaves

    def _multiples(self, node: ir.Multiples, k: int, path: Path) -> int:
        """A state for every residue of the digits read so far, for each number of decimal places."""
        graph, divisor = self.graph, node.divisor

        def digits(residue: int, targets: list[int]) -> list[tuple[int, int, int, int]]:
            return [(0x30 + d, 0x30 + d, targets[(10 * residue + d) % divisor], 0) for d in range(10)]

        zeros = graph.reserve(path)  # behind the last place
        graph.complete(zeros, [graph.node(((0x30, 0x30, zeros, 0),), path), k])
        after = [zeros] + [graph.node((), path)] * (divisor - 1)
        for missing in range(node.places):
            ends = [10 ** (missing + 1) * residue % divisor == 0 for residue in range(divisor)]
            rows = [graph.node(tuple(digits(residue, after)), path) for residue in range(divisor)]
            if missing < node.places - 1:
                rows = [graph.union([row, k], path) if end else row for row, end in zip(rows, ends, strict=True)]
            after = rows
        if not node.places:  # the point is followed by zeros alone
            fraction = graph.node(((0x30, 0x30, zeros, 0),), path)
            points = [fraction] + [graph.node((), path)] * (divisor - 1)
        else:
            points = after
        whole = [graph.reserve(path) for _ in range(divisor)]
        for residue in range(divisor):
            edges = (0x2E, 0x2E, points[residue], 0), *digits(residue, whole)
            ends = 10**node.places * residue % divisor == 0
            step = graph.node(edges, path)
            graph.complete(whole[residue], [step, k] if ends else [step])
        return graph.node(tuple(digits(0, whole)), path)

    # ---- sub-grammars compiled by themselves

    def _alone(self, node: ir.Alone, k: int, path: Path, inc: int) -> int:
        if not inc and node.digest not in self.unrolled:
            block = self._large_or_small(node)
            is_large = block.compact is not None or block.states >= LARGE_BLOCK
            # Within a compact form, what stands in large blocks is shared, not the blocks.
            if len(path) + block.levels <= MAX_LEVELS and not (is_large and self.sharing is Sharing.PART):
                return self.graph.instance(block, k, path)
        return self.build(node.body, k, path, inc)

    def _large_or_small(self, node: ir.Alone) -> Block:
        """The block of a node; of a large one only the compact form, where that may be all that is wanted."""
        if self.sharing is Sharing.NOTHING or self.sharing is Sharing.PART:
            return _block_of(node, self.limits, self.symbolic)
        key, limits, symbolic = (node.digest, self.symbolic), self.limits, self.symbolic
        # What is made later keeps within these very limits: it serves no others.
        deferred = *key, limits.max_nodes, limits.max_states
        block = blocks.compiled.get(deferred, limits) or blocks.compiled.get(key, limits)
        if block is None or (block.compact is None and block.states >= LARGE_BLOCK):
            compact = self._compact(node)
            if block is None and compact.calls is None:
                block = compact
            elif block is None:
                key, block = deferred, Deferred(compact, lambda: _block_of(node, limits, symbolic))
            if block.compact is None and (compact.calls is not None or block.states >= LARGE_BLOCK):
                block.compact = block if compact.calls is None else compact
            blocks.compiled.put(key, limits, block)
        return block

    def _compact(self, node: ir.Alone) -> Block:
        """The compact form of a block, or the block itself where nothing is to be shared in it."""

        def make() -> Block:
            return Block(node.digest, _build(node.body, self.limits, self.symbolic, Sharing.PART)[0])

        return blocks.compiled.made((node.digest, self.symbolic, Sharing.PART), self.limits, make)

    def _words(self, node: ir.Words, k: int, path: Path) -> int:
        # Next to nothing can be shared when the words are all there is (and this is how their block is made).
        if k == self.graph.final or sum(map(len, node.words)) < SHARED_WORD_BYTES:
            return tries.words(self.graph, node.words, k, path)
        return self.graph.instance(self._block(node, self._by_itself, self.symbolic), k, path)

    def _embed(
        self, node: NodeType, compile_node: Callable[[NodeType], ByteAutomaton], k: int, path: Path, inc: int
    ) -> int:
        if inc:
            raise TypeError("a set operation inside a counted length: count its operands instead")
        return self.graph.instance(self._block(node, compile_node, False), k, path)

    def _block(self, node: NodeType, compile_node: Callable[[NodeType], ByteAutomaton], symbolic: bool) -> Block:
        return blocks.compiled.made(
            (node.digest, symbolic), self.limits, lambda: Block(node.digest, compile_node(node))
        )

    def _by_itself(self, node: ir.Node) -> ByteAutomaton:
        return _build(node, self.limits, self.symbolic)[0]

    def _recurring(self, node: ir.Node) -> Block | None:
        """The block of a node that stands in several places; ``None`` where it has to be built where it stands."""
        if node.digest in self.unrolled:
            return None

        def make() -> Block:
            others = self.recurring - {node.digest}
            return Block(node.digest, *_build(node, self.limits, self.symbolic, Sharing.LEFT_OUT, others))

        return blocks.compiled.made((node.digest, "recurring"), self.limits, make)

    def _expanded(self, node: ir.Counted) -> ByteAutomaton:
        return algebra.expand(_build(node, self.limits, symbolic=True)[0], self.limits.max_states)

    # ---- repetition

    def _may_count(self, node: ir.Node, path: Path) -> bool:
        return self.symbolic and len(path) < MAX_LEVELS and node.digest not in self.unrolled

    def _make_room(self, node: ir.Node, path: Path, high: int) -> None:
        """With all levels taken, unroll the cheapest of the repetitions involved and start again."""
        if self.symbolic and len(path) >= MAX_LEVELS and node.digest not in self.unrolled:
            cheapest = min((self._origin[s] for s in path), key=lambda origin: origin[1])
            if cheapest[1] < high:
                raise Incoherent([set(path)])

    def _scope(self, node: ir.Node, low: int, high: int | None) -> int:
        if low >= UNBOUNDED:
            raise LimitExceeded("repetitions", UNBOUNDED, hint="no text is so long")
        bound = _bound(high)
        scope = self.graph.new_scope(low, bound)
        self._origin[scope] = (node.digest, low if high is None else high)
        return scope

    def _repeat(self, node: ir.Repeat, k: int, path: Path, inc: int) -> int:
        graph, low, high = self.graph, node.low, node.high
        if high is not None and high < low:
            return graph.node((), path)
        small = low <= UNROLL_AT_MOST if high is None else high <= UNROLL_AT_MOST
        if not small and not self.nullable(node.body):
            self._make_room(node, path, low if high is None else high)
            if self._may_count(node, path):
                scope = self._scope(node, low, high)
                again, k = graph.reserve((*path, scope)), graph.from_path(k, path)
                once_more, first = self._round(node.body, again, path, scope, inc)
                graph.complete(again, [once_more, k])
                return first if low else graph.union([first, k], path)
        if high is None:
            loop = graph.reserve(path)
            graph.complete(loop, [self.build(node.body, loop, path, inc), k])
            start = loop
        else:
            start = k
            for _ in range(high - low):
                start = graph.union([self.build(node.body, start, path, inc), k], path)
        for _ in range(low):
            start = self.build(node.body, start, path, inc)
        return start

    def _round(self, body: ir.Node, again: int, path: Path, scope: int, inc: int) -> tuple[int, int]:
        """Starts of one more round, inside the scope, and of the first one, at ``path``.

        A round that begins with a character is entered and counted by that character's last byte: its first bytes may
        be those of another character, with which what stands before it goes on.
        """
        graph, inside, bit = self.graph, (*path, scope), 1 << len(path)
        parts = from_first_character(body)
        if parts is None:
            start = self.build(body, again, inside, inc)
            return graph.enter(start, inside, bit, len(inside)), graph.enter(start, path, bit, len(inside))
        first, *rest = parts
        after = self.build(ir.Seq(rest), again, inside, inc)
        template = template_of(first)
        return graph.spell(template, after, inside, inc, bit), graph.spell(template, after, path, inc, bit)

    def _join(self, node: ir.Join, k: int, path: Path, inc: int) -> int:
        graph, low, high = self.graph, node.low, node.high
        if (high is not None and high < low) or high == 0:
            return k if high == low == 0 else graph.node((), path)
        small = low <= UNROLL_AT_MOST if high is None else high <= UNROLL_AT_MOST
        if not small and not self.nullable(node.item):
            self._make_room(node, path, low if high is None else high)
            if self._may_count(node, path):
                scope = self._scope(node, low, high)
                inside, bit = (*path, scope), 1 << len(path)
                after, k = graph.reserve(inside), graph.from_path(k, path)
                item = self.build(node.item, after, inside, inc)
                again = self.build(node.separator, graph.enter(item, inside, bit, len(inside)), inside, inc)
                graph.complete(after, [again, k])
                first = graph.enter(item, path, bit, len(inside))
                return first if low else graph.union([first, k], path)
        if high is None:
            after = graph.reserve(path)
            item = self.build(node.item, after, path, inc)
            graph.complete(after, [self.build(node.separator, item, path, inc), k])
            copies = max(low, 1)
        else:
            item = self.build(node.item, k, path, inc)
            copies = high
        for left in range(copies - 1, 0, -1):
            again = self.build(node.separator, item, path, inc)
            item = self.build(node.item, again if left < low else graph.union([again, k], path), path, inc)
        return item if low else graph.union([item, k], path)

    def _counted(self, node: ir.Counted, k: int, path: Path, inc: int) -> int:
        low, high, graph = node.low, node.high, self.graph
        body = without_places(node.body)
        if high is not None and high < low:
            return graph.node((), path)
        if low == 0 and high is None:
            return self.build(body, k, path, inc)
        if isinstance(body, ir.Intersect):
            first, *others = body.parts
            return self.build(ir.Intersect((ir.Counted(first, low, high), *others)), k, path, inc)
        if isinstance(body, ir.Except):
            return self.build(ir.Except(ir.Counted(body.body, low, high), body.removed), k, path, inc)
        self._make_room(node, path, low if high is None else high)
        if not self._may_count(node, path):
            return self._embed(node, self._expanded, k, path, 0)
        key = (path, low, _bound(high))
        scope = self._count_scopes.get(key)
        if scope is None:
            scope = self._count_scopes[key] = self._scope(node, low, high)
        inside = (*path, scope)
        # What follows may begin inside a scope of its own, even one of the same number: leave this one first.
        leave = graph.node((), inside, (graph.from_path(k, path),))
        return self.build(body, leave, inside, inc | 1 << len(path))


def _bound(high: int | None) -> int:
    """An upper bound as automata have it: no text is long enough to reach one beyond ``UNBOUNDED``."""
    return UNBOUNDED if high is None else min(high, UNBOUNDED)
