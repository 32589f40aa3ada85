"""Imports at the top of a module point downward, as CONTRIBUTING.md lays the packages out."""

import ast
from collections.abc import Iterator
from pathlib import Path

import latticework

SOURCE = Path(latticework.__file__).parent
LAYERS = (
    ("errors", "jit", "kernel_files", "device_memory", "garbage"),
    ("grammar",),
    ("automata",),
    ("tokens",),
    ("lattice",),
    ("table_files", "table_cache", "compiler"),
    ("diffusion", "scaffold"),
    ("models",),
    ("chat",),
    ("batch", "server", "integrations", "evaluation", "bench", "viz"),
    ("cli",),
)
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}
SCRIPTS = ("__init__.py", "__main__.py")  # the public surface, and entry points


def imported(module: ast.Module) -> Iterator[str]:
    """Packages of ours that a module needs to be imported; what types or calls alone need is not among them."""
    for node in module.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("latticework."))


def test_imports_point_downward() -> None:
    upward: list[str] = []
    seen: set[str] = set()
    for file in sorted(SOURCE.rglob("*.py")):
        place = file.relative_to(SOURCE)
        if place.name in SCRIPTS or "training" in place.parts:
            continue  # training makes the weights: it stands on the evaluation's tasks
        own = place.parts[0].removesuffix(".py")
        seen.add(own)
        for other in imported(ast.parse(file.read_text(encoding="utf-8"))):
            if HEIGHT[other] > HEIGHT[own]:
                upward.append(f"{place} imports latticework.{other}")
    assert not upward
    assert seen == HEIGHT.keys(), "a package or module without a layer"
