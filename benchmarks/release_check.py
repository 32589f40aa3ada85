"""Whether the repository, and a wheel made of it, can be published: ``python benchmarks/release_check.py [WHEEL]``.

Without an argument: the version is the same everywhere and the change log has an entry for it. With a wheel: it is for
every platform and has all data files, and a fresh environment that has only what it requires imports it quickly.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "latticework"
IMPORT_SECONDS = 1.5
_TIMED = "import time; begun = time.perf_counter(); import latticework; print(time.perf_counter() - begun)"


def check_repository() -> None:
    """Exits with a message at the first thing that is wrong."""
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    own = re.search(r'^__version__ = "(.*)"$', (PACKAGE / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    if own is None or own[1] != stated:
        sys.exit(f"pyproject.toml says version {stated}, latticework.__version__ something else")
    heading = re.search(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    if heading is None or heading[1].split()[0] != stated:
        sys.exit(f"the newest entry of CHANGELOG.md is not for {stated}")
    print(f"version {stated}, change log: {heading[1]}")


def expected() -> set[str]:
    """Names of files that a wheel must have: all modules, data and grammars that are in the repository."""
    shown = subprocess.run(
        ["git", "ls-files", "src", "grammars"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return {re.sub(r"^grammars/", "latticework/grammars/", name.removeprefix("src/")) for name in shown}


def check_wheel(wheel: Path) -> None:
    """Exits with a message at the first thing that is wrong."""
    if not wheel.name.endswith("-py3-none-any.whl"):
        sys.exit(f"{wheel.name} is not for every platform")
    missing = expected() - set(ZipFile(wheel).namelist())
    if missing:
        sys.exit(f"{wheel.name} lacks {', '.join(sorted(missing))}")
    print(f"{wheel.name}: {wheel.stat().st_size / 2**20:.1f} MiB, all files are there")
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel], check=True)
        # The first import writes bytecode; a user meets that once.
        times = [float(subprocess.check_output([python, "-c", _TIMED], cwd=folder)) for _ in range(2)]
    print(f"import latticework: {times[0]:.3f} s the first time, {times[1]:.3f} s then")
    if times[0] > IMPORT_SECONDS:
        sys.exit(f"importing takes more than {IMPORT_SECONDS} s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        check_wheel(Path(sys.argv[1]).resolve())
    else:
        check_repository()
