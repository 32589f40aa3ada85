"""The pause of the collector ends however the work ends, and leaves alone what the program has chosen."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

import latticework as lw
from latticework import garbage


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_nested_pauses_end_with_the_outer_one() -> None:
    with garbage.paused():
        assert not gc.isenabled()
        with garbage.paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_failure_ends_it() -> None:
    with pytest.raises(ZeroDivisionError), garbage.paused():
        _ = 1 / 0
    assert gc.isenabled()
    with pytest.raises(lw.SchemaError):
        lw.json_schema({"type": "string", "pattern": r"(a)\1"})
    assert gc.isenabled()


def test_what_is_off_stays_off() -> None:
    gc.disable()
    with garbage.paused():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_it_does_not_last_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    with garbage.paused():
        monkeypatch.setattr(garbage, "LONGEST", -1.0)
        with garbage.paused():
            assert gc.isenabled(), "others go on, but it has lasted long"
    assert gc.isenabled()
