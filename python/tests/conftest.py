"""What the tests share. They use the installed package and the demonstration archive of the repository."""

import csv
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo"

#: What `cargo build --release --examples` makes; CI sets the folder.
EXAMPLES = pathlib.Path(os.environ.get("CALLCSI_EXAMPLES", ROOT / "target" / "release" / "examples"))


@pytest.fixture(scope="session")
def demo():
    return DEMO


def command(name):
    """Returns the path of a command of the library, or skips the test that wants it."""
    path = EXAMPLES / name
    if not path.exists():
        pytest.skip(f"{path} is not built")
    return str(path)


def by_the_command(manifest, out, *arguments):
    """Scores an archive by the command; returns its rows as CSV cells by column, or JSON lines."""
    told = [command("score_archive"), str(manifest), "--quiet", "--out", str(out), *arguments]
    ended = subprocess.run(told, check=False, capture_output=True, text=True)
    # 1: some calls failed, as two of the demonstration's do.
    assert ended.returncode in (0, 1), ended.stderr
    if str(out).endswith(".csv"):
        with open(out, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    return pathlib.Path(out).read_text(encoding="utf-8").splitlines()


def assert_same(rows, table):
    """Holds that a table has what the rows of CSV have, value for value."""
    assert table.num_rows == len(rows)
    assert table.column_names == list(rows[0])
    for name in table.column_names:
        for cell, value in zip((row[name] for row in rows), table.column(name).to_pylist()):
            if value is None:
                assert cell == "", name
            elif isinstance(value, bool):
                assert cell == ("1" if value else "0"), name
            elif isinstance(value, (int, float)):
                assert type(value)(cell) == value, name
            else:
                assert cell == value, name


def simulated(folder, calls, seed, *arguments):
    """Writes an archive of simulated calls; returns its manifest."""
    told = [command("simulate_archive"), "--out", str(folder), "--calls", str(calls), "--seed", str(seed)]
    subprocess.run([*told, *arguments], check=True, capture_output=True)
    return folder / "manifest.csv"
