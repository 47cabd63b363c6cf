#!/usr/bin/env python3
"""Compares what came out of a stress folder with what must: compare.py FOLDER ROWS CLEAN_ROWS.

Prints a table of kinds and outcomes, then every deviation; exit code 1 if there is any.
"""

import collections
import csv
import json
import sys
from pathlib import Path

folder, rows, clean = Path(sys.argv[1]), *sys.argv[2:4]
with open(folder / "manifest.csv", encoding="utf-8", newline="") as file:
    wanted = {at: row for at, row in enumerate(csv.DictReader(file), start=2)}


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def outcomes(row):
    """Returns every name that the row's outcome goes by."""
    if row["status"] == "failed":
        return {"failed:" + row["error"]["kind"]}
    return {"warned:" + w["code"] for w in row["warnings"]} | {"scored"}


deviations = []
got, seen = collections.defaultdict(collections.Counter), set()
clean = {row["call_id"]: row for row in read(clean)}
for row in read(rows):
    line = row["line"]
    if line in seen or line not in wanted:
        deviations.append(f"line {line}: more than one row, or of no call")
        continue
    seen.add(line)
    want = wanted[line]
    kind, expected = want["kind"], set(want["expected"].split("|"))
    if kind == "good":
        same = {k: v for k, v in row.items() if k != "line"} == {k: v for k, v in clean[row["call_id"]].items() if k != "line"}
        names = {"as in a clean run" if same else "another than in a clean run"}
        expected = {"as in a clean run"}
    else:
        names = outcomes(row)
    got[kind][" + ".join(sorted(names & expected or names))] += 1
    if not names & expected or "failed:internal" in names:
        told = row.get("error") or row["warnings"]
        deviations.append(f"{want['call_id']} (line {line}): wanted {want['expected']}, got {sorted(names)}: {str(told)[:300]}")
deviations += [f"{row['call_id']} (line {at}): no row" for at, row in wanted.items() if at not in seen]
for kind, counts in sorted(got.items()):
    print(f"{kind:24} " + ", ".join(f"{name} {n}" for name, n in counts.most_common()))
for text in deviations:
    print("DEVIATION", text)
sys.exit(bool(deviations))
