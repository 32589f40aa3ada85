"""Structured generation for diffusion language models.

The public surface; everything else is reached through these names. Parts load when first used, so
that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latticework.compiler import compile as compile
    from latticework.errors import GrammarError as GrammarError
    from latticework.errors import Infeasible as Infeasible
    from latticework.errors import InputError as InputError
    from latticework.errors import LatticeworkError as LatticeworkError
    from latticework.errors import LimitExceeded as LimitExceeded
    from latticework.errors import ModelError as ModelError
    from latticework.errors import SchemaError as SchemaError
    from latticework.grammar import Grammar as Grammar
    from latticework.grammar import Indentation as Indentation
    from latticework.grammar import Limits as Limits
    from latticework.grammar import Tag as Tag
    from latticework.grammar import choice as choice
    from latticework.grammar import gbnf as gbnf
    from latticework.grammar import json_schema as json_schema
    from latticework.grammar import json_string as json_string
    from latticework.grammar import lark as lark
    from latticework.grammar import regex as regex
    from latticework.grammar import smiles as smiles
    from latticework.grammar import tags as tags
    from latticework.grammar import text as text
    from latticework.lattice.arranged.constraint import ArrangedConstraint as ArrangedConstraint
    from latticework.lattice.arranged.session import ArrangedSession as ArrangedSession
    from latticework.lattice.chart.constraint import ContextFreeConstraint as ContextFreeConstraint
    from latticework.lattice.chart.session import ContextFreeSession as ContextFreeSession
    from latticework.lattice.constraint import Constraint as Constraint
    from latticework.lattice.session import Session as Session
    from latticework.models.holes import Hole as Hole
    from latticework.models.loading import load as load
    from latticework.tokens.vocabulary import Vocabulary as Vocabulary

__version__ = "0.1.0"

_HOMES = {
    "compile": "latticework.compiler",
    "GrammarError": "latticework.errors",
    "Infeasible": "latticework.errors",
    "InputError": "latticework.errors",
    "LatticeworkError": "latticework.errors",
    "LimitExceeded": "latticework.errors",
    "ModelError": "latticework.errors",
    "SchemaError": "latticework.errors",
    "Grammar": "latticework.grammar",
    "Indentation": "latticework.grammar",
    "Limits": "latticework.grammar",
    "Tag": "latticework.grammar",
    "choice": "latticework.grammar",
    "gbnf": "latticework.grammar",
    "json_schema": "latticework.grammar",
    "json_string": "latticework.grammar",
    "lark": "latticework.grammar",
    "regex": "latticework.grammar",
    "smiles": "latticework.grammar",
    "tags": "latticework.grammar",
    "text": "latticework.grammar",
    "ArrangedConstraint": "latticework.lattice.arranged.constraint",
    "ArrangedSession": "latticework.lattice.arranged.session",
    "Constraint": "latticework.lattice.constraint",
    "ContextFreeConstraint": "latticework.lattice.chart.constraint",
    "ContextFreeSession": "latticework.lattice.chart.session",
    "Session": "latticework.lattice.session",
    "Hole": "latticework.models.holes",
    "load": "latticework.models.loading",
    "Vocabulary": "latticework.tokens.vocabulary",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
