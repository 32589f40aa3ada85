"""Keys and values kept between forwards: which positions are computed anew, and the rest as it was.

In a network with full attention every token changes every row, so all of these are approximations there. They change
what the model says, never what is valid. With ``refresh=1`` every forward is a full one and logits are those without a
cache.
"""

from latticework.diffusion.caches.cached import CachedModel, cached
from latticework.diffusion.caches.strategies import (
    STRATEGIES,
    Delayed,
    Dual,
    FreeCache,
    Prefix,
    Strategy,
    Window,
    strategy_of,
)

__all__ = [
    "STRATEGIES",
    "CachedModel",
    "Delayed",
    "Dual",
    "FreeCache",
    "Prefix",
    "Strategy",
    "Window",
    "cached",
    "strategy_of",
]
