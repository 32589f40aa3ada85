"""What can be said of the installed dependencies without a network: ``python benchmarks/dependency_check.py``.

Checks that every package Latticework needs is of a version that those who need it allow, that the files of what the
wheel requires are as they were packed (hashes in ``RECORD``), and that nothing of it is under a licence that binds its
users. It cannot know published vulnerabilities, nor whether a package was honest when it was packed: for the first use
``pip-audit`` with a network, or give the bill of materials (``benchmarks/sbom.py``) to a scanner that reads CycloneDX.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from licences_page import REQUIRED, licence, needed
from packaging.requirements import Requirement

BINDING = re.compile(r"\b(A?GPL|GNU (Affero )?General Public|SSPL)\b")


def main() -> None:
    users = needed()
    installed: dict[str, Distribution] = {}
    for name in sorted(users):
        try:
            installed[name] = distribution(name)
        except PackageNotFoundError:
            continue
    problems = [
        *(text for name, found in installed.items() for text in _unmet(name, found)),
        *(text for name, found in installed.items() if REQUIRED in users[name] for text in _changed(name, found)),
        *(
            f"{name} is required and under {licence(found)}"
            for name, found in installed.items()
            if REQUIRED in users[name] and BINDING.search(licence(found))
        ),
    ]
    print("\n".join(problems))
    print(f"{len(installed)} packages: {len(problems)} problems; vulnerabilities are not looked up")
    sys.exit(bool(problems))


def _unmet(name: str, found: Distribution) -> list[str]:
    """Requirements that what is installed does not meet."""
    problems = []
    for requirement in map(Requirement, found.requires or ()):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = distribution(requirement.name).version
        except PackageNotFoundError:
            problems.append(f"{name} needs {requirement}, which is not installed")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            problems.append(f"{name} needs {requirement}; {version} is installed")
    return problems


def _changed(name: str, found: Distribution) -> list[str]:
    """Files that are not as they were packed."""
    problems = []
    for file in found.files or ():
        if file.hash is None or file.hash.mode != "sha256" or file.suffix == ".pyc":
            continue
        try:
            with open(str(file.locate()), "rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").digest()
        except OSError:
            problems.append(f"{name}: {file} is missing")
            continue
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            problems.append(f"{name}: {file} has changed")
    return problems


if __name__ == "__main__":
    main()
