"""Where a lexer stands between two lexemes: what may come, as far as the ignored text since the last one allows it."""

from __future__ import annotations

from typing import NamedTuple

END = -1


class Context(NamedTuple):
    """What competes for a lexeme, and what ignored text changes in that.

    What may come is a mode, the end of the text (-1), or a quotation mark at the end of a string (below -1).

    Attributes:
        competing: the set of terminals.
        waiting: what may come, each with the modes of the lexemes that it may come behind. It still may behind text
            that all of these ignore.
        begun: what may come because all ignored text since some place is its own.
    """

    competing: int
    waiting: frozenset[tuple[int, frozenset[int]]]
    begun: frozenset[int]

    @property
    def coming(self) -> frozenset[int]:
        return self.begun.union(coming for coming, _ in self.waiting)
