"""What every benchmark shares: the 131k vocabulary, the reference schemas, the machine line, tables."""

from __future__ import annotations

import base64
import json
import platform
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from latticework import Vocabulary

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


@lru_cache(maxsize=1)
def tekken_tokens() -> list[bytes]:
    """The 130,072 byte tokens of Mistral's Tekken vocabulary (``mistral-common`` carries the file)."""
    import mistral_common

    file = Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"
    content = json.loads(file.read_text())
    config = content["config"]
    count = config["default_vocab_size"] - config["default_num_special_tokens"]
    return [base64.b64decode(entry["token_bytes"]) for entry in content["vocab"][:count]]


@lru_cache(maxsize=1)
def tekken_vocabulary() -> Vocabulary:
    """The same with an end token appended."""
    tokens = tekken_tokens()
    return Vocabulary([*tokens, b""], {len(tokens): "eos"})


def reference_schemas() -> dict[str, Any]:
    """Eight schemas, from five flat fields to nested lists with bounded strings."""
    return json.loads((HERE / "reference_schemas.json").read_text())


def machine() -> str:
    """One line: processor, cores, Python and library versions, date."""
    model = platform.processor() or "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = f"{lines[0].split(':')[1].strip()} x {len(lines)}" if lines else model
    versions = ", ".join(f"{name} {version(name)}" for name in ("latticework", "numpy", "numba", "torch"))
    return f"{model}; Python {platform.python_version()}; {versions}; {time.strftime('%Y-%m-%d')}"


def milliseconds(action: Callable[[], Any], repeat: int = 7) -> float:
    """Median wall time of ``action`` over ``repeat`` calls, in ms; the first, untimed call warms up."""
    action()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e3


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A GitHub-flavoured table; floats with three significant digits."""

    def cell(value: Any) -> str:
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell(v) for v in line) + " |" for line in lines)


def write_result(name: str, text: str) -> None:
    """Print ``text`` and keep it as ``benchmarks/results/NAME.md``."""
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text + "\n")
