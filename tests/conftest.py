"""Set-up shared by all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# The networks of the tests are tiny: one thread is as fast as many and does not fight over cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Triton reads this when it is first imported: its kernels run on the CPU. Set it to 0 to test them on a GPU.
os.environ.setdefault("TRITON_INTERPRET", "1")


# Continuous integration draws the same examples every time; at the desk they differ from run to run.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
