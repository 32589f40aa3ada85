"""One writer for an output."""

from __future__ import annotations

from pathlib import Path

from latticework.errors import InputError


def lock(descriptor: int, path: Path) -> None:
    """Keep other jobs from writing to ``path`` until the open file ``descriptor`` is closed, or its process has ended.

    Raises ``InputError`` where another job does so already.
    """
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: two jobs on one output are the user's business there
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise InputError(f"another job is writing to {path}") from None
