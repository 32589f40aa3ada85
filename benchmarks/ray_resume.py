"""A Ray Data job over some thousand documents whose worker is killed, then the job itself, and which is started again.

``python benchmarks/ray_resume.py --documents 2000`` prints the table of ``results/ray_resume.md``: rows by run, and
whether every input has exactly one answer.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema

from latticework.integrations.ray import LatticeworkStage, Processor, ProcessorConfig, run_job

SCHEMA = {
    "type": "object",
    "properties": {"paid": {"type": "boolean"}, "kind": {"enum": ["invoice", "reminder", "other"]}},
    "required": ["paid", "kind"],
    "additionalProperties": False,
}


def documents(count: int) -> list[dict[str, Any]]:
    """Short mails; every 97th is empty, which is an error of its own."""
    kinds = ("Invoice", "Reminder", "Note")
    texts = (f"{kinds[n % 3]} no. {n}: it is {'paid' if n % 2 else 'open'} since May." for n in range(count))
    return [{"id": n, "text": "" if n % 97 == 96 else text} for n, text in enumerate(texts)]


def job(address: str, folder: Path, count: int) -> None:
    """One run; the first worker that meets the document a quarter of the way in kills itself."""
    import ray

    ray.init(address=address, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    fatal, mark = count // 4, folder / "worker-killed"

    class Dying(LatticeworkStage):
        def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
            if fatal in batch["id"].tolist() and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__call__(batch)

    options = {"max_tokens": 24, "threshold": 0.0, "block_length": 24}  # one forward: the point is the job
    config = ProcessorConfig(schema=SCHEMA, sampling_params=options, batch_size=32, concurrency=2)
    dataset = ray.data.from_items(documents(count), override_num_blocks=max(4, count // 64))
    made = run_job(
        dataset, Processor(config, stage=Dying), folder / "out", key="id", file_format="jsonl", rows_per_file=64
    )
    print(json.dumps({"written": made.written, "errors": made.errors, "earlier": made.earlier}))


def parts(folder: Path) -> list[Path]:
    return sorted((folder / "out").glob("part-*.jsonl"))


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for part in parts(folder) for line in part.read_text(encoding="utf-8").splitlines()]


def table(count: int, folder: Path, address: str) -> str:
    command = [sys.executable, __file__, "--documents", str(count), "--address", address, "--folder", str(folder)]
    lines = ["| run | ended by | rows before | rows after | seconds |", "| --- | --- | --- | --- | --- |"]
    begun = time.monotonic()
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while first.poll() is None and 64 * len(parts(folder)) < count // 2:
        time.sleep(0.2)
    first.kill()
    first.wait()
    half = len(rows(folder))
    lines.append(f"| 1 | SIGKILL to the job (a worker before it) | 0 | {half} | {time.monotonic() - begun:.0f} |")
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    made = json.loads(done.stdout.splitlines()[-1])
    lines.append(
        f"| 2 | itself | {made['earlier']} | {made['earlier'] + made['written']} | {time.monotonic() - begun:.0f} |"
    )
    found = rows(folder)
    times = Counter(row["id"] for row in found)
    good = [row for row in found if row["status"] == "ok"]
    for row in good:
        jsonschema.validate(json.loads(row["value"]), SCHEMA)
    lines += [
        "",
        f"{count} inputs; {sum(times[n] == 1 for n in range(count))} with exactly one answer, "
        f"{sum(times[n] == 0 for n in range(count))} lost, {sum(value > 1 for value in times.values())} repeated. "
        f"A worker was killed: {'yes' if (folder / 'worker-killed').exists() else 'no'}. {len(good)} answers are valid "
        f"documents, {len(found) - len(good)} are errors (the empty texts among the inputs: {count // 97}).",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--address", help="of a cluster that runs already; used for the runs of the job")
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.address:
        job(arguments.address, arguments.folder, arguments.documents)
        return
    import ray

    cluster = ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200 << 20)
    with tempfile.TemporaryDirectory() as folder:
        print(table(arguments.documents, Path(folder), cluster.address_info["gcs_address"]))
    ray.shutdown()


if __name__ == "__main__":
    main()
