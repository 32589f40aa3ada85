"""Policies by name on the command line and in ``Model.generate``; ``bench policies``."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from latticework.cli import app
from latticework.cli.options import loop_options
from latticework.diffusion.policies.registry import BY_NAME, choose_policy, make_policy, options_of, read_options
from latticework.errors import InputError

SCHEMA = json.dumps({"type": "object", "properties": {"paid": {"type": "boolean"}}, "required": ["paid"]})


def test_every_policy_is_made_by_name_with_its_defaults():
    for name, kind in BY_NAME.items():
        assert make_policy(name) == kind()
        assert options_of(name)[0] == "scores"


def test_texts_become_options_of_the_right_type():
    texts = {"threshold": "0.8", "relaxed": "0.5", "radius": "2", "fixed_anchors": "yes"}
    policy = make_policy("local-leap", **read_options("local-leap", texts))
    assert policy == BY_NAME["local-leap"](0.8, 0.5, 2, True)
    assert make_policy("prophet", **read_options("prophet", {"answer_start": "3"})).answer_start == 3
    with pytest.raises(InputError, match="radius must be int, got 'two'"):
        read_options("local-leap", {"radius": "two"})
    with pytest.raises(InputError, match="true or false"):
        read_options("ccd", {"dynamic": "perhaps"})


@pytest.mark.parametrize("wrong", [{"threshold": "0.5"}, {"threshold": True}, {"radius": 0.5}, {"radius": [1]}])
def test_options_of_a_wrong_type_are_refused(wrong):
    with pytest.raises(InputError, match="local-leap"):
        make_policy("local-leap", **wrong)


def test_an_option_given_twice_or_beside_a_policy_is_refused():
    with pytest.raises(InputError, match="given twice"):
        choose_policy("wino", threshold=0.5, options={"threshold": 0.4})
    with pytest.raises(InputError, match="policy_options"):
        choose_policy(make_policy("wino"), options={"accept": 0.4})


def test_the_command_line_reads_names_and_options():
    options = loop_options(0.0, None, "wino", None, None, None, 16, ["accept=0.7", "canvases=2"], 1.5)
    assert options["policy"] == BY_NAME["wino"](accept=0.7, canvases=2)
    assert options["guidance"] == 1.5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--policy", "greedy"], "unknown policy 'greedy'"),
        (["--policy", "wino", "--policy-option", "accept"], "NAME=VALUE"),
        (["--policy", "wino", "--policy-option", "gamma=1"], "no option of the policy"),
        (["--policy", "wino", "--steps", "3"], "no option of the policy"),
    ],
)
def test_wrong_usage_says_what_is_wrong(arguments, said):
    result = CliRunner().invoke(app, ["extract", SCHEMA, "--text", "x", *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_policy_runs_from_the_command_line():
    arguments = [
        "--policy",
        "saber",
        "--policy-option",
        "least=3",
        "--guidance",
        "0.5",
        "--quiet",
        "--block-length",
        "8",
    ]
    result = CliRunner().invoke(app, ["extract", SCHEMA, "--text", "The bill is paid.", *arguments])
    assert result.exit_code == 0, result.stderr
    assert isinstance(json.loads(result.stdout)["paid"], bool)


def test_bench_lists_policies_and_refuses_unknown_ones():
    result = CliRunner().invoke(app, ["bench", "policies", "--list"])
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == list(BY_NAME)
    result = CliRunner().invoke(app, ["bench", "policies", "--policy", "greedy"])
    assert result.exit_code == 1
    assert "unknown policy" in result.stderr


def test_caches_run_from_the_command_line_and_are_checked():
    arguments = ["extract", SCHEMA, "--text", "The bill is paid.", "--quiet", "--cache", "dual"]
    result = CliRunner().invoke(app, [*arguments, "--cache-option", "refresh=2"])
    assert result.exit_code == 0, result.stderr
    assert isinstance(json.loads(result.stdout)["paid"], bool)
    for wrong, said in (
        (["--cache-option", "age=2"], "no option of the cache"),
        (["--cache-option", "refresh"], "NAME=NUMBER"),
        (["--cache", "lru"], "unknown cache"),
    ):
        result = CliRunner().invoke(app, [*arguments, *wrong], env={"COLUMNS": "200"})
        assert result.exit_code == 2
        assert said in result.stderr
    without = [*arguments[:-2], "--cache-option", "refresh=2"]
    result = CliRunner().invoke(app, without, env={"COLUMNS": "200"})
    assert "goes with --cache" in result.stderr
    result = CliRunner().invoke(app, [*arguments[:-2], "--guide", "no/such-helper", "--rope-scaling", "2"])
    assert result.exit_code == 1


def test_bench_keeps_what_it_measured(tmp_path):
    """Run again, it goes on where it stopped; other settings begin anew."""
    arguments = [
        "bench",
        "policies",
        "--documents",
        "1",
        "--policy",
        "threshold",
        "--policy",
        "rcr",
        "-o",
        str(tmp_path),
    ]
    result = CliRunner().invoke(app, [*arguments, "--cache", "none", "--cache", "dual"])
    assert result.exit_code == 0, result.stderr
    kept = [json.loads(line) for line in (tmp_path / "policies.jsonl").read_text().splitlines()]
    keys = [(line["policy"], line["cache"], line["constrained"]) for line in kept]
    assert keys == [
        ("threshold", "", True), ("threshold", "", False), ("rcr", "", True), ("rcr", "", False),
        ("threshold", "dual", True), ("threshold", "dual", False),
    ]  # fmt: skip
    assert all(line["tokens_per_forward"] > 1 and line["forwards"] >= 1 for line in kept)
    assert kept[4]["kept"] > 0 == kept[0]["kept"]
    again = CliRunner().invoke(app, [*arguments, "--minutes", "0"])
    assert again.exit_code == 0, again.stderr
    assert len((tmp_path / "policies.jsonl").read_text().splitlines()) == 6
    assert again.stdout.count("| threshold |") == 4
    assert "<svg" in (tmp_path / "policies.svg").read_text()
