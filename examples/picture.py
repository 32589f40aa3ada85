"""Draw the canvas of one extraction at a few moments as ``canvas.svg``: ``python examples/picture.py``."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

from rich.console import Console

import latticework as lw
from latticework.cli.watch import CanvasView
from latticework.diffusion.records import Step

HERE = Path(__file__).parent
NAME = "invoice_mail"
FRAMES = 5


def main() -> None:
    model = lw.load("embedded")
    schema = json.loads((HERE / "documents" / f"{NAME}.json").read_text(encoding="utf-8"))
    steps: list[Step] = []
    model.generate((HERE / "documents" / f"{NAME}.txt").read_text(encoding="utf-8"), schema, on_step=steps.append)
    console = Console(record=True, width=100, file=io.StringIO(), color_system="truecolor")
    view = CanvasView(model.vocabulary, console)
    chosen = {round(i * (len(steps) - 1) / (FRAMES - 1)) for i in range(FRAMES)}
    for number, step in enumerate(steps):
        view(step)  # prints the finished canvas itself
        if number in chosen and step.free.any():
            console.print(view.draw(step))
            console.print()
    picture = console.export_svg(title=f"latticework extract --watch: {NAME}")
    # The template asks a font server; any monospace font of the reader serves.
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    (HERE / "canvas.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
