"""Agreement of candidates, field by field."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from models.tiny_backend import TinyBackend

from latticework.errors import InputError
from latticework.models.agreement import with_agreement
from latticework.models.model import Model
from latticework.models.result import Result


def results(*texts: str | None) -> list[Result]:
    return [Result.failed(InputError("no")) if text is None else Result(None, text, (), "complete") for text in texts]


def test_shares_are_of_candidates_that_have_a_text():
    found = with_agreement(
        results('{"a":1,"b":[1,2]}', '{"b": [1, 3], "a": 1}', None, '{"a":null,"b":[1,2]}', '{"b":[1,2],"x/y":0}')
    )
    assert found[0].agreement == {"": 0.25, "/a": 0.5, "/b": 0.75, "/b/0": 1.0, "/b/1": 0.75}
    assert found[1].agreement == {"": 0.25, "/a": 0.5, "/b": 0.25, "/b/0": 1.0, "/b/1": 0.25}
    assert found[2].agreement == {}
    assert found[3].agreement["/a"] == 0.25
    assert found[4].agreement["/x~1y"] == 0.25


def test_texts_that_are_no_json_agree_as_texts():
    assert [one.agreement for one in with_agreement(results("yes", "yes", "no"))] == [
        {"": 2 / 3},
        {"": 2 / 3},
        {"": 1 / 3},
    ]


@given(
    st.lists(st.recursive(st.none() | st.integers(0, 2), lambda own: st.lists(own, max_size=2)), min_size=1, max_size=4)
)
def test_all_candidates_that_are_equal_agree_in_everything(values):
    same = with_agreement(results(*[json.dumps(values[0])] * 3))
    assert all(set(one.agreement.values()) == {1.0} for one in same)
    for one in with_agreement(results(*map(json.dumps, values))):
        assert all(1 / len(values) - 1e-9 <= share <= 1 for share in one.agreement.values())


def test_candidates_of_a_model_have_it():
    schema = {"enum": ["yes", "no"]}
    found = Model(TinyBackend()).generate("x", schema, n=5, temperature=2.0, seed=3)
    shares = {one.text: one.agreement[""] for one in found}
    assert abs(sum(shares.values()) - 1) < 1e-9
    assert Model(TinyBackend()).generate("x", schema).agreement == {}
