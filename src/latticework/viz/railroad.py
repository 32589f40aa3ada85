"""Railroad diagrams: boxes on tracks, laid out and written as SVG.

An element has a track that enters on the left and leaves on the right at the same height; ``up`` and ``down`` are how
far it reaches above and below that track. Units are SVG pixels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from html import escape

_CHAR = 7.8  # width of a character of the monospaced text
_BOX = 12  # half the height of a box
_GAP = 14  # between neighbours on a track
_ARC = 9  # radius of a bend
_ROW = 10  # between rows
WIDE = 760  # where a sequence goes on in a new row

_STYLE = """
svg { color: #22252a; background: #fff; font: 13px ui-monospace, Menlo, Consolas, monospace; }
path { fill: none; stroke: currentColor; stroke-width: 1.4; }
rect { stroke: currentColor; stroke-width: 1.2; }
circle { fill: none; stroke: currentColor; stroke-width: 1.2; } .state { fill: #f6ecd4; } marker path {
  fill: currentColor; }
.text { fill: #e3f2de; } .rule { fill: #e2ecf7; } .note { fill: none; stroke-dasharray: 4 3; opacity: .55; }
text { fill: currentColor; text-anchor: middle; } .small { font-size: 11px; opacity: .75; } .title { font-weight: 600;
  text-anchor: start; }
@media (prefers-color-scheme: dark) { svg { color: #e6e4df; background: #16181c; } .text { fill: #24402a; }
  .rule { fill: #22364d; } .state { fill: #4a3d1c; } }
"""
_ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 L8 4 L0 8 z"/></marker></defs>'
)


class Element(ABC):
    """A piece of a diagram."""

    width: float = 0
    up: float = 0
    down: float = 0
    on_track = True  # whether a track enters and leaves

    @abstractmethod
    def draw(self, x: float, y: float) -> list[str]:
        """SVG of the element, its track entering at (x, y)."""


class Skip(Element):
    """A bare track."""

    def draw(self, x: float, y: float) -> list[str]:
        return []


class Box(Element):
    """A text; ``kind`` is ``"text"`` for what is written as it stands, ``"rule"`` for what is explained elsewhere."""

    def __init__(self, label: str, kind: str = "text") -> None:
        self.label, self.kind = label, kind
        self.width = max(24.0, _CHAR * len(label) + 16)
        self.up = self.down = _BOX

    def draw(self, x: float, y: float) -> list[str]:
        round_ = _BOX if self.kind == "text" else 3
        return [
            f'<rect class="{self.kind}" x="{x:.1f}" y="{y - _BOX:.1f}" width="{self.width:.1f}" height="{2 * _BOX}" '
            f'rx="{round_}"/>',
            words(x + self.width / 2, y + 4.5, self.label),
        ]


class Row(Element):
    """Elements one after another."""

    def __init__(self, items: Sequence[Element]) -> None:
        self.items = [item for item in items if not isinstance(item, Skip)]
        self.width = sum(item.width for item in self.items) + _GAP * max(0, len(self.items) - 1)
        self.up = max((item.up for item in self.items), default=0)
        self.down = max((item.down for item in self.items), default=0)

    def draw(self, x: float, y: float) -> list[str]:
        out: list[str] = []
        for number, item in enumerate(self.items):
            if number:
                out.append(_line(x, y, x + _GAP, y))
                x += _GAP
            out += item.draw(x, y)
            x += item.width
        return out


class Rows(Element):
    """Elements one after another that go on in new rows below."""

    def __init__(self, rows: Sequence[Element]) -> None:
        self.rows = list(rows)
        self._inner = max(row.width for row in self.rows)
        self.width = self._inner + 4 * _ARC
        self.up = self.rows[0].up
        heights = [before.down + 2 * _ROW + row.up for before, row in zip(self.rows, self.rows[1:], strict=False)]
        self.down = sum(heights) + self.rows[-1].down

    def draw(self, x: float, y: float) -> list[str]:
        left, right = x + 2 * _ARC, x + 2 * _ARC + self._inner
        out = [_line(x, y, left, y)]
        for number, row in enumerate(self.rows):
            out += row.draw(left, y)
            if number == len(self.rows) - 1:
                # The track leaves at the height at which it has entered.
                out.append(_line(left + row.width, y, right, y))
                top = y - sum(b.down + 2 * _ROW + r.up for b, r in zip(self.rows, self.rows[1:], strict=False))
                if number:
                    out.append(
                        f'<path d="M{right:.1f} {y:.1f} q{_ARC} 0 {_ARC} {-_ARC} V{top + _ARC:.1f} '
                        f'q0 {-_ARC} {_ARC} {-_ARC}"/>'
                    )
                else:
                    out.append(_line(right, y, right + 2 * _ARC, y))
                break
            below = self.rows[number + 1]
            middle, following = y + row.down + _ROW, y + row.down + 2 * _ROW + below.up
            out.append(
                f'<path d="M{left + row.width:.1f} {y:.1f} h4 q5 0 5 5 V{middle - 5:.1f} q0 5 -5 5 H{left - 4:.1f} '
                f'q-5 0 -5 5 V{following - 5:.1f} q0 5 5 5 H{left:.1f}"/>'
            )
            y = following
        return out


class Choice(Element):
    """One of several: the first on the track, the others below it."""

    def __init__(self, options: Sequence[Element]) -> None:
        self.options = list(options)
        self._inner = max(option.width for option in self.options)
        self.width = self._inner + 4 * _ARC
        self.up = self.options[0].up
        self._drops = [0.0]
        for before, option in zip(self.options, self.options[1:], strict=False):
            self._drops.append(self._drops[-1] + max(before.down + _ROW + option.up, 2.0 * _ARC))
        self.down = self._drops[-1] + self.options[-1].down

    def draw(self, x: float, y: float) -> list[str]:
        left, right = x + 2 * _ARC, x + 2 * _ARC + self._inner
        out: list[str] = []
        for drop, option in zip(self._drops, self.options, strict=True):
            out += option.draw(left, y + drop)
            out.append(_line(left + option.width, y + drop, right, y + drop))
            if not drop:
                out += [_line(x, y, left, y), _line(right, y, right + 2 * _ARC, y)]
                continue
            out.append(
                f'<path d="M{x:.1f} {y:.1f} q{_ARC} 0 {_ARC} {_ARC} V{y + drop - _ARC:.1f} q0 {_ARC} {_ARC} {_ARC}"/>'
            )
            out.append(
                f'<path d="M{right:.1f} {y + drop:.1f} q{_ARC} 0 {_ARC} {-_ARC} V{y + _ARC:.1f} '
                f'q0 {-_ARC} {_ARC} {-_ARC}"/>'
            )
        return out


def optional(item: Element) -> Element:
    """The element, or nothing."""
    return Choice([Skip(), item])


class Loop(Element):
    """``body`` again and again, with ``between`` on the way back; ``note`` says how often."""

    def __init__(self, body: Element, between: Element | None = None, note: str = "") -> None:
        self.body, self.between, self.note = body, between or Skip(), note
        self._inner = max(body.width, self.between.width, _CHAR * 0.85 * len(note))
        self.width = self._inner + 4 * _ARC
        self.up = body.up
        self._drop = max(body.down + _ROW + self.between.up, 2 * _ARC)
        self.down = self._drop + self.between.down + (14 if note else 0)

    def draw(self, x: float, y: float) -> list[str]:
        left, right, low = x + 2 * _ARC, x + 2 * _ARC + self._inner, y + self._drop
        back = left + (self._inner - self.between.width) / 2
        at = left + (self._inner - self.body.width) / 2
        out = [
            *self.body.draw(at, y),
            *self.between.draw(back, low),
            _line(x, y, at, y),
            _line(at + self.body.width, y, right + 2 * _ARC, y),
            f'<path d="M{left:.1f} {y:.1f} q{-_ARC} 0 {-_ARC} {_ARC} V{low - _ARC:.1f} q0 {_ARC} {_ARC} {_ARC} '
            f'H{back:.1f}"/>',
            f'<path d="M{right:.1f} {y:.1f} q{_ARC} 0 {_ARC} {_ARC} V{low - _ARC:.1f} q0 {_ARC} {-_ARC} {_ARC} '
            f'H{back + self.between.width:.1f}"/>',
        ]
        if self.note:
            out.append(words(left + self._inner / 2, low + self.between.down + 12, self.note, "small"))
        return out


class Framed(Element):
    """``body`` in a dashed frame with a note above it."""

    def __init__(self, note: str, body: Element) -> None:
        self.note, self.body = note, body
        self._inner = max(body.width, _CHAR * 0.85 * len(note))
        self.width = self._inner + 20
        self.up, self.down = body.up + 22, body.down + 8

    def draw(self, x: float, y: float) -> list[str]:
        at = x + 10 + (self._inner - self.body.width) / 2
        height = self.up + self.down
        return [
            f'<rect class="note" x="{x:.1f}" y="{y - self.up:.1f}" width="{self.width:.1f}" height="{height:.1f}" '
            f'rx="5"/>',
            words(x + self.width / 2, y - self.up + 13, self.note, "small"),
            _line(x, y, at, y),
            *self.body.draw(at, y),
            _line(at + self.body.width, y, x + self.width, y),
        ]


def in_rows(items: Sequence[Element]) -> Element:
    """A sequence, in several rows where it would be too wide."""
    rows: list[list[Element]] = [[]]
    width = 0.0
    for item in items:
        if isinstance(item, Skip):
            continue
        if rows[-1] and width + item.width > WIDE:
            rows.append([])
            width = 0.0
        rows[-1].append(item)
        width += item.width + _GAP
    return Row(rows[0]) if len(rows) == 1 else Rows([Row(row) for row in rows])


def picture(diagrams: Sequence[tuple[str, Element]]) -> str:
    """One SVG with the named diagrams below one another."""
    out: list[str] = []
    y, width = 16.0, 200.0
    for name, diagram in diagrams:
        out.append(f'<text class="title" x="16" y="{y + 12:.1f}">{_safe(name)}</text>')
        track = y + 30 + diagram.up
        end = 48 + diagram.width
        out += diagram.draw(32, track)
        if diagram.on_track:
            out += [_line(16, track, 32, track), _line(end - 16, track, end, track)]
            out += [f'<path d="M{x:.1f} {track - 6:.1f} v12"/>' for x in (16, 20, end - 4, end)]
        y = track + diagram.down + 26
        width = max(width, end + 16, 32 + _CHAR * len(name))
    size = f'width="{width:.0f}" height="{y:.0f}" viewBox="0 0 {width:.0f} {y:.0f}"'
    style = f"<style>{_STYLE}</style>"
    arrow = _ARROW if any("#arrow" in part for part in out) else ""
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{style}{arrow}{"".join(out)}</svg>\n'


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path d="M{x:.1f} {y:.1f} L{to_x:.1f} {to_y:.1f}"/>'


def words(x: float, y: float, text: str, kind: str = "") -> str:
    """A text centred at a place."""
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" xml:space="preserve">{_safe(text)}</text>'


def _safe(text: str) -> str:
    """Characters that XML 1.0 has none of are shown by a picture of them."""
    return escape("".join(c if c >= " " and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff"
                          else "\ufffd" for c in text))  # fmt: skip
