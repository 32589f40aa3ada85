"""How the kernels are compiled.

House style of all kernels of the lattice, for speed and short compilation: inner loops run over
unsigned offsets (no sign test, so they vectorise) and never over slices (those are reference-counted,
which costs more than the loop); helpers take single arrays, never the whole tables; no array
assignments and no ``max`` or ``min`` calls, whose generic implementations take seconds to compile.
"""

from __future__ import annotations

from typing import Any

# Kernels are called from Python; helpers only from kernels, which saves their Python entry point.
# Divisions are not tested for zero, which would keep loops from vectorising.
KERNEL: dict[str, Any] = {"cache": True, "nogil": True, "no_cfunc_wrapper": True, "error_model": "numpy"}
HELPER: dict[str, Any] = KERNEL | {"no_cpython_wrapper": True}

# No value is NaN, and sums may be reordered. Infinities stay allowed.
_FAST = {"reassoc", "nnan", "nsz", "contract"}
FAST_KERNEL: dict[str, Any] = KERNEL | {"fastmath": _FAST}
FAST_HELPER: dict[str, Any] = HELPER | {"fastmath": _FAST}
