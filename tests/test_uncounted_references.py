"""Kernels that do not count references to arrays neither make arrays nor return them: they would be freed twice."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import latticework

ROOTS = Path(latticework.__file__).parent, Path(__file__).parent.parent / "benchmarks"
MAKING = {"empty", "zeros", "ones", "full", "arange", "copy", "astype", "concatenate", "sort", "argsort", "unique"}


def uncounted() -> list[tuple[str, ast.FunctionDef]]:
    found = []
    for path in [path for root in ROOTS for path in sorted(root.rglob("*.py"))]:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                decorator = ast.unparse(node.decorator_list[0])
                is_kernel = "njit(" in decorator or decorator in ("_kernel", "_helper")
                if is_kernel and "ALLOCATING" not in decorator:
                    found.append((f"{path.relative_to(path.parent.parent)}:{node.name}", node))
    return found


@pytest.mark.parametrize("function", [pytest.param(node, id=name) for name, node in uncounted()])
def test_no_array_is_made_or_returned(function: ast.FunctionDef) -> None:
    inside = list(ast.walk(function))
    calls = {node.func.attr for node in inside if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    assert not calls & MAKING
    arrays = {node.value.id for node in inside if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)}
    for node in inside:
        if isinstance(node, ast.Return) and node.value is not None:
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            assert not any(isinstance(value, ast.Name) and value.id in arrays for value in values)
            assert not any(isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice) for value in values)


def test_there_are_some() -> None:
    assert len(uncounted()) > 100
