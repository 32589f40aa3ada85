"""The page on policies lists every policy, and its programs run."""

from __future__ import annotations

import re

from page_programs import DOCS, running

from latticework.diffusion.policies.registry import POLICIES

PAGE = (DOCS / "policies.md").read_text(encoding="utf-8")


def test_every_policy_is_listed() -> None:
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)) == sorted(POLICIES)


def test_the_programs_run() -> None:
    texts = running(DOCS / "policies.md")
    assert len(texts) == 2
    exec("\n".join(texts), {})
