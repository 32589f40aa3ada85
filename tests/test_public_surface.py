"""The names users import, and what importing them must not drag in."""

from __future__ import annotations

import subprocess
import sys

import pytest

import latticework as lw


@pytest.mark.parametrize("name", lw.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(lw, name) is not None
    assert name in dir(lw)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = lw.no_such_name


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import latticework", ["torch", "numba", "transformers", "numpy", "pydantic", "jsonschema"]),
        ("import latticework as lw; lw.json_schema({'type': 'integer'})", ["torch", "transformers", "numba"]),
        ("import latticework as lw; lw.Vocabulary([b'a'])", ["torch", "transformers"]),
    ],
)
def test_heavy_parts_load_only_when_needed(statement: str, absent: list[str]) -> None:
    code = f"import sys; {statement}; print([m for m in {absent} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "error", [lw.SchemaError, lw.GrammarError, lw.Infeasible, lw.LimitExceeded, lw.InputError, lw.ModelError]
)
def test_all_errors_have_one_base(error: type[Exception]) -> None:
    assert issubclass(error, lw.LatticeworkError)
