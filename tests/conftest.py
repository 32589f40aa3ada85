"""Set-up shared by all tests."""

from __future__ import annotations

import os

# The networks of the tests are tiny: one thread is as fast as many and does not fight over cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
