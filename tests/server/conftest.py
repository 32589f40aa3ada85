"""Two servers for all tests of a run: the embedded model, and a random one whose forwards cost nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Counted, Live, live

import latticework as lw
from latticework.models.model import Model

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))


@pytest.fixture(scope="session")
def embedded() -> Iterator[Live]:
    model = lw.load("embedded")
    with live(Model(Counted(model.backend))) as server:
        yield server


@pytest.fixture(scope="session")
def tiny() -> Iterator[Live]:
    from tiny_backend import TinyBackend

    with live(Model(Counted(TinyBackend(seed=3))), max_body_bytes=200_000, max_choices=6) as server:
        yield server
