"""How the kernels are compiled.

House style of all kernels of the lattice, for speed and short compilation: inner loops run over
unsigned offsets (no sign test, so they vectorise) and never over slices (those are reference-counted,
which costs more than the loop); helpers take single arrays, never the whole tables; no array
assignments and no ``max`` or ``min`` calls, whose generic implementations take seconds to compile.
"""

from __future__ import annotations

from typing import Any

import numba

from latticework.kernel_files import tolerate_damage


def _can_cache() -> bool:
    """Whether Numba finds a folder for machine code: beside the package, in the user's cache or NUMBA_CACHE_DIR.

    Where the file system is read-only it finds none and refuses ``cache=True`` outright; kernels then work all the
    same, and every process compiles its own.
    """
    try:
        numba.njit(cache=True)(_can_cache)
    except RuntimeError:
        return False
    return True


tolerate_damage()
CACHE = _can_cache()

# Kernels are called from Python; helpers only from kernels, which saves their Python entry point.
# Divisions are not tested for zero, which would keep loops from vectorising. References to arrays are not counted:
# where a helper is not inlined, two atomic operations for each array that it takes cost several times what it does. So
# kernels may neither make arrays nor return them, but for those that say so.
KERNEL: dict[str, Any] = {
    "cache": CACHE,
    "nogil": True,
    "no_cfunc_wrapper": True,
    "error_model": "numpy",
    "_nrt": False,
}
HELPER: dict[str, Any] = KERNEL | {"no_cpython_wrapper": True}
ALLOCATING: dict[str, Any] = KERNEL | {"_nrt": True}
ALLOCATING_HELPER: dict[str, Any] = HELPER | {"_nrt": True}

# No value is NaN, and sums may be reordered. Infinities stay allowed.
_FAST = {"reassoc", "nnan", "nsz", "contract"}
FAST_KERNEL: dict[str, Any] = KERNEL | {"fastmath": _FAST}
FAST_HELPER: dict[str, Any] = HELPER | {"fastmath": _FAST}
FAST_ALLOCATING: dict[str, Any] = ALLOCATING | {"fastmath": _FAST}
