"""``--watch``: the canvas while it is being denoised, on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from types import TracebackType

    from latticework.diffusion.records import Step
    from latticework.tokens.vocabulary import Vocabulary

_STYLES = {"given": "bold", "forced": "cyan", "committed": "green", "free": "bright_black"}
_FREE, _GIVEN, _FORCED, _COMMITTED = range(4)
_STYLE_OF = [_STYLES["free"], _STYLES["given"], _STYLES["forced"], _STYLES["committed"]]
_OPEN_GLYPH = "░"
_CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], "�")  # a model must not be able to drive the terminal


class CanvasView:
    """Draws one canvas. Use as a context manager and pass it as ``on_step``.

    On a terminal the canvas is redrawn in place; elsewhere only the finished canvas is printed.
    """

    def __init__(self, vocabulary: Vocabulary, console: Console | None = None) -> None:
        self._vocabulary = vocabulary
        self._console = console or Console(stderr=True)
        self._live = Live(console=self._console, refresh_per_second=12) if self._console.is_terminal else None
        self._row = -1
        self._kinds = np.zeros(0, dtype=np.int8)
        self._last = Text("")

    def __enter__(self) -> CanvasView:
        if self._live is not None:
            self._live.start(refresh=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, step: Step) -> None:
        if step.row != self._row:
            self._row = step.row
            self._kinds = np.where(step.free, _FREE, _GIVEN).astype(np.int8)
        if len(self._kinds) != len(step.free):
            self._kinds = np.where(step.free, _FREE, _COMMITTED).astype(np.int8)
        self._kinds[step.committed] = _COMMITTED
        self._kinds[step.forced] = _FORCED
        self._kinds[step.free] = _FREE
        drawing = self.draw(step)
        if self._live is not None:
            self._live.update(drawing, refresh=True)
        elif not step.free.any():
            self._console.print(drawing)

    def draw(self, step: Step) -> Text:
        """The canvas of one step, with a line that counts and explains the colours."""
        out = Text()
        for token, kind in zip(step.tokens.tolist(), self._kinds.tolist(), strict=True):
            out.append(self._glyphs(token), style=_STYLE_OF[kind])
        left = int(step.free.sum())
        out.append(f"\nforward {step.forwards}, {len(step.free) - left} of {len(step.free)} slots fixed  ", style="dim")
        for name, style in _STYLES.items():
            out.append(f" {name}", style=style)
        return out

    def _glyphs(self, token: int) -> str:
        """What a slot shows; a draft token of a free slot is shown dimmed, an unknown one as a block."""
        if token < 0:
            return _OPEN_GLYPH
        data = self._vocabulary.bytes(token)
        text = data.decode("utf-8", errors="replace") if data else "·"
        return text.replace("\n", "↵").translate(_CONTROLS)
