"""The schemas of the drafts themselves, which schemas that describe schemas refer to.

They come with ``jsonschema`` (package ``jsonschema_specifications``), so that nothing is fetched. Those of 2019-09 and
2020-12 consist of vocabularies that refer back to the whole by ``$recursiveRef`` or ``$dynamicRef``; seen from a
document that does not extend them, each of these references leads to the whole.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urljoin

URLS = frozenset(
    {
        "http://json-schema.org/draft-04/schema",
        "http://json-schema.org/draft-06/schema",
        "http://json-schema.org/draft-07/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "https://json-schema.org/draft/2020-12/schema",
    }
)


@lru_cache(maxsize=8)
def metaschema(url: str) -> Any:
    """The schema of a draft, ``url`` one of :data:`URLS`, as one document without dynamic references, read-only."""
    root = _contents(url)
    branches = [_contents(urljoin(url, branch["$ref"])) for branch in root.get("allOf", ())]
    bundled = {**root, "allOf": branches} if branches else root
    return _plain(bundled, url)


def _contents(url: str) -> Any:
    from jsonschema_specifications import REGISTRY

    return REGISTRY.contents(url)


def _plain(schema: Any, whole: str) -> Any:
    """The schema with every dynamic reference replaced by one to the whole, and without dynamic anchors."""
    if isinstance(schema, list):
        return [_plain(item, whole) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for keyword, value in schema.items():
        if keyword in ("$dynamicRef", "$recursiveRef") and isinstance(value, str):
            out["$ref"] = whole
        elif not (keyword in ("$dynamicAnchor", "$recursiveAnchor") and not isinstance(value, dict)):
            out[keyword] = _plain(value, whole)
    return out
