"""What Gradio remembers of visits, behind our layer and with our forgetting; in this process."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio.routes import App, file_upload_statuses

from ui.visits import LARGEST, Named, Visits, forget

JOIN = "/gradio_api/queue/join"


async def test_a_visit_is_forgotten_once_nothing_is_done_for_it_and_nobody_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its page is not started, so an event waits until it is taken back."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with gr.Blocks(analytics_enabled=False) as page:
        gr.Button().click(lambda: None)
    page.max_file_size = None  # launch() sets it
    here = httpx.ASGITransport(Named(App.create_app(page)))
    async with httpx.AsyncClient(transport=here, base_url="http://here") as client:
        event = {"data": [], "fn_index": 0}
        joined = await client.post(JOIN, json={**event, "session_hash": "a"})
        long, large, odd = [
            (await client.post(JOIN, json={**event, "session_hash": name})).status_code
            for name in ("a" * 65, "a" * LARGEST, ["a"])
        ]
        files = {"files": ("a.txt", b"a")}
        sent = await client.post("/gradio_api/upload?upload_id=a", files=files)
    queue = page._queue
    known = forget(page, forget(page, {}))
    assert [*queue.pending_messages_per_session] == ["a"], "what is under way is not forgotten"
    await queue.remove_from_queue(joined.json()["event_id"])
    known = forget(page, known)
    assert [*queue.pending_event_ids_session] == ["a"], "its browser may be about to listen"
    forget(page, known)
    assert not queue.pending_messages_per_session
    assert not queue.pending_event_ids_session
    assert (long, large, odd) == (400, 413, 400)
    assert sent.status_code == 200
    assert not page.upload_file_set
    assert not file_upload_statuses._statuses


async def test_of_a_visit_only_what_changed_on_its_page_is_kept() -> None:
    with gr.Blocks(analytics_enabled=False) as page:
        box, _ = gr.Textbox("old"), gr.Textbox()
    visits = Visits(page)
    here, there = visits["here"], visits["there"]
    here._update_value_in_config(box._id, "new")
    assert [each["props"]["value"] for each in here.components] == ["new"]
    assert not [*there.components]
    assert there[box._id] is box
    assert page.state_holder is visits
