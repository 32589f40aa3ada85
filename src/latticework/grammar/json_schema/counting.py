"""Members of an object, and how many of them there are."""

from __future__ import annotations

from typing import NamedTuple

from latticework.grammar import ir
from latticework.grammar.combine import alt, repeat, seq
from latticework.grammar.json_schema.further import Pair


class Member(NamedTuple):
    """One member, or (``repeats``) any positive number of further ones.

    ``last``: what must stand behind all others, as (members with their commas, how many they are). ``pair``: the keys
    and values of further ones that may be told apart.
    """

    node: ir.Node
    required: bool
    repeats: bool = False
    last: tuple[tuple[ir.Node, int], ...] = ()
    pair: Pair | None = None

    def any_number(self, comma: ir.Node, room: int | None = None) -> ir.Node:
        """The member, or a further one up to ``room`` times."""
        if not self.repeats:
            return self.node
        if not self.last:
            return ir.Join(self.node, comma, 1, room)
        options: list[ir.Node] = []
        for node, count in self.last:
            if room is None or room >= count:
                left = None if room is None else room - count
                before = repeat(seq([self.node, comma]), 0, left)
                options.append(seq([before, node]))
        return alt(options)


class Counting:
    """Members in order with a bound on how many are present.

    Further ones count as one for the lower bound, but for those in ``several``, by their number.
    """

    def __init__(
        self, members: list[Member], comma: ir.Node, low: int, high: int | None, several: dict[int, ir.Node]
    ) -> None:
        self.members = members
        self.comma = comma
        self.low = low
        self.high = high
        self.several = several
        self.most_counted = low if high is None else high
        self.memo: dict[tuple[int, int], ir.Node] = {}

    def content(self) -> ir.Node:
        for index in range(len(self.members), -1, -1):
            for count in range(min(index, self.most_counted) + 1):
                self.memo[index, count] = self._from(index, count)
        return self.memo[0, 0]

    def _from(self, index: int, count: int) -> ir.Node:
        """Members from ``index`` on, after ``count`` have been written."""
        if index == len(self.members):
            return ir.EMPTY if count >= self.low else ir.NOTHING
        member = self.members[index]
        left_out = ir.NOTHING if member.required else self.memo[index + 1, count]
        room = None if self.high is None else self.high - count
        if room == 0:
            return left_out
        wanted = self.low - count
        if member.repeats and wanted in self.several:
            if room is not None and room < wanted:
                return ir.NOTHING
            more = repeat(seq([self.comma, member.node]), 0, None if room is None else room - wanted)
            return seq([*([self.comma] if count else []), self.several[wanted], more])
        node = member.any_number(self.comma, room)
        separated = seq([self.comma, node]) if count else node
        return alt([left_out, seq([separated, self.memo[index + 1, min(count + 1, self.most_counted)]])])
