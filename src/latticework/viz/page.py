"""The page that replays a trace: HTML, CSS and JavaScript in one file that asks for no other."""

from __future__ import annotations

from html import escape
from importlib.resources import files


def page(title: str, data: str) -> str:
    """A page with ``data`` (JSON text) in it. Nothing in the data can end the script it stands in."""
    template = (files("latticework.viz") / "replay.html").read_text(encoding="utf-8")
    # "</script" and "<!--" would be read by the browser before the script is.
    safe = data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    before, _, after = template.partition("@@DATA@@")
    return before.replace("@@TITLE@@", escape(title)) + safe + after
