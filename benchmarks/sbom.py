"""Writes a bill of materials in CycloneDX 1.6 (JSON): ``python benchmarks/sbom.py FILE``; part of ``make release``.

Lists what the wheel requires (``scope`` required) and what its extras add (optional), as far as it is installed here,
with versions, licences and who needs whom. Equal environments give equal files.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from licences_page import REQUIRED, ROOT, licence, needed, project, requirements


def bill() -> dict[str, Any]:
    """The document, in JSON types."""
    users = needed()
    versions = {name: found for name in sorted(users) if (found := _version(name)) is not None}
    own = project()
    root = {
        "type": "library",
        "bom-ref": _reference(ROOT, own["version"]),
        "name": ROOT,
        "version": own["version"],
        "purl": _reference(ROOT, own["version"]),
        "licenses": [{"expression": own["license"]}],
    }
    components = [
        {
            "type": "library",
            "bom-ref": _reference(name, version),
            "name": name,
            "version": version,
            "purl": _reference(name, version),
            "scope": "required" if REQUIRED in users[name] else "optional",
            "licenses": [{"license": {"name": licence(distribution(name))}}],
        }
        for name, version in versions.items()
    ]
    depends = {ROOT: {name for extra in ("", *own["optional-dependencies"]) for name, _ in requirements(ROOT, extra)}}
    depends |= {name: {other for other, _ in requirements(name, "")} for name in versions}
    known = versions | {ROOT: own["version"]}
    dependencies = [
        {
            "ref": _reference(name, known[name]),
            "dependsOn": sorted(
                _reference(other, known[other]) for other in others if other in known and other != name
            ),
        }
        for name, others in depends.items()
    ]
    found = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root},
        "components": components,
        "dependencies": dependencies,
    }
    return {**found, "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, json.dumps(found, sort_keys=True))}"}


def _version(name: str) -> str | None:
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return None


def _reference(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    made = bill()
    target.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{target}: {len(made['components'])} components")
