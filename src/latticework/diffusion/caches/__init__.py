"""Keys and values kept between forwards: which positions are computed anew, and the rest as it was.

All of these are approximations in a network with full attention, where every token changes every row. They change what
the model says, never what is valid. With ``refresh=1`` every forward is a full one and logits are those without a
cache.
"""

from latticework.diffusion.caches.cached import CachedModel
from latticework.diffusion.caches.strategies import STRATEGIES, Delayed, Dual, Prefix, Strategy, Window

__all__ = ["STRATEGIES", "CachedModel", "Delayed", "Dual", "Prefix", "Strategy", "Window"]
