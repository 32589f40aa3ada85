"""Windows are known again wherever they stand, and only where nothing in them differs."""

from __future__ import annotations

import numpy as np
import pytest
from small_languages import Fillings, constraint_of, random_canvas, random_grammar

from latticework.lattice.chart.canvas import Canvas
from latticework.lattice.chart.decide import Budget, Question, decide
from latticework.lattice.chart.derivation import Derivation
from latticework.lattice.chart.kernels_graph import FIXED
from latticework.lattice.chart.windows import Windows


def _canvas(text: bytes, gap_at: list[int], gap_slots: list[int]) -> Canvas:
    at, slots = np.array(gap_at, np.int32), np.array(gap_slots, np.int32)
    first = np.zeros_like(at)
    return Canvas(np.frombuffer(text, np.uint8), at, slots, first, first, False, 9)


def _key(offset: int, state: int) -> int:
    return offset << 33 | int(FIXED) | state


def _derivation(offset: int, gap: int) -> Derivation:
    path = np.array([_key(offset, 1), (offset + 2) << 33, _key(offset + 3, 2)])
    items = np.array([[7, path[0], path[2], 0, 2], [1, path[0], path[1], 0, 1], [2, path[1], path[2], 1, 2]])
    return Derivation(np.array([1, 2], np.int32), items, path, np.array([-1, gap, -1], np.int32))


LEFT = _canvas(b"(ab)x", [2], [3])
WINDOWS = {
    "further right": (_canvas(b"zz(ab)x", [1, 4], [2, 3]), 2, True),
    "another text": (_canvas(b"zz(aa)x", [1, 4], [2, 3]), 2, False),
    "more slots": (_canvas(b"zz(ab)x", [1, 4], [2, 4]), 2, False),
    "another gap": (_canvas(b"zz(ab)x", [1, 3, 4], [2, 1, 3]), 2, False),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_is_known_by_what_is_in_it(name):
    canvas, offset, same = WINDOWS[name]
    windows = Windows()
    windows.note(windows.place(LEFT, np.array([2]), 0, 7, _key(0, 1), _key(3, 2)), _derivation(0, 0))
    place = windows.place(canvas, np.full(canvas.gaps, 2), 0, 7, _key(offset, 1), _key(offset + 3, 2))
    assert windows.known(place) == same
    if same:
        found, expected = windows.recall(place), _derivation(offset, 1)
        assert found is not None
        assert found.items.tolist() == expected.items.tolist()
        assert found.path.tolist() == expected.path.tolist()
        assert found.gap.tolist() == expected.gap.tolist()


def test_verdicts_are_those_of_all_fillings_whatever_was_asked_before():
    seen = set()
    for seed in range(12):
        draw = np.random.default_rng(seed + 700)
        grammar = random_grammar(draw)
        constraint, fillings, windows = constraint_of(grammar), Fillings(grammar), Windows()
        for _ in range(6):
            tokens, free = random_canvas(draw, int(draw.integers(1, 4)), fillings)
            answer = decide(constraint.language, Question(tokens, free, True), Budget(), windows)
            feasible = bool(fillings.valid(tokens, free, True))
            assert (answer.witness is not None) == feasible, (seed, tokens, free)
            seen.add(feasible)
    assert seen == {False, True}
