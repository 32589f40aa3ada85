"""Where no folder can keep compiled kernels (read-only containers), everything still works."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import latticework as lw
from latticework.jit import CACHE
vocabulary = lw.Vocabulary([b"a", b"b", b"ab", b""], {3: "eos"})
print(CACHE, lw.compile(lw.regex("(ab)+"), vocabulary).min_tokens)
"""


def test_kernels_compile_without_a_place_to_cache_them():
    # The only locator left knows notebook cells alone, as if no folder could be written.
    environment = {**os.environ, "NUMBA_CACHE_LOCATOR_CLASSES": "IPythonCacheLocator"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "1"]
