"""Running out of memory on a device, said in words that help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from latticework.errors import ModelError


@contextmanager
def memory_errors(what: str) -> Iterator[None]:
    """Turn a device out of memory into a ``ModelError`` that says what did not fit and what helps."""
    import torch

    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # Accelerators have a class of error for it; the CPU's allocator and Apple's have a message.
        known = isinstance(error, torch.OutOfMemoryError | MemoryError)
        if not known and not any(said in str(error) for said in ("can't allocate memory", "out of memory")):
            raise
        raise ModelError(
            f"out of memory: {what}; give dtype='bf16', quantization=..., a smaller batch_size, or another device"
        ) from error
