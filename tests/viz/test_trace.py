"""The page that replays a canvas: its data say what happened, and nothing in it breaks out of it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import latticework as lw
from latticework.diffusion.records import Step
from latticework.viz import Trace
from latticework.viz.page import page
from latticework.viz.trace import ABSENT, COMMITTED, DRAFT, FORCED, GIVEN, OPEN

VOCABULARY = lw.Vocabulary([b"a", b"b", b"</script>", "é".encode(), b"", b"\n"], special={4: "pad"})


def step(tokens: list[int], free: list[bool], committed=(), forced=(), retracted=(), forwards: int = 0) -> Step:
    sure = np.full(len(tokens), 0.5)
    return Step(
        0,
        forwards,
        np.array(tokens),
        np.array(free),
        np.array(committed, np.int64),
        np.array(forced, np.int64),
        sure,
        np.array(retracted, np.int64),
    )


@pytest.fixture
def trace() -> Trace:
    found = Trace(VOCABULARY, "a < b & c")
    found(step([0, -1, -1, 4], [False, True, True, True]))
    found(step([0, 1, 2, 4], [False, False, True, True], forced=[1], forwards=1))
    found(step([0, 1, 2, 4], [False, False, False, False], committed=[2, 3], forwards=2))
    found(step([0, 1, 3, 4], [False, False, True, False], retracted=[2], forwards=3))
    found.fields = {"": 0.25, "/a": 0.5}
    return found


def replayed(data: dict) -> list[list[list]]:
    """The canvas after every step, as the page puts it together: [text, kind, percent] by slot."""
    canvas: list[list] = [["", OPEN, None]] * data["slots"]
    found = []
    for one in data["steps"]:
        canvas = list(canvas)
        for slot, text, kind, sure in one["slots"]:
            canvas[slot] = [data["texts"][text], kind, sure]
        found.append(canvas)
    return found


def test_steps_are_told_as_changes(trace: Trace) -> None:
    data = trace.as_dict()
    kinds = [[slot[1] for slot in canvas] for canvas in replayed(data)]
    assert kinds == [
        [GIVEN, OPEN, OPEN, DRAFT],
        [GIVEN, FORCED, DRAFT, DRAFT],
        [GIVEN, FORCED, COMMITTED, COMMITTED],
        [GIVEN, FORCED, DRAFT, COMMITTED],
    ]
    assert [slot[0] for slot in replayed(data)[-1]] == ["a", "b", "é", "·"]
    assert [one["forwards"] for one in data["steps"]] == [0, 1, 2, 3]
    assert data["steps"][3]["retracted"] == [2]
    assert [len(one["slots"]) for one in data["steps"]] == [4, 2, 2, 1]


class _Scripts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.links: list[str] = []
        self.title = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside == "title":
            self.title += data


def read(html: str) -> _Scripts:
    parser = _Scripts()
    parser.feed(html)
    return parser


def test_page_holds_the_data_and_asks_for_nothing_else(trace: Trace, tmp_path) -> None:
    html = trace.to_html(tmp_path / "out.html")
    assert (tmp_path / "out.html").read_text(encoding="utf-8") == html
    parsed = read(html)
    assert len(parsed.scripts) == 2
    assert parsed.links == []
    assert not re.search(r"https?://|url\(|@import", html)
    assert parsed.title == "a < b & c"
    assert json.loads(parsed.scripts[0]) == json.loads(json.dumps(trace.as_dict()))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text() | st.sampled_from(["</script>", "<!--", "<script", "]]>", "\u2028"]), max_size=5), st.text())
def test_no_text_ends_the_script(texts: list[str], title: str) -> None:
    parsed = read(page(title.replace("\r", " ").replace("\0", " "), json.dumps(texts, ensure_ascii=False)))
    assert len(parsed.scripts) == 2
    assert json.loads(parsed.scripts[0]) == texts


SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}}


def test_embedded_model_is_replayed_to_its_text() -> None:
    model = lw.load("embedded")
    seen: list[int] = []
    texts = ["The total is 12.50.", "", "The sum is 7 EUR."]
    results = model.generate(texts, SCHEMA, trace=True, on_step=lambda step: seen.append(step.row))
    assert results[1].error is not None
    assert results[1].trace is None
    assert set(seen) == {0, 2}
    for result in (results[0], results[2]):
        assert result.trace is not None
        last = replayed(result.trace.as_dict())[-1]
        assert all(kind in (FORCED, COMMITTED) for _, kind, _ in last)
        assert "".join(text for text, _, _ in last).rstrip("·") == result.text
        assert result.trace.frames[-1].forwards == result.forwards
        assert result.trace.as_dict()["fields"] == result.confidence
    assert model.generate(texts[0], SCHEMA).trace is None


def test_canvas_that_changes_its_length() -> None:
    trace = Trace(VOCABULARY)
    trace(step([-1, -1, -1], [True, True, True]))
    trace(step([0, -1, -1, -1], [False, True, True, True], committed=[0]))
    trace(step([0, 1], [False, False], committed=[1]))
    data = trace.as_dict()
    assert data["slots"] == 4
    assert [[slot[1] for slot in canvas] for canvas in replayed(data)] == [
        [OPEN, OPEN, OPEN, ABSENT],
        [COMMITTED, OPEN, OPEN, OPEN],
        [COMMITTED, COMMITTED, ABSENT, ABSENT],
    ]
