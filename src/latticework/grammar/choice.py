"""One of a few given texts."""

from __future__ import annotations

from collections.abc import Iterable

from latticework.errors import GrammarError, InputError, LimitExceeded
from latticework.grammar import ir
from latticework.grammar.grammar import Grammar
from latticework.grammar.limits import DEFAULT_LIMITS, Limits


def choice(options: Iterable[str], *, limits: Limits = DEFAULT_LIMITS) -> Grammar:
    """Exactly one of ``options``, each written as it stands, in UTF-8.

    Raises:
        GrammarError: no options.
        InputError: an option is not text, or holds a lone surrogate.
        LimitExceeded: more than ``limits.max_enum_values`` options.
    """
    if isinstance(options, str):
        raise InputError("choice takes a list of texts, not one text")
    words: list[bytes] = []
    for option in options:
        if not isinstance(option, str):
            raise InputError(f"choice takes texts, got {type(option).__name__}: {option!r}")
        try:
            words.append(option.encode())
        except UnicodeEncodeError:
            raise InputError(f"choice option {option!r} is not well-formed Unicode") from None
    if not words:
        raise GrammarError("choice needs at least one option")
    if len(words) > limits.max_enum_values:
        raise LimitExceeded("max_enum_values", limits.max_enum_values, hint=f"the choice has {len(words)} options")
    return Grammar(ir.Words(words), "choice")
