"""Parts of answers that all endpoints share."""

from __future__ import annotations

import math
import time
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import latticework

if TYPE_CHECKING:
    from collections.abc import Iterable

    from latticework.models.events import FieldEvent
    from latticework.models.result import InfillResult, Result
    from latticework.server.generation import Canvas
    from latticework.tokens.vocabulary import Vocabulary

FINGERPRINT = f"latticework-{latticework.__version__}"


def new_id(prefix: str) -> str:
    """An id that no other answer has."""
    return f"{prefix}{token_hex(16)}"


def now() -> int:
    """Seconds of the epoch."""
    return int(time.time())


def finish_reason(result: Result) -> str:
    """``length`` where the canvas was full before the text had ended, ``stop`` else."""
    return "length" if result.finish_reason == "length" else "stop"


def usage(canvases: Iterable[Canvas], n: int) -> dict[str, Any]:
    """Tokens read and written; a prompt counts once for all its candidates."""
    all_canvases = list(canvases)
    read = sum(canvas.prompt_tokens for canvas in all_canvases[::n])
    written = sum(len(canvas.tokens) for canvas in all_canvases)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def extension(result: Result | InfillResult) -> dict[str, Any]:
    """What is known beyond the API: ``confidence`` by JSON Pointer, forwards, slots, the seed, time by stage."""
    found = result.as_dict()
    kept = {name: found[name] for name in ("confidence", "forwards", "slots", "forced", "seed", "timings_ms")}
    return kept | ({"holes": found["holes"]} if "holes" in found else {})


def final_field(event: FieldEvent) -> dict[str, Any]:
    """A JSON value that is final; ``confidence`` is null where it is not known."""
    confidence = None if math.isnan(event.confidence) else event.confidence
    return {"pointer": event.pointer, "value": event.value, "confidence": confidence}


def token_log_probs(canvas: Canvas, vocabulary: Vocabulary) -> list[dict[str, Any]]:
    """For every token of the text: its own text and bytes, and its log-probability under the constraint when it was
    committed (0 where the constraint left nothing else)."""
    return [
        {
            "token": vocabulary.bytes(token).decode(errors="replace"),
            "logprob": log_prob if log_prob > -9999.0 else -9999.0,
            "bytes": list(vocabulary.bytes(token)),
            "top_logprobs": [],
        }
        for token, log_prob in zip(canvas.tokens, canvas.log_prob, strict=True)
    ]
