"""String formats: whatever a format's grammar writes, jsonschema's own checkers accept; known good texts are in."""

from __future__ import annotations

import datetime
import ipaddress
import json
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_matcher import matches
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter
from words import Sampler

from latticework.automata import run
from latticework.automata.build import build_automaton
from latticework.errors import SchemaError
from latticework.grammar import json_schema
from latticework.grammar.json_schema import formats

CHECKER = Draft202012Validator.FORMAT_CHECKER
IPV6 = build_automaton(json_schema({"type": "string", "format": "ipv6"}).node)

GOOD = {
    "date": ["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "2023-02-28", "2023-04-30", "2023-12-31"],
    "date-time": ["2024-02-29T23:59:59Z", "1990-12-31T15:59:50.123-08:00", "1963-06-19T08:30:06.283185Z"],
    "time": ["08:30:06Z", "08:30:06.283185Z", "23:59:59+23:59"],
    "duration": ["P4DT12H30M5S", "P1Y2M3D", "PT36H", "P2W", "PT0S", "P1M", "P1YT1S"],
    "email": ["joe.bloggs@example.com", "te~st@example.com", "a+b.c@sub.example.co.uk"],
    "idn-email": ["joe@example.com"],
    "hostname": ["www.example.com", "localhost", "a-b.c-d", "ab-c--d"],
    "idn-hostname": ["www.example.com"],
    "ipv4": ["192.168.0.1", "0.0.0.0", "255.255.255.255"],
    "ipv6": [
        "::",
        "::1",
        "1::",
        "1234::",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "2001:db8::ff00:42:8329",
        "::ffff:192.168.0.1",
        "1:2:3:4:5:6:1.2.3.4",
        "1::5:1.2.3.4",
    ],
    "uri": [
        "http://example.com/blah_(wikipedia)#cite-1",
        "http://foo.bar/?q=Test%20URL-encoded%20stuff",
        "http://user:pass@host:8080/p?q#f",
        "urn:isbn:0451450523",
        "mailto:a@b.c",
        "file:///etc/passwd",
        "tel:+1-816-555-1212",
    ],
    "uri-reference": ["/abc", "#f", "", "?q", "../a/b", "//host/x", "http://a/b", "a:b"],
    "iri": ["http://example.com/"],
    "iri-reference": ["/abc"],
    "uuid": ["2eb8aa08-aa98-11ea-b4aa-73b441d16380", "00000000-0000-0000-0000-000000000000"],
    "json-pointer": ["", "/foo/bar~0/baz~1/%25", "/ö//"],
    "relative-json-pointer": ["0", "1/a", "10#", "0/ü"],
    "regex": ["", "a|b", "^[a-z]+\\d{2,}$", "(?:x(y)?)*", "[^0-9]"],
    "uri-template": ["", "/a/{b}", "http://x/{+path}/{?q,page*}", "{a:3}"],
}

BAD = {
    "date": [
        "2023-02-29",
        "1900-02-29",
        "2024-13-01",
        "2024-04-31",
        "2024-00-10",
        "0000-01-01",
        "24-01-01",
        "2024-1-01",
    ],
    "date-time": ["2023-02-29T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00"],
    "time": ["08:30:06", "24:00:00Z", "08:60:00Z", "08:30:06+24:00"],
    "duration": ["P", "PT", "P1", "P1D2H", "PT1D", "P1WT1H", "P1Y2W", "4DT12H", "P2D1Y"],
    "email": ["joe", "@x", "a@", "a b@c.d", ".a@b.c", "a@-b.c"],
    "hostname": ["xn--4gbwdl", "ab--c", "-a.b", "a-.b", "", "a..b", "a_b.c", "a" * 64 + ".b"],
    "ipv4": ["256.0.0.1", "1.2.3", "01.2.3.4", "1.2.3.4.5"],
    "ipv6": ["1:2:3:4:5:6:7", "1::2::3", ":1", "12345::", "::1%eth0", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::"],
    "uri": ["//foo.bar/", "/abc", "\\\\WINDOWS\\share", "http:// x", "bar,baz", "http://[::1", "http://a/%zz"],
    "uuid": [
        "2eb8aa08aa9811eab4aa73b441d16380",
        "2eb8aa08-aa98-11ea-b4aa-73b441d1638",
        "2eb8aa08-aa98-11ea-b4aa-73b441d1638g",
    ],
    "json-pointer": ["foo", "/foo/~", "/~2"],
    "relative-json-pointer": ["01/a", "-1/a", "/a", ""],
    "uri-reference": ["\\\\x", "a b", "%zz"],
}


def accepts(name: str, text: str) -> bool:
    node = json_schema({"type": "string", "format": name}).node
    return matches(node, json.dumps(text, ensure_ascii=False).encode())


STANDARD = sorted(set(formats.PATTERNS) & set(CHECKER.checkers))


@pytest.mark.parametrize("name", STANDARD)
def test_whatever_a_format_writes_passes_the_checker(name: str) -> None:
    sampler = Sampler(json_schema({"type": "string", "format": name}).node, seed=1)
    for index in range(300):
        text = json.loads(sampler.text(most=8 + index % 60))
        assert CHECKER.conforms(text, name), text


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in GOOD.items() for text in texts])
def test_well_known_texts_are_in(name: str, text: str) -> None:
    assert CHECKER.conforms(text, name)
    assert accepts(name, text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_broken_texts_are_out(name: str, text: str) -> None:
    assert not accepts(name, text)


GROUPS = st.sampled_from(["1", "abcd", "0", "F00", "::", ":", ":", ":", "1.2.3.4", "12345"])


@given(st.lists(GROUPS, max_size=16).map("".join))
@settings(max_examples=400, deadline=None)
def test_ipv6_is_exactly_what_python_reads(text: str) -> None:
    assert run.accepts(IPV6, json.dumps(text).encode()) == CHECKER.conforms(text, "ipv6")


def test_dates_are_exactly_the_calendar() -> None:
    automaton = build_automaton(json_schema({"type": "string", "format": "date"}).node)
    for year in (0, 1, 4, 100, 400, 1582, 1900, 1999, 2000, 2023, 2024, 2100, 9996, 9999):
        for month in range(14):
            for day in range(33):
                text = f"{year:04}-{month:02}-{day:02}"
                assert run.accepts(automaton, f'"{text}"'.encode()) == CHECKER.conforms(text, "date"), text


@pytest.mark.parametrize("name", ["date", "date-time", "time", "duration", "ipv4", "ipv6", "uuid"])
def test_pydantic_reads_whatever_a_format_writes(name: str) -> None:
    types = {
        "date": datetime.date,
        "date-time": datetime.datetime,
        "time": datetime.time,
        "duration": datetime.timedelta,
        "ipv4": ipaddress.IPv4Address,
        "ipv6": ipaddress.IPv6Address,
        "uuid": uuid.UUID,
    }
    adapter = TypeAdapter(types[name])
    sampler = Sampler(json_schema({"type": "string", "format": name}).node, seed=2)
    for index in range(200):
        adapter.validate_json(sampler.text(most=8 + index % 60))


def test_every_format_has_examples() -> None:
    assert set(GOOD) == set(STANDARD), "the [format] extra of jsonschema is missing"


def test_every_standard_format_is_enforced() -> None:
    assert set(Draft202012Validator.FORMAT_CHECKER.checkers) <= set(formats.PATTERNS)


@pytest.mark.parametrize("name", sorted(formats.COVERS))
def test_what_is_not_of_a_format_fails_its_checker(name: str) -> None:
    schema = {"type": "string", "not": {"format": name}}
    checker = Draft202012Validator.FORMAT_CHECKER
    sampler = Sampler(json_schema(schema).node, seed=3)
    for index in range(200):
        text = json.loads(sampler.text(most=2 + index % 40))
        assert not checker.conforms(text, name), text


def test_other_formats_are_annotations_and_reported() -> None:
    grammar = json_schema({"type": "string", "format": "int64"})
    assert any("int64" in warning for warning in grammar.warnings)
    assert matches(grammar.node, b'"anything"')


def test_format_with_pattern_and_length() -> None:
    node = json_schema({"type": "string", "format": "date", "pattern": "^2024", "maxLength": 10}).node
    assert matches(node, b'"2024-02-29"')
    assert not matches(node, b'"2023-02-28"')
    assert not matches(node, b'"2024-02-30"')
    email = json_schema({"type": "string", "format": "email", "maxLength": 7, "minLength": 7}).node
    assert matches(email, b'"a@b.com"')
    assert not matches(email, b'"ab@b.com"')
    with pytest.raises(SchemaError, match="together"):
        json_schema({"type": "string", "format": "date", "maxLength": 9})
