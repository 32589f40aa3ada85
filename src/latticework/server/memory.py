"""Gives memory back that the process no longer uses."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import suppress
from functools import cache


@cache
def _trimmer() -> Callable[[int], int] | None:
    with suppress(OSError, AttributeError, TypeError):
        return ctypes.CDLL(None).malloc_trim
    return None


def trim() -> None:
    """Return freed pages to the system.

    The allocator of glibc keeps those between blocks that are in use, which are many where threads open and drop
    canvases all the time; elsewhere this does nothing. Cost: some milliseconds.
    """
    trimmer = _trimmer()
    if trimmer is not None:
        trimmer(0)
