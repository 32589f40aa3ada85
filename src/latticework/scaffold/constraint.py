"""The lattice over canvases with fillers: the schema's language with a private byte that the filler token spells."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from latticework.errors import InputError
from latticework.scaffold.skeleton import FILLER_BYTE
from latticework.tokens.vocabulary import Vocabulary

if TYPE_CHECKING:
    from latticework.lattice.constraint import Constraint
    from latticework.lattice.session import Session


class ElasticConstraint:
    """The language of canvases with fillers; questions as those of a :class:`Constraint`, exact in the same sense.

    Attributes:
        vocabulary: that of the model, in which the filler has no bytes.
        filled: the constraint over the vocabulary in which it has one.
    """

    def __init__(self, vocabulary: Vocabulary, filled: Constraint) -> None:
        self.vocabulary = vocabulary
        self.filled = filled
        self.grammar = filled.grammar

    @property
    def digest(self) -> bytes:
        return self.filled.digest

    def session(self, tokens: Any, free: Any, tail: bool = False, elastic: bool = True) -> Session:
        """A session over a canvas whose free slots may hold fillers where the skeleton admits them.

        Raises:
            Infeasible: no filling is valid.
            InputError: the shapes do not fit, or the canvas is not elastic.
        """
        if tail or not elastic:
            raise InputError("a canvas with a scaffold is elastic and has no tail")
        return self.filled.session(tokens, free, tail=False)


@lru_cache(maxsize=8)
def with_filler_byte(vocabulary: Vocabulary) -> Vocabulary:
    """The vocabulary with a byte for its filler; tokens that hold this byte by themselves, which no document can have,
    are dropped, so that only the filler spells it. Raises ``InputError`` where there is no filler."""
    filler = vocabulary.filler
    if filler < 0:
        raise InputError("an elastic scaffold needs a filler, pad or end token, and the vocabulary has none")
    tokens = [vocabulary.bytes(token) for token in range(len(vocabulary))]
    tokens = [b"" if FILLER_BYTE in token else token for token in tokens]
    tokens[filler] = FILLER_BYTE
    roles = {token: role for token in range(len(vocabulary)) if (role := vocabulary.role(token)) is not None}
    del roles[filler]
    return Vocabulary(tokens, roles)
