"""How many threads torch takes: a choice of the process, so entry points make it and the library never does."""

from __future__ import annotations

import os


def leave_a_core() -> None:
    """Let torch use all cores but one, at least one.

    For programs that run a model on the CPU beside the lattice: the free core prepares the lattice during the
    forward, and a team of threads that waits for a busy core spins instead of working.
    """
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
