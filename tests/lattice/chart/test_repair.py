"""Windows are cut out of a derivation only where it is known which lexemes they hold."""

from __future__ import annotations

import numpy as np

from latticework.lattice.chart.derivation import Derivation
from latticework.lattice.chart.repair import _lexemes_before


def _derivation(path: list[int]) -> Derivation:
    none = np.zeros(0, np.int32)
    terminals = np.zeros(len(path) - 1, np.int32)
    return Derivation(terminals, none.reshape(0, 4), np.array(path, np.int32), np.zeros((0, 3), np.int64))


def test_a_node_that_is_passed_once_says_how_many_lexemes_stand_before_it() -> None:
    assert _lexemes_before(_derivation([0, 1, 2, 5]), 2, 1) == 2


def test_the_last_node_stands_behind_all_lexemes() -> None:
    assert _lexemes_before(_derivation([0, 1, 2, 5]), 6, 1) == 3


def test_a_gap_with_several_lexemes_does_not_say_at_which_of_them_a_span_ends() -> None:
    # Taking the last one dropped a semicolon that stood behind the span, and a text was accepted without it.
    assert _lexemes_before(_derivation([0, 1, 2, 2, 5]), 2, 1) == -1


def test_places_before_the_span_do_not_count() -> None:
    assert _lexemes_before(_derivation([0, 2, 2, 3, 5]), 2, 2) == 2
