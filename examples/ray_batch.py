"""A folder of documents to Parquet with Ray Data: ``python examples/ray_batch.py [FOLDER] [OUTPUT]``.

Kill it and start it again: what has been written stays, and only the other documents are worked on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import ray
from pyarrow import parquet

from latticework.integrations.ray import ProcessorConfig, build_processor, run_job

SCHEMA = {
    "type": "object",
    "properties": {
        "sender": {"type": "string", "maxLength": 40},
        "date": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "amount": {"type": ["number", "null"]},
    },
    "required": ["sender", "date", "amount"],
    "additionalProperties": False,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "documents")
    parser.add_argument("output", nargs="?", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--gpus", type=float, default=0, help="of each worker")
    arguments = parser.parse_args()
    output = arguments.output or Path(tempfile.mkdtemp()) / "answers"

    # Leave the address out to use a cluster that is there.
    ray.init(
        "local",
        include_dashboard=False,
        log_to_driver=False,
        num_cpus=None if arguments.gpus else arguments.workers + 1,
    )
    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = [
        {"name": path.name, "text": path.read_text(encoding="utf-8")} for path in sorted(arguments.folder.glob("*.txt"))
    ]
    config = ProcessorConfig(
        model_source="embedded",
        schema=SCHEMA,
        engine_kwargs={"device": "cuda"} if arguments.gpus else {},
        batch_size=8,
        concurrency=arguments.workers,
        num_gpus=arguments.gpus,
    )
    count = run_job(
        ray.data.from_items(rows),
        build_processor(config),
        output,
        key="name",
        rows_per_file=64,
        on_progress=lambda done, total: print(f"{done} of {total} documents", file=sys.stderr),
    )
    print(f"{count.written} written to {output}, {count.errors} of them errors; {count.earlier} were there already")
    for row in parquet.read_table(output).sort_by("name").slice(length=3).to_pylist():
        print(f"  {row['name']}: {row['value'] or row['error']}")
    ray.shutdown()


if __name__ == "__main__":
    main()
