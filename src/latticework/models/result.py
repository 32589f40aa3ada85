"""What a generation returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from latticework.diffusion.records import Timings
from latticework.errors import LatticeworkError

if TYPE_CHECKING:
    from latticework.viz.trace import Trace


@dataclass(frozen=True, slots=True)
class Result:
    """One generated text.

    Attributes:
        value: the text as ``Grammar.parse`` reads it (a pydantic object for a pydantic class); the text itself when
            there is no grammar; ``None`` when ``error`` is set.
        text: the generated text.
        tokens: its token ids, end and pad left out.
        finish_reason: ``"complete"`` (a whole document of the constraint, or the model ended an unconstrained text),
            ``"length"`` (an unconstrained text that fills its canvas) or ``"error"``.
        forwards: forwards of the model this row took part in.
        confidence: probability by JSON Pointer, ``""`` for the whole text: the product, over the slots of a value, of
            the model's probability under the constraint at the moment each slot was committed, calibrated where the
            model has a temperature for that (the packaged one has).
        slots: length of the canvas.
        forced: slots that the constraint decided without the model.
        seed: what reproduces the result at a temperature above 0.
        timings: milliseconds by stage.
        error: why a row of a batch has no text. A single prompt raises instead.
        canonical: whether the model's tokenizer cuts the text into just these tokens; ``None`` where there is no text.
        agreement: of one of several candidates: the share of them that have the same value, by JSON Pointer.
        prompt: what the model read before the text, its description of the schema included.
        trace: the steps of the denoising, where they were asked for.
    """

    value: Any
    text: str
    tokens: tuple[int, ...]
    finish_reason: str
    forwards: int = 0
    confidence: Mapping[str, float] = field(default_factory=dict)
    slots: int = 0
    forced: int = 0
    seed: int | None = None
    timings: Timings = field(default_factory=Timings)
    error: LatticeworkError | None = None
    canonical: bool | None = None
    agreement: Mapping[str, float] = field(default_factory=dict)
    prompt: str = field(default="", repr=False)
    trace: Trace | None = field(default=None, repr=False, compare=False)

    @classmethod
    def failed(cls, error: LatticeworkError, seed: int | None = None) -> Self:
        """The entry of a row that was refused before anything ran."""
        return cls(None, "", (), "error", seed=seed, error=error)

    def as_dict(self) -> dict[str, Any]:
        """Everything but ``value``, ``prompt`` and ``trace`` in JSON types; the error as ``{"type", "message"}``."""
        error = None if self.error is None else {"type": type(self.error).__name__, "message": str(self.error)}
        return {
            "text": self.text,
            "finish_reason": self.finish_reason,
            "confidence": dict(self.confidence),
            "forwards": self.forwards,
            "tokens": list(self.tokens),
            "slots": self.slots,
            "forced": self.forced,
            "canonical": self.canonical,
            "agreement": dict(self.agreement),
            "seed": self.seed,
            "timings_ms": {name: round(spent, 3) for name, spent in asdict(self.timings).items()},
            "error": error,
        }


@dataclass(frozen=True, slots=True)
class InfillResult(Result):
    """A text with its holes filled; ``text`` is the whole of it.

    Attributes:
        holes: the text of each hole, in order.
    """

    holes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        # slots=True makes the class anew, so super() without arguments would look at the one thrown away.
        found = Result.as_dict(self)
        return {"text": found.pop("text"), "holes": list(self.holes), **found}
