"""The pages under ``docs/`` say what is so: generated ones are up to date, programs run, links lead somewhere.

Pages that need a server or optional packages, and that on policies, have tests of their own.
"""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import json_schema_page
import licences_page
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from page_programs import DOCS, programs, running

from latticework.grammar.json_schema import keywords
from latticework.grammar.json_schema.keyword_notes import NOTES

ROOT = DOCS.parent
PAGES = sorted(DOCS.glob("*.md"))
TESTED_ELSEWHERE = {"integrations.md", "policies.md", "server.md", "transformers.md"}
WITH_PROGRAMS = [page for page in PAGES if page.name not in TESTED_ELSEWHERE and running(page)]


def test_the_page_on_json_schema_is_up_to_date() -> None:
    assert json_schema_page.PAGE.read_text() == json_schema_page.page(), "run python benchmarks/json_schema_page.py"


def test_every_enforced_keyword_is_described() -> None:
    assert set(keywords.ENFORCED) <= set(NOTES)
    assert set(NOTES) <= set(keywords.ENFORCED) | set(keywords.REFUSED)


def test_every_direct_dependency_is_on_the_page_of_licences() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = licences_page.PAGE.read_text(encoding="utf-8")
    for text in [*project["dependencies"], *chain(*project["optional-dependencies"].values())]:
        name = canonicalize_name(Requirement(text).name)
        assert name == "latticework" or f"| {name} |" in listed or f"`{name}`" in listed, "run make licences"


@pytest.mark.parametrize("page", WITH_PROGRAMS, ids=lambda page: page.stem)
def test_the_programs_of_a_page_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {"__name__": "page"}
    for text in running(page):
        exec(compile(text, str(page), "exec", dont_inherit=True), names)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_programs_that_do_not_run_are_well_formed(page: Path) -> None:
    for program in programs(page):
        assert not program.rest, "say why in a comment above it: <!-- not run: REASON -->"
        compile(program.text, str(page), "exec")


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md", ROOT / "SECURITY.md"], ids=lambda page: page.stem)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_menu_of_the_site_has_pages_that_exist() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    pages = _leaves(site["nav"])
    assert len(pages) == len(set(pages))
    # Pages of the repository itself are in the site under their names in small letters.
    assert all((DOCS / page).is_file() or (ROOT / f"{page[:-3].upper()}.md").is_file() for page in pages)


def _leaves(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    return [leaf for part in (nav.values() if isinstance(nav, dict) else nav) for leaf in _leaves(part)]
