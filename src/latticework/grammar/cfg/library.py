"""The grammars that come with the package: texts in the Lark language, by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from latticework.grammar.cfg.indentation import Indentation

# Grammars whose blocks are laid out by indentation.
INDENTED = {"python": Indentation()}

# Installed, the grammars lie inside the package; in a checkout beside src.
_PACKAGE = Path(__file__).resolve().parents[2]
_FOLDERS = (_PACKAGE / "grammars", _PACKAGE.parents[1] / "grammars")


@cache
def _folder() -> Path:
    for folder in _FOLDERS:
        if (folder / "common.lark").is_file():
            return folder
    raise FileNotFoundError("the grammars of the package are missing")


def names() -> list[str]:
    """Names of the grammars that :func:`text_of` knows, ascending."""
    return sorted(path.stem for path in _folder().glob("*.lark"))


@cache
def text_of(name: str) -> str:
    """The text of a grammar.

    Raises:
        KeyError: there is no such grammar.
    """
    path = _folder() / f"{name}.lark"
    if not name.isidentifier() or not path.is_file():
        raise KeyError(name)
    return path.read_text(encoding="utf-8")
