"""The example documents with schemas, as many as a benchmark wants, no two schemas alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DOCUMENTS = Path(__file__).resolve().parents[1] / "examples" / "documents"


def documents(count: int, fields: int | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Texts with schemas, no two schemas alike; of each schema so many properties, others with every round."""
    names = sorted(path.stem for path in DOCUMENTS.glob("*.txt"))
    found = []
    for number in range(count):
        name, variant = names[number % len(names)], number // len(names)
        schema = json.loads((DOCUMENTS / f"{name}.json").read_text(encoding="utf-8"))
        keys = list(schema["properties"])
        own = keys[variant % len(keys)]
        if fields is not None:
            chosen = [keys[(variant + place) % len(keys)] for place in range(min(fields, len(keys)))]
            schema["properties"] = {key: schema["properties"][key] for key in chosen}
            schema["required"] = [key for key in schema.get("required", ()) if key in chosen]
        elif variant:
            changed = schema["properties"].pop(own)
            schema["required"] = [key for key in schema.get("required", ()) if key != own]
            if variant >= len(keys):
                schema["properties"][f"{own}_{variant}"] = changed
        found.append(((DOCUMENTS / f"{name}.txt").read_text(encoding="utf-8"), schema))
    return found
