"""The example notebook runs from a fresh clone, and its videos play where they stand."""

from __future__ import annotations

import base64
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.app_server import ROOT, free_port
from tests.strict_google import StrictGoogle
from tests.test_architecture import tracked
from veo_client import VideoRequest, generate
from veo_client.notebook import Video, show

NOTEBOOK = Path("examples/veo_studio.ipynb")
ROOMS = ("app.py", "ui/", "studio/", "veo_client/", "docs/", "examples/")


def clone(folder: Path) -> Path:
    """Only what a clone would have."""
    for file in tracked():
        name = file.relative_to(ROOT)
        if name.as_posix().startswith(ROOMS):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / name)
    return folder


def shown(cell: Any) -> str:
    """The HTML and text that a cell ends with."""
    data = [output.get("data", {}) for output in cell.outputs]
    return "".join(str(one.get("text/html") or one.get("text/plain", "")) for one in data)


@pytest.mark.slow
def test_the_example_runs_headless_from_a_fresh_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = clone(tmp_path)
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("OUTPUTS_DIR")
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(free_port()))
    book: Any = nbformat.read(code / NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    place = {"metadata": {"path": str((code / NOTEBOOK).parent)}}
    NotebookClient(book, timeout=120, resources=place).execute()
    told = [shown(cell) for cell in book.cells if cell.cell_type == "code"]
    assert "$1.60 by list price, simulated here" in told[1]
    [inline] = re.findall(r'src="data:video/mp4;base64,([^"]+)"', told[2])
    files = [*(code / "examples" / "outputs").glob("*.mp4")]
    assert [file.read_bytes() for file in files] == [base64.b64decode(inline)]
    assert "<iframe" in told[3]
    assert told[4] == "[]"


def test_the_example_is_kept_without_outputs() -> None:
    book: Any = nbformat.read(ROOT / NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(book)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)


async def test_show_takes_events_too_and_what_it_gives_shows_itself(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        asked = VideoRequest(prompt="x", duration=4)
        ways: Any = {"outputs": tmp_path, "credentials": google.omni, "poll_interval": 0.05}
        video = await show(generate(asked, **ways))
        assert [path.read_bytes() for path in video.paths] == [google.video]
        assert base64.b64encode(google.video).decode() in video._repr_html_()
        video.paths[0].unlink()
        assert "not there any more" in video._repr_html_()
    assert "&lt;b&gt;" in Video("1", (), notice="<b>")._repr_html_()
