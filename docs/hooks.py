"""What the site takes from outside this folder: files of the repository, benchmark results, the pictures of examples.

Pages link to them by their places in the repository, so that the links also hold where the pages are read there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
_PLACES = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
_FOLDERS = {"benchmarks/results": "results", "examples": "examples"}
_TAKEN = {".md", ".svg", ".png"}


def _places() -> dict[str, str]:
    """Places on the site by places in the repository."""
    found = dict(_PLACES)
    for folder, place in _FOLDERS.items():
        files = sorted(path for path in (ROOT / folder).iterdir() if path.suffix in _TAKEN)
        found |= {f"{folder}/{path.name}": f"{place}/{path.name}" for path in files}
    return found


def on_files(files: Files, config: Any) -> Files:
    """Add them to the site; results are reached by links, not by the menu."""
    for source, place in _places().items():
        added = File.generated(config, place, abs_src_path=str(ROOT / source))
        if place not in _PLACES.values():
            added.inclusion = added.inclusion.NOT_IN_NAV
        files.append(added)
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links into the repository into links into the site."""
    places = _places()
    is_root = page.file.src_uri in _PLACES.values()

    def turned(match: re.Match[str]) -> str:
        target = match[1]
        own = target.removeprefix("../")
        if is_root and target.startswith("docs/"):
            return f"]({target.removeprefix('docs/')})"
        return f"]({places[own]})" if own in places and (is_root or own != target) else match[0]

    return re.sub(r"\]\(([^)#\s]+)\)", turned, markdown)
