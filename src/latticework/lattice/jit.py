"""How the kernels are compiled.

House style of all kernels of the lattice, for speed and short compilation: inner loops run over
unsigned offsets, which need no sign test, so that they vectorise; helpers take single arrays, never
the whole tables; nothing is allocated, buffers come from the caller (so that kernels need no reference
counts); no array assignments and no ``max`` or ``min`` calls, whose generic implementations take
seconds to compile.
"""

from __future__ import annotations

from typing import Any

# Kernels are called from Python; helpers only from kernels, which saves their Python entry point.
KERNEL: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "no_cfunc_wrapper": True,
    "error_model": "numpy",  # divisions are not tested for zero, which would keep loops from vectorising
    "_nrt": False,  # no reference counts on views of arrays
}
HELPER: dict[str, Any] = KERNEL | {"no_cpython_wrapper": True}

# No value is NaN, and sums may be reordered. Infinities stay allowed.
_FAST = {"reassoc", "nnan", "nsz", "contract"}
FAST_KERNEL: dict[str, Any] = KERNEL | {"fastmath": _FAST}
FAST_HELPER: dict[str, Any] = HELPER | {"fastmath": _FAST}
