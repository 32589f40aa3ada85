"""Which scaffold a call asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from latticework.errors import InputError

if TYPE_CHECKING:
    from latticework.models.base import DiffusionModel

ScaffoldName: TypeAlias = Literal["auto", "soft", "elastic", "none"]


def chosen(name: Any, model: DiffusionModel) -> Literal["soft", "elastic", "none"]:
    """The scaffold that ``name`` stands for on a model. Raises ``InputError`` where it is no kind of scaffold."""
    if name not in get_args(ScaffoldName):
        raise InputError(f"scaffold must be one of {', '.join(map(repr, get_args(ScaffoldName)))}, got {name!r}")
    return "soft" if name == "auto" else name
