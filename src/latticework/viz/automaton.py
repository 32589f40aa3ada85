"""Small automata as graphs: what a grammar has become. Left to right by distance from the start.

States that only carry a text on are part of the edge that has the text as its label; the bytes of characters beyond
ASCII are one step. Edges to the next column are drawn straight, others in lanes: forward above, back below.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from latticework.automata.automaton import UNBOUNDED
from latticework.viz.railroad import Element, words

if TYPE_CHECKING:
    from latticework.automata.automaton import ByteAutomaton

MOST_STATES = 24  # that are drawn
MOST_EDGES = 60
_RADIUS = 13
_ROW = 66
_LANE = 20
_LONGEST = 26  # characters of a label
_OTHERS = frozenset(range(0x80, 0x100))
_VISIBLE = str.maketrans({"\n": "↵", "\t": "⇥", "\r": "␍", " ": "␣"})
_ANY = "non-ASCII"


@dataclass(frozen=True)
class Graph:
    """States 0 (the start) to n - 1.

    Attributes:
        names: of the states: how often a repetition runs that they are in, or nothing.
        accepting: by state.
        edges: labels of the edges from one state to another.
    """

    names: tuple[str, ...]
    accepting: tuple[bool, ...]
    edges: dict[tuple[int, int], str]


def graph_of(automaton: ByteAutomaton) -> Graph | None:
    """The graph of an automaton; ``None`` where it is too large to be looked at, or has parts that places share."""
    if automaton.calls is not None or automaton.states > 40 * MOST_STATES:
        return None
    arcs = _characters(_arcs(automaton))
    steps: dict[int, dict[int, str]] = {
        state: {target: _sets(values) for target, values in to.items()} for state, to in arcs.items()
    }
    sources: dict[int, set[int]] = defaultdict(set)
    for state, to in steps.items():
        for target in to:
            sources[target].add(state)
    for state in list(steps):
        if state and not automaton.accepting[state] and not automaton.levels[state]:
            _pass_over(state, steps, sources)
    kept = sorted(steps)
    number = {state: place for place, state in enumerate(kept)}
    edges = {(number[state], number[to]): label for state in kept for to, label in steps[state].items()}
    if len(kept) > MOST_STATES or len(edges) > MOST_EDGES:
        return None
    names = tuple(_repetitions(automaton, state) for state in kept)
    return Graph(names, tuple(bool(automaton.accepting[state]) for state in kept), edges)


def _arcs(automaton: ByteAutomaton) -> dict[int, dict[int, set[int]]]:
    """Bytes from state to state, of the states that the start leads to."""
    found: dict[int, dict[int, set[int]]] = {}
    waiting = [0]
    while waiting:
        state = waiting.pop()
        if state in found:
            continue
        own = found[state] = defaultdict(set)
        for value, kind in enumerate(automaton.byte_class.tolist()):
            target = int(automaton.next_state[state, kind])
            if target >= 0:
                own[target].add(value)
        waiting += own
    return found


def _characters(arcs: dict[int, dict[int, set[int]]]) -> dict[int, dict[int, set[int]]]:
    """States inside a character are passed over: a character beyond ASCII counts as one byte, 0x80."""
    inner = {
        state
        for state, to in arcs.items()
        if state and to and all(values <= _OTHERS for values in to.values())
        if all(own[state] <= _OTHERS for own in arcs.values() if state in own)
    }

    def ends(state: int, seen: frozenset[int]) -> set[int]:
        if state not in inner:
            return {state}
        return {end for to in arcs[state] if to not in seen for end in ends(to, seen | {to})}

    found: dict[int, dict[int, set[int]]] = {}
    for state, to in arcs.items():
        if state in inner:
            continue
        own = found[state] = defaultdict(set)
        for target, values in to.items():
            for end in ends(target, frozenset({target})):
                own[end] |= {min(value, 0x80) for value in values}
    return found


def _pass_over(state: int, steps: dict[int, dict[int, str]], sources: dict[int, set[int]]) -> None:
    """Join the only edge into a state with the only one out of it."""
    if len(steps[state]) != 1 or len(sources[state]) != 1:
        return
    [(target, label)], [source] = steps[state].items(), sources[state]
    if state in (source, target) or target in steps[source]:
        return
    del steps[state]
    steps[source][target] = steps[source].pop(state) + label
    sources[target] = sources[target] - {state} | {source}


def _sets(values: set[int]) -> str:
    """A byte as itself, several by range; in one piece, so that edges in a row can be joined."""
    if len(values) == 1 and values != {0x80}:
        return _shown(min(values))
    if values == {0x80}:
        return _ANY
    ranges: list[list[int]] = []
    for value in sorted(values - {0x80}):
        if ranges and value == ranges[-1][1] + 1:
            ranges[-1][1] = value
        else:
            ranges.append([value, value])
    if len(values) > 64:
        missing = "".join(_shown(value) for value in range(0x20, 0x7F) if value not in values)
        return f"[^{missing}]" if missing else "[any]"
    shown = ["".join(_shown(end) for end in dict.fromkeys(pair)) if pair[1] - pair[0] < 2 else
             f"{_shown(pair[0])}-{_shown(pair[1])}" for pair in ranges]  # fmt: skip
    return f"[{''.join(shown)}{'…' if 0x80 in values else ''}]"


def _shown(value: int) -> str:
    return chr(value).translate(_VISIBLE) if 0x20 <= value < 0x7F or value in (9, 10, 13) else f"\\x{value:02x}"


def _repetitions(automaton: ByteAutomaton, state: int) -> str:
    found = []
    for level in range(int(automaton.levels[state])):
        scope = int(automaton.scope[state, level])
        low, high = int(automaton.low[scope]), int(automaton.high[scope])
        found.append(f"×{low}…" if high >= UNBOUNDED else f"×{low}" if low == high else f"×{low}–{high}")
    return " ".join(found)


class GraphElement(Element):
    """A graph with a place for everything."""

    on_track = False

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.column = _columns(graph)
        self._rows()
        self._route()

    def _rows(self) -> None:
        """Where states lie within their columns: near those that lead to them."""
        count = max(self.column) + 1
        by_column = [[state for state, own in enumerate(self.column) if own == at] for at in range(count)]
        self.row = [0.0] * len(self.column)
        for states in by_column:
            wanted = {
                state: [self.row[a] for a, b in self.graph.edges if b == state and self.column[a] < self.column[b]]
                for state in states
            }
            states.sort(key=lambda state: (sum(wanted[state]) / len(wanted[state]) if wanted[state] else 0.0, state))
            for place, state in enumerate(states):
                self.row[state] = place - (len(states) - 1) / 2
        gaps = [60.0] * count
        for (source, target), label in self.graph.edges.items():
            if self.column[target] == self.column[source] + 1:
                gaps[self.column[source]] = max(gaps[self.column[source]], 7.0 * len(_text(label)) + 50)
        self.x = [0.0] * count
        for at in range(1, count):
            self.x[at] = self.x[at - 1] + gaps[at - 1] + 2 * _RADIUS

    def _route(self) -> None:
        # The longest edges in the outermost lanes.
        edges = sorted(self.graph.edges, key=lambda edge: -abs(self.column[edge[0]] - self.column[edge[1]]))
        self.above = [edge for edge in edges if self.column[edge[1]] > self.column[edge[0]] + 1]
        self.below = [edge for edge in edges if self.column[edge[1]] <= self.column[edge[0]] and edge[0] != edge[1]]
        low, high = min(self.row), max(self.row)
        self.up = -low * _ROW + 40 + _LANE * len(self.above)
        self.down = high * _ROW + 34 + _LANE * len(self.below)
        widest = max((7.0 * len(_text(self.graph.edges[edge])) for edge in self.above + self.below), default=0.0)
        self.width = max(self.x[-1] + 2 * _RADIUS + 60, widest + 80)

    def draw(self, x: float, y: float) -> list[str]:
        start, first = x + self._x(0) - _RADIUS - 3, self._y(0, y)
        out = [f'<path d="M{x - 16:.1f} {first:.1f} H{start:.1f}" marker-end="url(#arrow)"/>']
        for (source, target), label in self.graph.edges.items():
            text = _text(label)
            if source == target:
                at, top = x + self._x(source), self._y(source, y) - _RADIUS
                out.append(f'<path d="M{at - 6:.1f} {top + 1:.1f} c-14 -26 26 -26 12 -1" marker-end="url(#arrow)"/>')
                out.append(words(at, top - 22, text, "small"))
            elif (source, target) in self.above:
                out += self._lane(
                    x, y, source, target, text, y - self.up + 14 + _LANE * self.above.index((source, target))
                )
            elif (source, target) in self.below:
                lane = y + self.down - 6 - _LANE * self.below.index((source, target))
                out += self._lane(x, y, source, target, text, lane)
            else:
                start, end = x + self._x(source) + _RADIUS, x + self._x(target) - _RADIUS - 3
                top, bottom = self._y(source, y), self._y(target, y)
                bend = (end - start) / 2
                out.append(
                    f'<path d="M{start:.1f} {top:.1f} C{start + bend:.1f} {top:.1f} {end - bend:.1f} {bottom:.1f} '
                    f'{end:.1f} {bottom:.1f}" marker-end="url(#arrow)"/>'
                )
                out.append(words((start + end) / 2, (top + bottom) / 2 - 5, text, "small"))
        for state, name in enumerate(self.graph.names):
            at, middle = x + self._x(state), self._y(state, y)
            out.append(f'<circle class="state" cx="{at:.1f}" cy="{middle:.1f}" r="{_RADIUS}"/>')
            if self.graph.accepting[state]:
                out.append(f'<circle cx="{at:.1f}" cy="{middle:.1f}" r="{_RADIUS - 4}"/>')
            if name:
                out.append(words(at, middle + _RADIUS + 13, name, "small"))
        return out

    def _lane(self, x: float, y: float, source: int, target: int, text: str, lane: float) -> list[str]:
        """An edge around the others: out to the right, along the lane, in from the left."""
        start, end = x + self._x(source) + _RADIUS, x + self._x(target) - _RADIUS - 3
        out, into = start + 10, end - 14
        return [
            f'<path d="M{start:.1f} {self._y(source, y):.1f} H{out:.1f} V{lane:.1f} H{into:.1f} '
            f'V{self._y(target, y):.1f} H{end:.1f}" marker-end="url(#arrow)"/>',
            words((out + into) / 2, lane - 4, text, "small"),
        ]

    def _x(self, state: int) -> float:
        return self.x[self.column[state]] + _RADIUS + 20

    def _y(self, state: int, y: float) -> float:
        return y + self.row[state] * _ROW


def _text(label: str) -> str:
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"


def _columns(graph: Graph) -> list[int]:
    """Longest way from the start, edges that lead back left out."""
    following: dict[int, list[int]] = defaultdict(list)
    for source, target in graph.edges:
        following[source].append(target)
    back: set[tuple[int, int]] = set()
    state_of: dict[int, int] = {}  # 1 while below it, 2 once done
    order: list[int] = []
    stack = [(0, iter(following[0]))]
    state_of[0] = 1
    while stack:
        at, waiting = stack[-1]
        target = next(waiting, None)
        if target is None:
            state_of[at] = 2
            order.append(at)
            stack.pop()
        elif target not in state_of:
            state_of[target] = 1
            stack.append((target, iter(following[target])))
        elif state_of[target] == 1:
            back.add((at, target))
    column = [0] * len(graph.names)
    for at in reversed(order):
        for target in following[at]:
            if (at, target) not in back:
                column[target] = max(column[target], column[at] + 1)
    return column
