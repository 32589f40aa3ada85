"""Whether one text is in a language with members in any order: the grammar followed along the text.

A text has its members in one order, so that no more than what it has written needs to be remembered: O(members) for
every key, where an automaton of all orders has a state for each set of members, and one of the orders of this text,
which has to be tried at every node, multiplies where objects are alternatives to each other. Parts without unordered
nodes are run as automata.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.grammar import ir
from latticework.grammar.walks import nodes

if TYPE_CHECKING:
    from latticework.automata.automaton import ByteAutomaton
    from latticework.grammar.limits import Limits

Ends: TypeAlias = frozenset[int]  # places in a text where a part of it may end
_FOLLOWED = (ir.Alone, ir.Alt, ir.Except, ir.Intersect, ir.Join, ir.Located, ir.Ordered, ir.Repeat, ir.Seq)


class TextMatcher:
    """Tests texts against one grammar. Thread-safe.

    Raises:
        ValueError: an unordered node stands inside one that only automata know; see :meth:`knows`.
    """

    def __init__(self, root: ir.Node, limits: Limits) -> None:
        if not self.knows(root):
            raise ValueError("unordered nodes inside nodes that cannot be followed along a text")
        self._root = root
        self._limits = limits
        self._arranged = frozenset(_digests_above(root))

    @staticmethod
    def knows(root: ir.Node) -> bool:
        """Whether all nodes that hold unordered ones can be followed."""
        above = _digests_above(root)
        return all(
            isinstance(node, ir.Unordered)
            or (isinstance(node, _FOLLOWED) and not (isinstance(node, ir.Ordered) and (node.early or node.anywhere)))
            for node in nodes(root)
            if node.digest in above
        )

    @property
    def explains(self) -> bool:
        """Whether :meth:`reach` is exact: what a part has read may always go on where nothing is taken away from it."""
        return not any(
            isinstance(node, ir.Intersect | ir.Except) and node.digest in self._arranged for node in nodes(self._root)
        )

    def reach(self, text: bytes) -> tuple[int, bytes]:
        """How many bytes of a text some document begins with, and which may follow them, ascending. As
        :meth:`matches`."""
        walk = _Walk(text, self._limits, self._arranged)
        end = max(walk.ends(self._root, 0), default=0)
        return (end, b"") if end > walk.reach else (walk.reach, bytes(sorted(walk.expected)))

    def matches(self, text: bytes) -> bool:
        """Whether the whole text is in the language.

        Raises:
            LimitExceeded: the automaton of a part is too large.
            RecursionError: the text nests too deeply for the Python stack.
        """
        return len(text) in _Walk(text, self._limits, self._arranged).ends(self._root, 0)


class _Walk:
    """One text; what has been found out about it is kept by node and place."""

    def __init__(self, text: bytes, limits: Limits, arranged: frozenset[bytes]) -> None:
        self.text = text
        self.limits = limits
        self.arranged = arranged
        self.reach = 0  # how far some part could read
        self.expected: set[int] = set()  # bytes with which it goes on there
        self._known: dict[tuple[bytes, int], Ends] = {}
        self._automata: dict[bytes, ByteAutomaton] = {}

    def ends(self, node: ir.Node, at: int) -> Ends:
        """Where texts of ``node`` that begin at a place may end."""
        while isinstance(node, ir.Located):  # which equals what is inside
            node = node.body
        if isinstance(node, ir.Literal):
            return self._literal(node.data, at)
        key = node.digest, at
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = frozenset(self._follow(node, at))
        return found

    def _literal(self, data: bytes, at: int) -> Ends:
        if self.text.startswith(data, at):
            return frozenset((at + len(data),))
        read = next(n for n, byte in enumerate(data) if self.text[at + n : at + n + 1] != bytes((byte,)))
        if self._has_come_to(at + read):
            self.expected.add(data[read])
        return frozenset()

    def _has_come_to(self, place: int) -> bool:
        """Whether no part has read further."""
        if place > self.reach:
            self.reach = place
            self.expected.clear()
        return place == self.reach

    def _follow(self, node: ir.Node, at: int) -> Iterable[int]:
        if isinstance(node, ir.Seq):  # its first part tells most often
            return self._sequence(node.parts, at)
        if node.digest not in self.arranged:
            return self._run(node, at)
        match node:
            case ir.Unordered():
                return self._unordered(node, at)
            case ir.Alone():
                return self.ends(node.body, at)
            case ir.Alt():
                return frozenset[int]().union(*(self.ends(option, at) for option in node.options))
            case ir.Intersect():
                return frozenset.intersection(*(self.ends(part, at) for part in node.parts))
            case ir.Except():
                return self.ends(node.body, at) - self.ends(node.removed, at)
            case ir.Ordered():
                return self._ordered(node, at)
            case ir.Repeat():
                return self._copies(lambda place: self.ends(node.body, place), at, node.low, node.high)
            case ir.Join():
                return self._join(node, at)
        raise AssertionError(f"{type(node).__name__} is not followed")

    def _run(self, node: ir.Node, at: int) -> Iterator[int]:
        automaton = self._automata.get(node.digest)
        if automaton is None:
            automaton = self._automata[node.digest] = build_automaton(node, self.limits)
        here = run.START
        for place in range(at, len(self.text) + 1):
            if run.is_accepting(automaton, here):
                yield place
            after = run.step(automaton, here, self.text[place]) if place < len(self.text) else None
            if after is None:
                if self._has_come_to(place):
                    self.expected.update(b for b in range(256) if run.step(automaton, here, b) is not None)
                return
            here = after

    def _sequence(self, parts: Iterable[ir.Node], at: int) -> Ends:
        reached: Ends = frozenset((at,))
        for part in parts:
            reached = frozenset(end for place in reached for end in self.ends(part, place))
            if not reached:
                break
        return reached

    def _copies(self, once: Callable[[int], Ends], at: int, low: int, high: int | None) -> set[int]:
        """Ends of ``low`` to ``high`` copies."""
        reached: Ends = frozenset((at,))
        found = set(reached) if low == 0 else set[int]()
        done = 0
        while reached and (high is None or done < high):
            following = frozenset(end for place in reached for end in once(place))
            done += 1
            if done >= low:
                found |= following
            if following == reached:  # copies of nothing
                return found | following
            reached = following
        return found

    def _join(self, node: ir.Join, at: int) -> set[int]:
        def another(place: int) -> Ends:
            return self._sequence((node.separator, node.item), place)

        found = {at} if node.low == 0 else set[int]()
        if node.high != 0:
            more = None if node.high is None else node.high - 1
            for end in self.ends(node.item, at):
                found |= self._copies(another, end, max(node.low - 1, 0), more)
        return found

    def _ordered(self, node: ir.Ordered, at: int) -> set[int]:
        reached = {(at, False)}  # and whether a member stands before
        for member, required in node.members:
            following = set[tuple[int, bool]]() if required else set(reached)
            for place, is_behind in reached:
                parts = (node.separator, member) if is_behind else (member,)
                following |= {(end, True) for end in self._sequence(parts, place)}
            reached = following
        return {place for place, _ in reached}

    def _unordered(self, node: ir.Unordered, at: int) -> set[int]:
        required = sum(1 << index for index, (_, needed) in enumerate(node.members) if needed)
        every = (1 << len(node.members)) - 1
        seen = {(at, 0, False)}  # the members that have been written as bits, and whether there was any
        stack = list(seen)
        found = set[int]()
        while stack:
            place, written, is_behind = stack.pop()
            if written & required == required and (is_behind or not node.nonempty):
                found.add(place)
            if written == every and node.anywhere is None:
                continue
            for begin in self.ends(node.separator, place) if is_behind else (place,):
                following = {
                    (end, written | 1 << index, True)
                    for index, (member, _) in enumerate(node.members)
                    if not written >> index & 1
                    for end in self.ends(member, begin)
                }
                if node.anywhere is not None:
                    following |= {(end, written, True) for end in self.ends(node.anywhere, begin)}
                stack += following - seen
                seen |= following
        return found


def _digests_above(root: ir.Node) -> set[bytes]:
    """Of the unordered nodes and all nodes that hold one."""
    above: dict[bytes, list[bytes]] = {}
    found: list[bytes] = []
    for node in nodes(root):
        for child in ir.children(node):
            above.setdefault(child.digest, []).append(node.digest)
        if isinstance(node, ir.Unordered):
            found.append(node.digest)
    reached = set(found)
    while found:
        for digest in above.get(found.pop(), ()):
            if digest not in reached:
                reached.add(digest)
                found.append(digest)
    return reached
