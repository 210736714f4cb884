"""Where files are kept: whole or not at all, and found again by their key."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.storage import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    storage = Storage(tmp_path / "outputs")
    storage.prepare()
    return storage


async def test_a_file_of_this_machine_is_moved_in_and_lent_out(
    storage: Storage, tmp_path: Path
) -> None:
    made = tmp_path / "film.mp4"
    made.write_bytes(b"film")
    await storage.adopt(made, "videos/one.mp4")
    assert not made.exists()
    async with storage.local("videos/one.mp4") as path:
        assert path.read_bytes() == b"film"
    with pytest.raises(FileNotFoundError):
        async with storage.local("videos/two.mp4"):
            pass
