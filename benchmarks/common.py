"""What every benchmark shares: the 131k vocabulary, the reference schemas, the machine line, tables.

``python benchmarks/common.py FILE.npz`` writes the vocabulary's tokens to a file, for machines without
``mistral-common``.
"""

from __future__ import annotations

import base64
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
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


def save_tokens(tokens: Sequence[bytes], file: Path) -> None:
    """Keep byte tokens as a compressed NumPy file."""
    lengths = np.array([len(token) for token in tokens], np.uint16)
    np.savez_compressed(file, content=np.frombuffer(b"".join(tokens), np.uint8), lengths=lengths)


def load_tokens(file: Path) -> list[bytes]:
    """What :func:`save_tokens` kept."""
    with np.load(file) as arrays:
        content, ends = arrays["content"].tobytes(), np.cumsum(arrays["lengths"], dtype=np.int64)
    return [content[start:end] for start, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)]


def vocabulary_of_size(size: int, file: Path | None = None) -> Vocabulary:
    """A vocabulary as wide as a model's logits: Tekken's tokens cut short, or followed by pairs of them; one end token.

    Args:
        size: number of ids.
        file: of :func:`save_tokens`, instead of the installed ``mistral-common``.
    """
    tokens = (tekken_tokens() if file is None else load_tokens(file))[: size - 1]
    pairs = np.random.default_rng(0).integers(256, len(tokens), (size - 1 - len(tokens), 2))
    longer = [tokens[first] + tokens[second] for first, second in pairs.tolist()]
    return Vocabulary([*tokens, *longer, b""], {size - 1: "eos"})


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
    names = ("latticework", "numpy", "numba", "torch")
    device = ""
    if "torch" in sys.modules and sys.modules["torch"].cuda.is_available():
        device = f"; {sys.modules['torch'].cuda.get_device_name()}"
        names += ("triton", "transformers")
    versions = ", ".join(f"{name} {_version(name)}" for name in names)
    return f"{model}{device}; Python {platform.python_version()}; {versions}; {time.strftime('%Y-%m-%d')}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(source)" if name == "latticework" else "(none)"


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


def write_result(name: str, text: str, folder: Path = RESULTS) -> None:
    """Print ``text`` and keep it as ``NAME.md`` in a folder, by default ``benchmarks/results``."""
    print(text, flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(text + "\n")


if __name__ == "__main__":
    save_tokens(tekken_tokens(), Path(sys.argv[1]))
