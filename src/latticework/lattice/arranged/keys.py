"""Which keys the objects of a JSON text have, and in which order."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import compress

from latticework.grammar.arrangement import Member, Order, Tracked
from latticework.grammar.ir import Unordered

_PLACES = 16  # of an order at which what it lacks is put
_PIECES = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class KeyOrders:
    """Keys of the objects of a text.

    Attributes:
        all: of every object, in the order in which they begin.
        open: of those that the text does not close, outer ones first.
    """

    all: tuple[Order, ...]
    open: tuple[Order, ...]


def key_orders(text: bytes) -> KeyOrders:
    """Of a JSON text, or the beginning of one; O(bytes). What is no JSON has no meaning, but does no harm."""
    orders: list[list[str]] = []
    stack: list[list[str] | None] = []  # None for arrays
    expects_key = False
    for piece in _PIECES.finditer(text):
        token = piece[0]
        inner = stack[-1] if stack else None
        if token == b"{":
            orders.append([])
            stack.append(orders[-1])
            expects_key = True
        elif token == b"[":
            stack.append(None)
            expects_key = False
        elif token in b"]}":
            del stack[-1:]
            expects_key = False
        elif token == b",":
            expects_key = inner is not None
        elif expects_key and inner is not None:
            inner.append(_decoded(token))
            expects_key = False
    return KeyOrders(tuple(map(tuple, orders)), tuple(tuple(order) for order in stack if order is not None))


def repaired(order: Order) -> Order:
    """The keys of an order at their first places."""
    return tuple(dict.fromkeys(order))


def completions(orders: KeyOrders, sites: tuple[Unordered, ...]) -> tuple[Order, ...]:
    """Orders without repeated keys, near those of a text, with the required keys it lacks at any one place."""
    found: dict[Order, None] = {}
    for order in orders.all:
        keys = repaired(order)
        found[keys] = None
        for site in _closest(set(order), sites):
            missing = tuple(
                name
                for name, (_, required) in zip(site.names, site.members, strict=True)
                if required and name not in keys
            )
            if missing:
                found |= {(*keys[:place], *missing, *keys[place:]): None for place in range(min(len(keys), _PLACES))}
    return tuple(found)


def broken(orders: KeyOrders, sites: tuple[Unordered, ...], known: Tracked) -> list[Member]:
    """Members, not ``known`` yet, that objects of a text repeat or lack, each as often as that happens to it.

    Which object is at which node of the grammar is a guess: those with which it shares most keys. Where all that they
    suggest is known, all nodes it shares keys with are asked.
    """
    found: list[Member] = []
    for every in (False, True):
        for order in orders.all:
            wrong = [_wrong(order, site) for site in _closest(set(order), sites, every)]
            if wrong and (every or all(wrong)):
                found += [member for members in wrong for member in members if member not in known]
        if found:
            break
    return found


def _closest(keys: set[str], sites: tuple[Unordered, ...], every: bool = False) -> list[Unordered]:
    """The nodes that share most keys with an object, or ``every`` one that shares some."""
    shared = [len(keys.intersection(site.names)) for site in sites]
    most = 1 if every else max(1, max(shared, default=0))
    return list(compress(sites, (count >= most for count in shared)))


def _wrong(order: Order, site: Unordered) -> list[Member]:
    return [
        (site.digest, index)
        for index, (name, (_, required)) in enumerate(zip(site.names, site.members, strict=True))
        if order.count(name) > 1 or (required and name not in order)
    ]


def _decoded(token: bytes) -> str:
    try:
        return json.loads(token)
    except ValueError:
        return token[1:-1].decode(errors="replace")
