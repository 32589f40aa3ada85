"""The embedded model: a 7 M parameter masked-diffusion extractor that comes with the package.

``load_embedded()`` gives the model and its tokenizer, ``build_prompt(text, schema)`` the token ids in front of the
canvas. The response it was trained to write is compact JSON (no whitespace) in schema order, then ``EOS``.
"""

from __future__ import annotations

from latticework.models.embedded.caching import CachedEmbedded
from latticework.models.embedded.loading import WEIGHTS, build_prompt, load_calibration, load_embedded
from latticework.models.embedded.tokenizer import BOS, EOS, FILLER, MASK, PAD

__all__ = [
    "BOS",
    "EOS",
    "FILLER",
    "MASK",
    "PAD",
    "WEIGHTS",
    "CachedEmbedded",
    "build_prompt",
    "load_calibration",
    "load_embedded",
]
