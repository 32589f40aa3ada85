"""``latticework serve`` as a process: it starts, finishes what runs after SIGTERM, and ends well."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading

import httpx
from typer.testing import CliRunner

from latticework.cli import app

MAIN = "from latticework.cli import main; main()"
SLOW = {
    "model": "mine",
    "prompt": "hello there",
    "max_tokens": 44,
    "block_length": 1,
    "structured_outputs": {"regex": "[a-z]{40}"},
}


def test_a_signal_lets_running_requests_finish() -> None:
    command = [sys.executable, "-c", MAIN, "serve", "--port", "0", "--name", "mine", "--api-key", "k"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = ""
        for line in process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                url = found.group()
                break
        threading.Thread(target=process.stderr.read, daemon=True).start()
        with httpx.Client(base_url=url, headers={"authorization": "Bearer k"}, timeout=60, verify=False) as client:
            with client.stream("POST", "/v1/completions", json=SLOW | {"stream": True}) as answer:
                lines = answer.iter_lines()
                next(lines)
                process.send_signal(signal.SIGTERM)
                rest = [line for line in lines if line]
            assert rest[-1] == "data: [DONE]"
            assert '"finish_reason":"stop"' in rest[-2]
        assert process.wait(30) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_wrong_usage_is_said_before_a_model_is_loaded() -> None:
    assert CliRunner().invoke(app, ["serve", "--log-level", "loud"]).exit_code == 2
    assert CliRunner().invoke(app, ["serve", "--max-batch", "0"]).exit_code == 2
    assert CliRunner().invoke(app, ["serve", "--cache", "fridge"]).exit_code == 2
    assert CliRunner().invoke(app, ["serve", "--cache-option", "block=8"]).exit_code == 2
    assert CliRunner().invoke(app, ["serve", "--model", "no/such/folder"]).exit_code == 1
