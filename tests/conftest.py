"""Set-up shared by all tests."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

# The networks of the tests are tiny: one thread is as fast as many and does not fight over cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Triton reads this when it is first imported: its kernels run on the CPU. Set it to 0 to test them on a GPU.
os.environ.setdefault("TRITON_INTERPRET", "1")


# Continuous integration draws the same examples every time; at the desk they differ from run to run.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_sessionstart() -> None:
    """Test modules are imported by their bare names: two of one name fail the run of all tests, and no other."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        raise pytest.UsageError(f"test files in two folders have one name: {', '.join(twice)}")
