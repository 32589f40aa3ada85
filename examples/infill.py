"""Three holes in a real Python file, filled so that the whole of it is Python: ``python examples/infill.py``.

The embedded model reads mails and was never shown code, so what it writes parses and means nothing. The guarantee is
the grammar's, whatever the model.
"""

from __future__ import annotations

import ast
import difflib
from pathlib import Path

import latticework as lw
from latticework.diffusion import threads

TAKEN_OUT = ["None", "import torch", "max(1, (os.cpu_count() or 2) - 1)"]

source = Path(threads.__file__).read_text()
parts: list[str | lw.Hole] = []
rest = source
for text in TAKEN_OUT:
    before, _, rest = rest.partition(text)
    parts += [before, lw.Hole(max_tokens=12)]
parts.append(rest)

model = lw.load("embedded")
result = model.infill(parts, lw.lark("python"), steps=12, block_length=12)
ast.parse(result.text)

print("\n".join(difflib.unified_diff(source.splitlines(), result.text.splitlines(), "before", "filled", lineterm="")))
print(f"\nparses: yes; {len(result.holes)} holes, {result.forwards} forwards, confidence {result.confidence['']:.1e}")
for number, text in enumerate(result.holes, start=1):
    print(f"hole {number}: {text!r}")
