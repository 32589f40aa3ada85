"""The programs in ``docs/server.md`` run, one after the other, against a server."""

from __future__ import annotations

from page_programs import DOCS, running
from serving import Live

PAGE = DOCS / "server.md"


def test_the_programs_of_the_page_run(embedded: Live, capsys) -> None:
    text = "\n".join(running(PAGE)).replace("http://127.0.0.1:8000", embedded.url)
    exec(compile(text, str(PAGE), "exec"), {"__name__": "page"})
    assert "'pointer': '/vendor'" in capsys.readouterr().out
