"""A compiled constraint: a language laid out for one vocabulary, and sessions over canvases."""

from __future__ import annotations

import threading
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latticework.automata import run
from latticework.automata.automaton import ByteAutomaton
from latticework.errors import Infeasible, LimitExceeded
from latticework.lattice.explain import Explanation, explain
from latticework.lattice.layout import Layout, build_layout
from latticework.lattice.lengths import STEPS, fewest_tokens, steps
from latticework.lattice.scoring import ClassTable
from latticework.lattice.widths import MAX_CELLS, check_cells, session_widths, units_per_token
from latticework.tokens.automaton import TokenAutomaton

if TYPE_CHECKING:
    from latticework.lattice.session import Session
    from latticework.tokens.vocabulary import Vocabulary

_LAYOUTS_KEPT = 16


class Constraint:
    """A language over the tokens of a vocabulary. Immutable; may be shared between threads.

    Attributes:
        vocabulary: the vocabulary.
        tokens: the token automaton.
        grammar: what was compiled, for whoever made it (None if made from an automaton).
        max_cells: most configurations (a state and its counts) of the lattice of one canvas, all its slots together;
            2**30. They take two bytes each, six where a best filling is looked for.
    """

    def __init__(
        self, vocabulary: Vocabulary, tokens: TokenAutomaton, grammar: Any = None, max_cells: int = MAX_CELLS
    ) -> None:
        self.vocabulary = vocabulary
        self.tokens = tokens
        self.grammar = grammar
        self.max_cells = max_cells
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

        Computed when first asked for: one step per token of the answer over the cells of the bounds that matter.

        Raises:
            Infeasible: no document can be written with the tokens of the vocabulary.
            LimitExceeded: documents have more than 4,096 tokens, if there are any; or ``max_cells``.
        """
        found = fewest_tokens(self.tokens, self._units, self.max_cells)
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
            LimitExceeded: counters of so many slots need more than ``max_cells``.
        """
        from latticework.lattice.session import Session

        try:
            return Session(self, tokens, free, tail)
        except LimitExceeded:
            needed, slots = self.min_tokens, len(tokens)
            if needed <= slots:
                raise
            raise too_short(needed, slots) from None

    def layout(
        self, slots: int, tail: bool, enforced: NDArray[np.bool_] | None = None, rows: int | None = None
    ) -> Layout:
        """Layout that is exact for canvases of up to ``slots`` slots; canvases with equal counters share one.

        Args:
            enforced: [scopes] bool, which counters are kept (by default all); dropping some only adds
                fillings. Such a layout has merged labels, which only searches for a best filling understand.
            rows: of cells that are kept at once, one more than there are slots by default.

        Raises:
            LimitExceeded: ``max_cells``.
        """
        widths = session_widths(self.tokens, self._units, slots, enforced)
        merge = enforced is not None
        key = (tail, merge, widths.key)
        with self._lock:
            found = self._layouts.pop(key, None)
        if found is None:
            check_cells(self.automaton, widths, rows or slots + 1, self.max_cells)
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
            LimitExceeded: ``max_cells``.
        """
        layout = self.layout(limit + 1, tail=False, rows=STEPS)
        most = 0 if layout.accept[layout.tables.start] else None
        seen = np.zeros(layout.tables.cells, np.bool_)  # beyond the limit
        for used, reached in enumerate(steps(layout), start=1):
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


def too_short(needed: int, slots: int) -> Infeasible:
    """That a canvas has fewer slots than any document has tokens."""
    message = f"the shortest document needs {needed} tokens, the canvas has {slots} slots"
    return Infeasible(message, needed=needed, slots=slots)


def _bytes_of(text: str | bytes) -> bytes | None:
    """UTF-8 of a text, None if it has lone surrogates (no document has)."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None
