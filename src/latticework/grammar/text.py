"""Free text, optionally bounded, optionally up to and including a marker."""

from __future__ import annotations

from latticework.errors import GrammarError, LimitExceeded
from latticework.grammar import ir
from latticework.grammar.grammar import Grammar
from latticework.grammar.limits import DEFAULT_LIMITS, Limits

_ANY_BYTE = ir.Words(bytes((value,)) for value in range(256))
_ANY_TEXT = ir.Repeat(ir.ANY_CHAR, 0, None)


def text(
    *,
    max_bytes: int | None = None,
    max_chars: int | None = None,
    until: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Grammar:
    """Any well-formed UTF-8 text.

    Args:
        max_bytes: most bytes of the whole text, the marker included. Costs about eight states a byte.
        max_chars: most code points of the whole text, the marker included. Costs next to nothing without
            ``until``, and about eight states a character with it.
        until: the text ends with this marker, which appears nowhere before its end.

    Raises:
        GrammarError: the marker is empty or does not fit, or a bound is negative.
        LimitExceeded: a bound that has to be unrolled is above ``limits.max_text_bytes``.
    """
    for name, bound in (("max_bytes", max_bytes), ("max_chars", max_chars)):
        if bound is not None and bound < 0:
            raise GrammarError(f"{name} must not be negative, got {bound}")
    bounds: list[ir.Node] = []
    if max_bytes is not None:
        bounds.append(ir.Repeat(_ANY_BYTE, 0, _unrolled(max_bytes, limits)))
    if max_chars is not None:
        alone = not bounds and until is None
        bounds.append(ir.Repeat(ir.ANY_CHAR, 0, max_chars if alone else _unrolled(max_chars, limits)))
    body = _ANY_TEXT if until is None else _up_to(until, max_bytes, max_chars)
    parts = bounds if max_chars is not None and until is None else [body, *bounds]
    node = parts[0] if len(parts) == 1 else ir.Intersect(parts)
    return Grammar(node, "text", options={"max_bytes": max_bytes, "max_chars": max_chars, "until": until})


def _up_to(marker: str, max_bytes: int | None, max_chars: int | None) -> ir.Node:
    data = marker.encode()
    if not data:
        raise GrammarError("the marker of text(until=...) is empty")
    if (max_bytes is not None and len(data) > max_bytes) or (max_chars is not None and len(marker) > max_chars):
        raise GrammarError(f"the marker {marker!r} does not fit the bound on the text")
    ending = ir.Seq((_ANY_TEXT, ir.Literal(data)))
    return ir.Except(ending, ir.Seq((ending, ir.Repeat(ir.ANY_CHAR, 1, None))))


def _unrolled(bound: int, limits: Limits) -> int:
    if bound > limits.max_text_bytes:
        raise LimitExceeded("max_text_bytes", limits.max_text_bytes, hint=f"text is bounded at {bound}")
    return bound
