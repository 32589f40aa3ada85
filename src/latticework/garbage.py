"""Python's collector of cyclic garbage, paused while many objects are made that are all in use.

Lowering a large schema and building its automaton make millions of small tuples and next to no cycles, and the
collector looks through all that is alive again and again as they become more: a quarter of the time of large grammars.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 20.0  # seconds, after which the collector runs even if work goes on or begins anew in other threads


class _Pause:
    """What all threads together have asked for."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.within = 0
        self.since = 0.0
        self.is_on = False


_pause = _Pause()


@contextmanager
def paused() -> Iterator[None]:
    """The collector does not run inside, in no thread, for at most :data:`LONGEST` from one to the next end of it all.

    Does nothing where the program has turned the collector off. May be nested.
    """
    with _pause.lock:
        if _pause.within == 0 and gc.isenabled():
            gc.disable()
            _pause.is_on, _pause.since = True, time.monotonic()
        _pause.within += 1
        _end(time.monotonic() - _pause.since > LONGEST)
    try:
        yield
    finally:
        with _pause.lock:
            _pause.within -= 1
            _end(_pause.within == 0 or time.monotonic() - _pause.since > LONGEST)


def _end(is_due: bool) -> None:
    if is_due and _pause.is_on:
        _pause.is_on = False
        gc.enable()
