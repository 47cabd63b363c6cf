"""The notebook runs from its first cell to its last."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "python" / "examples" / "from_archive_to_model.ipynb"

#: Where `cargo build --release --example simulate_archive` puts it.
SIMULATOR = ROOT / "target" / "release" / "examples" / "simulate_archive"


@pytest.fixture
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def test_it_is_kept_without_what_it_once_showed(notebook):
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


def test_it_runs(notebook, tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("sklearn")
    if not Path(os.environ.get("CALLCSI_ARCHIVE", tmp_path / "none"), "manifest.csv").exists():
        if not SIMULATOR.exists():
            pytest.skip("neither CALLCSI_ARCHIVE nor target/release/examples/simulate_archive is there")
        folder = tmp_path / "archive"
        subprocess.run([SIMULATOR, "--calls", "3000", "--seed", "7", "--out", folder], check=True)
        monkeypatch.setenv("CALLCSI_ARCHIVE", str(folder))
    # The kernel imports what this process does, installed or not.
    import callcsi

    paths = [str(Path(callcsi.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in paths if path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    # Threads that wait for one another in turns, beside other work on as many cores, take minutes.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOK.parent)}}
    )
    # A cell that fails fails the test, and says which it was.
    done = client.execute()
    shown = [set(output.get("data", {})) for cell in done.cells for output in cell.get("outputs", [])]
    # The call is shown by its picture, the model by its card.
    assert any("text/html" in data for data in shown) and any("text/markdown" in data for data in shown)
    assert not any(
        output.get("name") == "stderr" for cell in done.cells for output in cell.get("outputs", [])
    ), "a warning is shown"
