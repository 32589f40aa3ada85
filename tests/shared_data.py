"""Where the shared evaluation data may lie; tests that need it skip with a reason when it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("LATTICEWORK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def shared(name: str) -> Path:
    """The file ``name`` of the shared data, or a skip that says how to provide it."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"shared data {name} not found; set LATTICEWORK_DATA to the folder that has it")
    return path
