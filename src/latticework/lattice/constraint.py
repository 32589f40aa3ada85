"""A compiled constraint: a language laid out for one vocabulary, and sessions over canvases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.automata import run
from latticework.automata.automaton import ByteAutomaton
from latticework.errors import Infeasible, LimitExceeded
from latticework.lattice.explain import Explanation, explain
from latticework.lattice.kernels_sets import forward_sets
from latticework.lattice.layout import Layout, build_layout
from latticework.lattice.scoring import ClassTable
from latticework.lattice.widths import session_widths, units_per_token
from latticework.tokens.automaton import TokenAutomaton

if TYPE_CHECKING:
    from latticework.lattice.session import Session
    from latticework.tokens.vocabulary import Vocabulary

_LAYOUTS_KEPT = 16
_FIRST_SEARCH = 256
_LAST_SEARCH = 1 << 12
_SEARCH_STEP = 32


class Constraint:
    """A language over the tokens of a vocabulary. Immutable; may be shared between threads.

    Attributes:
        vocabulary: the vocabulary.
        tokens: the token automaton.
        grammar: what was compiled, for whoever made it (None if made from an automaton).
    """

    def __init__(self, vocabulary: Vocabulary, tokens: TokenAutomaton, grammar: Any = None) -> None:
        self.vocabulary = vocabulary
        self.tokens = tokens
        self.grammar = grammar
        self._units = units_per_token(tokens)
        self._layouts: dict[tuple[bool, bool, bytes], Layout] = {}
        self._lock = threading.Lock()

    @property
    def automaton(self) -> ByteAutomaton:
        """The language as a byte automaton."""
        return self.tokens.automaton

    @property
    def nbytes(self) -> int:
        """Memory of the tables, bytes."""
        return self.tokens.nbytes

    @cached_property
    def digest(self) -> bytes:
        """16 bytes that name the language and the vocabulary; equal for equal tables."""
        automaton = self.automaton
        found = blake2b(self.vocabulary.digest, digest_size=16)
        for name in ("next_state", "operation", "byte_class", "accepting", "levels", "scope", "low", "high"):
            array = getattr(automaton, name)
            found.update(f"{name}{array.shape}{array.dtype}".encode())
            found.update(np.ascontiguousarray(array).tobytes())
        if automaton.calls is not None:
            for name in automaton.calls.__slots__:
                found.update(name.encode() + getattr(automaton.calls, name).tobytes())
        return found.digest()

    def accepts(self, text: str | bytes) -> bool:
        """Whether a text (UTF-8 if str) is in the language; cost O(bytes)."""
        data = _bytes_of(text)
        return data is not None and run.accepts(self.automaton, data)

    def explain(self, text: str | bytes) -> Explanation:
        """Where a text leaves the language and what could follow there; cost O(bytes)."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        return explain(self.automaton, data)

    @cached_property
    def min_tokens(self) -> int:
        """Fewest tokens of a document, end and pad not counted.

        Computed when first asked for: one step over all cells per token of the answer.

        Raises:
            Infeasible: no document can be written with the tokens of the vocabulary.
            LimitExceeded: documents have more than 4,096 tokens, if there are any.
        """
        found = self._fewest_tokens()
        if found is None:
            raise Infeasible("no document of the constraint can be written with this vocabulary")
        return found

    def session(self, tokens: Any, free: Any, tail: bool = True) -> Session:
        """Ask about one canvas.

        Args:
            tokens: [N] integers, NumPy or torch; read where ``free`` is False.
            free: [N] bool, NumPy or torch; True where a slot may be filled.
            tail: whether slots after the document may hold end or pad tokens. Either way a document
                may fill the canvas exactly.

        Raises:
            Infeasible: no filling is valid.
            InputError: the shapes do not fit.
        """
        from latticework.lattice.session import Session

        return Session(self, tokens, free, tail)

    def layout(self, slots: int, tail: bool, enforced: NDArray[np.bool_] | None = None) -> Layout:
        """Layout that is exact for canvases of up to ``slots`` slots; canvases with equal counters share one.

        Args:
            enforced: [scopes] bool, which counters are kept (by default all); dropping some only adds
                fillings. Such a layout has merged labels, which only searches for a best filling understand.
        """
        widths = session_widths(self.tokens, self._units, slots, enforced)
        merge = enforced is not None
        key = (tail, merge, widths.key)
        with self._lock:
            found = self._layouts.pop(key, None)
        if found is None:
            found = build_layout(self.tokens, widths, tail, merge)
        with self._lock:
            self._layouts[key] = found
            while len(self._layouts) > _LAYOUTS_KEPT:
                del self._layouts[next(iter(self._layouts))]
        return found

    @cached_property
    def class_table(self) -> ClassTable:
        """Tokens of the vocabulary by class."""
        return ClassTable.of(self.tokens)

    def most_tokens(self, limit: int = 4096) -> int | None:
        """Most tokens of a document; ``None`` where documents may have more than ``limit``.

        Cost: one step over all cells per token of the answer.

        Raises:
            Infeasible: no document can be written with the tokens of the vocabulary.
        """
        layout = self.layout(limit + 1, tail=False)
        most = 0 if layout.accept[layout.tables.start] else None
        seen = np.zeros(layout.tables.cells, np.bool_)  # beyond the limit
        for used, reached in enumerate(self._steps(layout), start=1):
            if (reached & layout.accept).any():
                if used > limit:
                    return None
                most = used
            if used > limit:
                reached = reached & ~seen
                seen |= reached
            if not reached.any():
                break
        if most is None:
            raise Infeasible("no document of the constraint can be written with this vocabulary")
        return most

    def _fewest_tokens(self) -> int | None:
        """Breadth-first search over cells; None when no new cell turns up, and none would with more slots."""
        slots = _FIRST_SEARCH
        while slots <= _LAST_SEARCH:
            layout = self.layout(slots, tail=False)
            if layout.accept[layout.tables.start]:
                return 0
            beyond_reach = bool(((self.automaton.low > slots * self._units) & (self._units > 0)).any())
            seen = np.zeros(layout.tables.cells, np.bool_)
            seen[layout.tables.start] = True
            for used, reached in enumerate(islice(self._steps(layout), slots), start=1):
                if (reached & layout.accept).any():
                    return used
                if not (reached & ~seen).any():
                    if not beyond_reach:
                        return None
                    break
                seen |= reached
            slots *= 4
        raise LimitExceeded("tokens of the shortest document", _LAST_SEARCH, hint="give the number of slots")

    def _steps(self, layout: Layout) -> Iterator[NDArray[np.bool_]]:
        """The cells that can be reached with 1, 2, ... tokens, [cells] each; some steps are computed at a time."""
        free, no_offsets = np.ones(_SEARCH_STEP, np.bool_), np.zeros(_SEARCH_STEP + 1, np.int32)
        reached = np.zeros((_SEARCH_STEP + 1, layout.tables.size), np.uint8)
        active = np.zeros((_SEARCH_STEP + 1, layout.end_state + 1), np.uint8)
        reached[0, layout.tables.start] = active[0, 0] = 1
        while True:
            forward_sets(layout.tables, free, no_offsets, np.zeros(0, np.int32), reached, active)
            yield from reached[1:, : layout.tables.cells] > 0
            reached[0], active[0] = reached[-1], active[-1]


def _bytes_of(text: str | bytes) -> bytes | None:
    """UTF-8 of a text, None if it has lone surrogates (no document has)."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None
