"""Which scaffold a call asks for."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

from latticework.errors import InputError

ScaffoldName: TypeAlias = Literal["auto", "soft", "elastic", "none"]


def chosen(name: Any) -> Literal["soft", "elastic", "none"]:
    """The scaffold that ``name`` stands for. Raises ``InputError`` where it is no kind of scaffold.

    By itself a scaffold is soft: on held-out records of the packaged model no other one had more fields right
    (``benchmarks/results/scaffold.md``), and a soft one asks nothing of a model's training.
    """
    if name not in get_args(ScaffoldName):
        raise InputError(f"scaffold must be one of {', '.join(map(repr, get_args(ScaffoldName)))}, got {name!r}")
    return "soft" if name == "auto" else name
