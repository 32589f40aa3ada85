"""Free text with constrained parts: what begins with a trigger must be one of some tags, with its body and end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from latticework.errors import GrammarError, InputError
from latticework.grammar import ir
from latticework.grammar.cfg.compose import one_lexeme
from latticework.grammar.cfg.draft import Draft, Right
from latticework.grammar.cfg.syntax import ContextFreeGrammar, Terminal
from latticework.grammar.combine import alt, repeat, seq
from latticework.grammar.grammar import Grammar

_ANY_TEXT = ir.Repeat(ir.ANY_CHAR, 0, None)
_MORE = ir.Repeat(ir.ANY_CHAR, 1, None)


@dataclass(frozen=True, slots=True)
class Tag:
    """A constrained part of a text: ``begin``, a text of ``body``, ``end`` (which may be empty)."""

    begin: str
    body: Grammar
    end: str


def tags(
    kinds: Iterable[Tag], *, triggers: Iterable[str] | None = None, at_least: int = 0, at_most: int | None = None
) -> Grammar:
    """Free text in which tags may stand, as tool calls do in the answer of a model.

    The first place at which a trigger occurs must be the beginning of a tag that starts with it; behind the end of that
    tag, free text goes on. Where all bodies are regular, so is the result.

    Args:
        kinds: the tags that may occur, in any order and number.
        triggers: texts that only occur as the beginning of a tag, outside of tags; by default the ``begin`` of every
            tag. With ``<tool`` as a trigger, ``<tools>`` in free text is refused if no tag begins like that.
        at_least, at_most: how many tags there are.

    Raises:
        GrammarError: a tag begins with no trigger, or a trigger occurs before its beginning is complete.
        InputError: no tags, an empty trigger, or impossible bounds.
    """
    found = tuple(kinds)
    starts = tuple(dict.fromkeys(triggers if triggers is not None else (tag.begin for tag in found)))
    if not found:
        raise InputError("tags need at least one kind of tag")
    if at_least < 0 or (at_most is not None and at_most < at_least):
        raise InputError(f"impossible number of tags: {at_least} to {at_most}")
    if not all(starts):
        raise InputError("triggers of tags must not be empty")
    words = [start.encode() for start in starts]
    free = ir.Except(_ANY_TEXT, seq([_ANY_TEXT, ir.Words(words), _ANY_TEXT]))
    openings = [_opening(tag, starts) for tag in found]
    context_free: ContextFreeGrammar | None = None
    node: ir.Node = ir.NOTHING
    if all(tag.body.context_free is None for tag in found):
        closed = [seq([opening, _regular(tag)]) for opening, tag in zip(openings, found, strict=True)]
        node = seq([repeat(alt(closed), at_least, at_most), free])
    else:
        context_free = _productions(found, openings, free, at_least, at_most)
    return Grammar(
        node,
        "tags",
        context_free,
        warnings=tuple(f"{tag.begin}: {warning}" for tag in found for warning in tag.body.warnings),
        narrowings=tuple(f"{tag.begin}: {narrowing}" for tag in found for narrowing in tag.body.narrowings),
    )


def _opening(tag: Tag, triggers: tuple[str, ...]) -> ir.Node:
    """Free text up to the first trigger, which the tag starts with, and the rest of its beginning."""
    own = min((trigger for trigger in triggers if tag.begin.startswith(trigger)), key=len, default=None)
    if own is None:
        raise GrammarError(f"the tag {tag.begin!r} begins with no trigger", hint=f"the triggers are {list(triggers)}")
    early = next((trigger for trigger in triggers if trigger in own[:-1]), None)
    if early is not None:
        raise GrammarError(f"the trigger {early!r} occurs in front of the end of {own!r}", hint="leave one of them out")
    ends_there = seq([_ANY_TEXT, ir.Literal(own.encode())])
    ends_earlier = seq([_ANY_TEXT, ir.Words(trigger.encode() for trigger in triggers), _MORE])
    return seq([ir.Except(ends_there, ends_earlier), _text(tag.begin[len(own) :])])


def _text(text: str) -> ir.Node:
    return ir.Literal(text.encode()) if text else ir.EMPTY


def _regular(tag: Tag) -> ir.Node:
    return seq([tag.body.node, _text(tag.end)])


def _productions(
    kinds: tuple[Tag, ...], openings: list[ir.Node], free: ir.Node, at_least: int, at_most: int | None
) -> ContextFreeGrammar:
    """Lexemes: free text, free text up to where a tag begins, all of a tag with a regular body, ends of other tags.

    Ends have modes of their own: while a body goes on, only its own lexemes and the end compete, not free text.
    """
    draft = Draft()
    start = draft.nonterminal("tags")
    rights: list[Right] = []
    waiting: list[tuple[Tag, int]] = []
    for tag, opening in zip(kinds, openings, strict=True):
        if tag.body.context_free is None:
            whole = seq([opening, _regular(tag)])
            rights.append((draft.terminal(Terminal(f"{tag.begin}...{tag.end}", whole, munch=False)),))
        else:
            waiting.append((tag, draft.terminal(Terminal(f"...{tag.begin}", opening, munch=False))))
    last = draft.embed(one_lexeme(free, "free text"), 0)
    for tag, opening in waiting:
        body = draft.embed(tag.body.as_context_free(), draft.modes)
        end = Terminal(tag.end, _text(tag.end), is_literal=True, munch=False, mode=draft.modes)
        rights.append((opening, body, draft.terminal(end)) if tag.end else (opening, body))
    draft.add(start, [(*draft.copies(draft.one_of(rights), at_least, at_most), last)])
    return draft.finish(start)
