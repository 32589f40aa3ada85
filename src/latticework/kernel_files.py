"""Numba's files of machine code as what they are, a cache: what cannot be read or written counts as not there.

Numba by itself lets the call fail that comes across a damaged file or a full disk.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from numba.core import dispatcher
from numba.core.caching import FunctionCache

_PACKAGE = __name__.partition(".")[0] + "."


class KernelFiles(FunctionCache):
    """The files of one kernel: machine code that is damaged is compiled and written anew."""

    _warned = False  # once a process says it all

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # of pickle and of LLVM, whatever the damage leads to
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            if KernelFiles._warned:
                return
            KernelFiles._warned = True
            warnings.warn(
                f"machine code cannot be kept in {self.cache_path}: {error}; every process compiles its own",
                RuntimeWarning,
                stacklevel=2,
            )


def tolerate_damage() -> None:
    """Have Numba use :class:`KernelFiles` for the kernels of this package; functions of others are left alone."""
    own: Any = dispatcher.FunctionCache  # pyright: ignore[reportAttributeAccessIssue]

    def files(function: Callable[..., Any]) -> Any:
        return (KernelFiles if function.__module__.startswith(_PACKAGE) else own)(function)

    dispatcher.FunctionCache = files  # pyright: ignore[reportAttributeAccessIssue]
