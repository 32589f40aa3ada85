"""The programs in ``docs/server.md`` run, one after the other, against a server."""

from __future__ import annotations

import re
from pathlib import Path

from serving import Live

PAGE = Path(__file__).parents[2] / "docs" / "server.md"


def test_the_programs_of_the_page_run(embedded: Live, capsys) -> None:
    programs = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    text = "\n".join(programs).replace("http://127.0.0.1:8000", embedded.url)
    exec(compile(text, str(PAGE), "exec"), {"__name__": "page"})
    assert "'pointer': '/vendor'" in capsys.readouterr().out
