"""Cold and warm start: from a fresh process to the first constrained answer.

*Cold* runs with an empty Numba cache, *warm* with the cache the cold run filled. Each stage is timed
inside the child process; the total is the wall time of the whole process.
Run: ``python benchmarks/start_up.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time

from common import machine, table, write_result

CHILD = """
import json, time
marks = [("start", time.perf_counter())]
import latticework as lw
marks.append(("import latticework", time.perf_counter()))
model = lw.load("embedded")
marks.append(("load the embedded model", time.perf_counter()))
schema = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 40}, "age": {"type": "integer"}},
          "required": ["name", "age"]}
result = model.generate("Ada Byron is 36 years old.", lw.json_schema(schema))
marks.append(("first answer", time.perf_counter()))
result = model.generate("Ada Byron is 36 years old.", lw.json_schema(schema))
marks.append(("second answer", time.perf_counter()))
print(json.dumps([(name, at - before) for (name, at), (_, before) in zip(marks[1:], marks)]))
"""


def run(cache: str) -> tuple[list[tuple[str, float]], float]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", CHILD], env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout), time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as cache:
        runs = {"cold": run(cache), "warm": run(cache)}
    names = [name for name, _ in runs["cold"][0]]
    rows = [[kind, *(seconds for _, seconds in stages), total] for kind, (stages, total) in runs.items()]
    header = ["", *(f"{name}, s" for name in names), "whole process, s"]
    write_result("start_up", f"# Start-up\n\n{machine()}\n\n{table(header, rows)}")


if __name__ == "__main__":
    main()
