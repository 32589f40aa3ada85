"""The public JSON-Schema-Test-Suite: what becomes of every group of tests, per draft and keyword.

A group is a schema with valid and invalid instances. It passes when all are told apart; else it is refused, or narrowed
(a valid instance is left out, with or without a narrowing that says so), or an invalid instance is accepted, which must
never happen. The file ``format`` is graded with formats as annotations, all others with formats enforced. Left out is
one optional file, by which draft 7 may assert ``contentMediaType`` and ``contentEncoding``: here they are annotations.
Run: ``python benchmarks/json_schema_suite.py FOLDER`` (a checkout of json-schema-org/JSON-Schema-Test-Suite);
``--check`` compares with the committed counts instead of writing them and exits 1 where one got worse. After writing,
``python benchmarks/json_schema_page.py`` takes the counts into the documentation.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from common import RESULTS, table, write_result
from grading import ACCEPTED, OUTCOMES, PASS, REFUSED, REPORTED, UNREPORTED, compiled, outcome

DRAFTS = {
    "draft4": "http://json-schema.org/draft-04/schema#",
    "draft6": "http://json-schema.org/draft-06/schema#",
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}
LEFT_OUT = {("draft7", "optional/content")}
NAME = "json_schema_suite"
OPTIONS: dict[str, Any] = {"open_objects": True}
ANNOTATIONS = {"format"}

Counts = dict[str, dict[str, dict[str, int]]]  # draft -> file -> outcome -> groups


class Graded(NamedTuple):
    """One group: where it stands, its outcome and, where it is refused, why."""

    draft: str
    file: str
    group: str
    outcome: str
    reason: str


def groups(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Draft, file (without ``.json``) and group of every group of tests.

    Raises:
        SystemExit: the folder is no checkout of the suite.
    """
    for draft in DRAFTS:
        root = folder / "tests" / draft
        if not root.is_dir():
            raise SystemExit(f"{root} is not there: give a checkout of json-schema-org/JSON-Schema-Test-Suite")
        for path in sorted(root.rglob("*.json")):
            file = path.relative_to(root).with_suffix("").as_posix()
            if (draft, file) not in LEFT_OUT:
                yield from ((draft, file, group) for group in json.loads(path.read_text(encoding="utf-8")))


def declared(schema: Any, draft: str) -> Any:
    """The schema with its draft: older suites leave it to the folder."""
    return {"$schema": DRAFTS[draft], **schema} if isinstance(schema, dict) else schema


def grade(draft: str, file: str, group: dict[str, Any]) -> Graded:
    read_as: dict[str, Any] = {"format": "annotation"} if file in ANNOTATIONS else {}
    schema = compiled(declared(group["schema"], draft), **OPTIONS, **read_as)
    tests = [(test["data"], test["valid"]) for test in group["tests"]]
    return Graded(draft, file, group["description"], outcome(schema, tests), schema.reason)


def counts(graded: list[Graded]) -> Counts:
    out: Counts = {}
    for row in graded:
        file = out.setdefault(row.draft, {}).setdefault(row.file, dict.fromkeys(OUTCOMES, 0))
        file[row.outcome] += 1
    return out


def written(found: Counts) -> str:
    """The counts as JSON, a line for each file of the suite; outcomes that no group has are left out."""
    drafts = []
    for draft, files in found.items():
        lines = (
            f"  {json.dumps(file)}: {json.dumps({name: count for name, count in counted.items() if count})}"
            for file, counted in files.items()
        )
        drafts.append(f" {json.dumps(draft)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(drafts) + "\n}\n"


def read(path: Path) -> Counts:
    """The counts that :func:`written` wrote."""
    none = dict.fromkeys(OUTCOMES, 0)
    found = json.loads(path.read_text())
    return {draft: {file: none | counted for file, counted in files.items()} for draft, files in found.items()}


def worse(now: Counts, then: Counts) -> Iterator[str]:
    """What got worse: fewer groups that pass, more that are narrowed in silence or wrongly accepted."""
    for draft, files in then.items():
        for file, before in files.items():
            after = now.get(draft, {}).get(file, dict.fromkeys(OUTCOMES, 0))
            if sum(after.values()) != sum(before.values()):
                yield f"{draft}/{file}: {sum(after.values())} groups, not {sum(before.values())}: another suite?"
            for name, sign in ((PASS, -1), (UNREPORTED, 1), (ACCEPTED, 1)):
                if (after[name] - before[name]) * sign > 0:
                    yield f"{draft}/{file}: {name} {before[name]} -> {after[name]}"


def totals(found: Counts) -> list[list[Any]]:
    """A row a draft: groups, and how many of each outcome."""
    rows = []
    for draft, files in found.items():
        sums = [sum(file[name] for file in files.values()) for name in OUTCOMES]
        rows.append([draft, sum(sums), *sums])
    return rows


def by_file(found: Counts) -> list[list[Any]]:
    """A row for each file that does not pass whole, all drafts together."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for files in found.values():
        for file, counted in files.items():
            sums[file].update(counted)
    return [
        [file, sum(counted.values()), *(counted[name] for name in OUTCOMES)]
        for file, counted in sorted(sums.items())
        if counted[PASS] < sum(counted.values())
    ]


def report(graded: list[Graded]) -> str:
    found = counts(graded)
    lines = [
        "# JSON-Schema-Test-Suite\n",
        f"Groups of tests (one schema each) by outcome; options {OPTIONS}. Formats are enforced, but for the file"
        " `format`, by which they are annotations; remote schemas are not fetched.\n",
        table(["draft", "groups", *OUTCOMES], totals(found)),
        "\nFiles that do not pass whole, all drafts together:\n",
        table(["file", "groups", *OUTCOMES], by_file(found)),
        "\nRefused, by reason:\n",
    ]
    reasons = Counter(row.reason for row in graded if row.outcome == REFUSED)
    lines += [f"- {count} {reason}" for reason, count in reasons.most_common()]
    for name in (ACCEPTED, UNREPORTED, REPORTED):
        lines.append(f"\n{name.capitalize()}:\n")
        described: dict[str, list[str]] = defaultdict(list)
        for row in graded:
            if row.outcome == name:
                described[f"{row.file}: {row.group}"].append(row.draft)
        lines += [f"- {group} ({', '.join(drafts)})" for group, drafts in described.items()] or ["none"]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true", help="compare with the committed counts")
    arguments = parser.parse_args()
    graded = [grade(*group) for group in groups(arguments.folder)]
    found = counts(graded)
    committed = RESULTS / f"{NAME}.json"
    if arguments.check:
        lines = list(worse(found, read(committed)))
        print("\n".join(lines) or "nothing got worse")
        sys.exit(bool(lines))
    committed.write_text(written(found))
    write_result(NAME, report(graded))


if __name__ == "__main__":
    main()
