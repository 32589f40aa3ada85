"""``load``: what is found, and what a refusal names."""

from __future__ import annotations

import json

import pytest

import latticework as lw
from latticework.models.embedded import WEIGHTS


def test_the_embedded_model_loads_by_name_and_from_its_folder():
    by_name, by_path = lw.load(), lw.load(WEIGHTS)
    assert by_name.name == "embedded"
    assert by_path.name == str(WEIGHTS)
    assert by_name.vocabulary == by_path.vocabulary
    assert by_name.vocabulary.role(by_name.backend.mask_id) == "mask"
    assert len(by_name.vocabulary.end_tokens) >= 1


@pytest.mark.parametrize("name", ["GSAI-ML/LLaDA-8B-Instruct", "no/such/folder"])
def test_a_name_that_is_no_folder_says_what_was_tried(name):
    with pytest.raises(lw.ModelError) as caught:
        lw.load(name)
    message = str(caught.value)
    assert name in message
    assert '"embedded"' in message
    assert "not downloaded" in message


def test_a_folder_of_another_kind_is_refused_by_its_type(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llada"}))
    with pytest.raises(lw.ModelError, match="'llada', which is not supported yet"):
        lw.load(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "\xff"])
def test_a_broken_config_is_refused(tmp_path, content):
    (tmp_path / "config.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(lw.ModelError):
        lw.load(tmp_path)


def test_a_folder_without_config_or_weights_is_refused(tmp_path):
    with pytest.raises(lw.ModelError, match=r"no config\.json"):
        lw.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "latticework_embedded"}))
    with pytest.raises(lw.ModelError, match="cannot load the embedded model"):
        lw.load(tmp_path)
