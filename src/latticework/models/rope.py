"""Rotary embeddings stretched to longer texts without training: NTK scaling of their base, as in LongLLaDA.

Liu et al., "LongLLaDA: Unlocking Long Context Capabilities in Diffusion LLMs", arXiv 2506.14429: the base is multiplied
by a factor, 4, 14 and 31 for 8k, 16k and 24k tokens of LLaDA-8B, trained with 4k.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from latticework.errors import ModelError

if TYPE_CHECKING:
    from latticework.models.families import Config, Family

_LENGTHS = ("max_position_embeddings", "max_sequence_length")  # by family
_KEYS = ("factor", "positions")


def scaled(config: Config, family: Family, wish: float | Mapping[str, Any]) -> dict[str, Any]:
    """The ``config.json`` of a checkpoint with another rotary base, and as many positions as that is good for.

    ``wish``: the factor of the base, or ``{"factor": ...}``, or ``{"positions": ...}`` for the smallest whole factor
    that is enough for so many tokens. Never fewer positions than the checkpoint has.

    Raises ``ModelError``: the wish is none of these, or the checkpoint's rotary embedding is scaled already or of
    another kind.
    """
    from latticework.models.families.family import rope

    stock = family.network(config)[1]
    own = getattr(stock, "rope_parameters", None) or {}
    if "rope_theta" not in own or own.get("rope_type", "default") != "default":
        raise ModelError(
            f"rope_scaling is for plain rotary embeddings with one base; this {family.name} checkpoint has "
            f"{own.get('rope_type') or 'another kind'}"
        )
    base, trained = float(own["rope_theta"]), int(stock.max_position_embeddings)
    head = getattr(stock, "head_dim", None) or stock.hidden_size // stock.num_attention_heads
    rotated = int(head * own.get("partial_rotary_factor", 1.0))
    factor, positions = _wish(wish)
    if positions is not None:
        factor = max(1, math.ceil(factor_for(positions, base, trained, rotated)))
    assert factor is not None
    reach = positions or int(reach_of(factor, base, trained, rotated))
    parameters = {**rope(config, base), "rope_theta": base * factor}
    lengths = {name: max(trained, reach) for name in _LENGTHS if name in config}
    return {**config, **lengths, "rope_theta": base * factor, "rope_parameters": parameters}


def critical(base: float, trained: int, rotated: int) -> int:
    """Rotated dimensions that have turned full circle within the length of training; 2⌈(d/2) log_base(T/2π)⌉."""
    return 2 * math.ceil(rotated / 2 * math.log(trained / (2 * math.pi), base))


def factor_for(positions: int, base: float, trained: int, rotated: int) -> float:
    """The factor of the base at which the slowest of the critical dimensions turns once within ``positions`` tokens."""
    return (positions / (2 * math.pi)) ** (rotated / critical(base, trained, rotated)) / base


def reach_of(factor: float, base: float, trained: int, rotated: int) -> float:
    """Tokens that a factor is good for; the inverse of :func:`factor_for`."""
    return 2 * math.pi * (factor * base) ** (critical(base, trained, rotated) / rotated)


def _wish(wish: object) -> tuple[float | None, int | None]:
    """Factor and positions, of which one is given."""
    given = {"factor": wish} if isinstance(wish, int | float) else wish
    if not isinstance(given, Mapping) or len(given) != 1 or set(given) - {*_KEYS}:
        raise ModelError(f"rope_scaling takes a factor, {{'factor': ...}} or {{'positions': ...}}, got {wish!r}")
    [(key, value)] = given.items()
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if key == "positions" and isinstance(number, int) and number >= 1:
        return None, number
    if key == "factor" and 1 <= number < math.inf:
        return float(number), None
    least = "a whole number of at least 1" if key == "positions" else "a number of at least 1"
    raise ModelError(f"rope_scaling: {key} must be {least}, got {value!r}")
