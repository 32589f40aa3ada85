"""Which scaffold a call asks for, and which one suits a schema and a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args

from latticework.errors import InputError
from latticework.grammar import ir

if TYPE_CHECKING:
    from latticework.grammar.grammar import Grammar
    from latticework.tokens.vocabulary import Vocabulary

ScaffoldName: TypeAlias = Literal["auto", "soft", "elastic", "none"]
Scaffolding: TypeAlias = Literal["soft", "elastic", "none"]


def checked(name: Any) -> ScaffoldName:
    """``name`` itself. Raises ``InputError`` where it is no kind of scaffold."""
    if name not in get_args(ScaffoldName):
        raise InputError(f"scaffold must be one of {', '.join(map(repr, get_args(ScaffoldName)))}, got {name!r}")
    return name


def chosen(name: ScaffoldName, grammar: Grammar | None, vocabulary: Vocabulary) -> Scaffolding:
    """The scaffold that ``name`` stands for; ``"auto"`` picks by schema and model.

    It is elastic where the model has been trained with fillers (its vocabulary has the role), every member of the
    schema's fixed objects is required, in the order of the schema, and no value is or holds an array or an object in a
    union. Elsewhere it is soft: a model that never saw fillers takes spare slots for text, beside a room that may stay
    empty values run on and optional members are left out, and arrays end early in a room of guessed size
    (``benchmarks/results/ablations.md``). Cost: O(nodes of the grammar).
    """
    if name != "auto":
        return cast(Scaffolding, name)
    if (
        grammar is None
        or grammar.context_free is not None
        or grammar.arranged is not None
        or not vocabulary.ids("filler")
    ):
        return "soft"
    from latticework.scaffold.skeleton import Room, skeleton_of

    skeleton = skeleton_of(grammar.node)
    if skeleton is None:
        return "soft"
    rooms = [part for part in skeleton.parts if isinstance(part, Room)]
    return "soft" if any(room.optional or _holds_parts(room.node) for room in rooms) else "elastic"


def _holds_parts(node: ir.Node) -> bool:
    """Whether a text of the node may have an array (or the rest of one) or an object in it."""
    seen: set[tuple[type[ir.Node], bytes]] = set()  # a place in the schema has the digest of what stands there
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ir.Literal) and (one.data.startswith(b"{") or one.data.endswith(b"]")):
            return True
        if (type(one), one.digest) not in seen:
            seen.add((type(one), one.digest))
            waiting += ir.children(one)
    return False
