"""Veo Studio: a prompt and pictures in, a kept video out. Start it with ``python app.py``."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from dotenv import load_dotenv

from studio.logs import set_up
from studio.settings import Settings
from studio.studio import Studio
from veo_client.errors import VeoError

# Gradio reads its own settings when it is imported, so these come first.
load_dotenv(Path(__file__).with_name(".env"))
try:
    settings = Settings.from_env(os.environ)
    set_up(settings)
    studio = Studio(settings)
except (ValueError, VeoError) as error:
    raise SystemExit(f"Veo Studio can't start: {error}") from None
uploads = settings.page_files
os.environ["GRADIO_TEMP_DIR"] = str(uploads)
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# After every event Gradio would make a table of the last 10,000, for a page that is closed here.
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**12))
# The web server under Gradio believes a proxy's word about addresses only where told.
os.environ.setdefault("FORWARDED_ALLOW_IPS", studio.settings.trusted_proxies)

import gradio as gr  # noqa: E402

from ui.blocks import StudioBlocks  # noqa: E402
from ui.create.batch import fold  # noqa: E402
from ui.create.bring import bring  # noqa: E402
from ui.create.create import Create  # noqa: E402
from ui.create.endpoint import add_generate  # noqa: E402
from ui.create.part import in_words, part  # noqa: E402
from ui.create.stage import curtain  # noqa: E402
from ui.create.working import working  # noqa: E402
from ui.frame import head  # noqa: E402
from ui.notes import notices, recover, rename  # noqa: E402
from ui.words.words import WORDS  # noqa: E402

create = Create(studio, uploads)
PATIENCE = 20.0
"""Seconds that steps under way get to end in when the app is stopped; creates get longer."""
KEEP_PROMPT = "(text) => localStorage.setItem('veo-studio.prompt', text)"
KEPT_PROMPT = "() => localStorage.getItem('veo-studio.prompt') || ''"
PRESSED = """(prompt, form) => [
  prompt, { ...form, press: document.querySelector('#go').dataset.press }
]"""
LOOKING = """() => {
  const video = document.querySelector('#screen video')
  return [Boolean(video && !video.paused && !video.muted)]
}"""

with StudioBlocks(studio, uploads) as demo:
    # What is to be seen: the composer beside the stage, the gallery below.
    desk = create.desk
    part("top", lambda: head("create", (WORDS.skip, "screen")))
    banner = part("banner", lambda: desk.at_first()[0])
    with gr.Row(elem_id="room"):
        with gr.Column(elem_id="desk"):
            card = part("card", "", script="stage")
            prompt = gr.Textbox(lines=5, max_lines=14, autofocus=True, elem_id="prompt")
            in_words(prompt, label=lambda: WORDS.prompt, placeholder=lambda: WORDS.prompt_hint)
            offer = part("offer", "", script="guide")
            guide = part("guide", lambda: create.guide.drawn(desk.home()), script="guide")
            form = part(
                "composer",
                lambda: desk.at_first()[1],
                script="composer pictures drop",
                shows="value.html",
            )
            go = gr.Button(variant="primary", elem_id="go")
            in_words(go, value=lambda: desk.at_first()[2])
            message = part("message", "", script="page")
            batch = part("batch", fold, script="batch")
            own = part("bring", bring, script="bring")
            recovery = part("recovery", recover, script="stage")
        with gr.Column(elem_id="stage"):
            cards = part("working", lambda: working(()), script="stage")
            part("notices", notices, script="notices")
            screen = part("screen", curtain(), script="stage")
    posters = part("gallery", "", script="stage")
    dialog = part("dialog", rename, script="rename share")
    tick = part("tick", "", shows="")  # changes whenever there is something new to watch

    # What happens. Each handler is a method of Create, which calls the studio.
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    at_once = quiet | {"queue": False}
    each = at_once | {"trigger_mode": "multiple"}  # also while the one before is on its way
    watch = tick.change(create.watch, tick, cards, trigger_mode="multiple", **quiet)
    watch.success(create.collect, screen, [screen, posters, tick], js=LOOKING, **at_once)
    begins = at_once | {"outputs": [tick, message, cards, screen], "cancels": [watch]}
    desk_parts = [prompt, card, form, go]
    sent = begins | {"outputs": [*begins["outputs"], *desk_parts]}
    go.click(create.submit, [prompt, form], js=PRESSED, **sent)
    screen.retry(create.retry, None, **begins)
    screen.check(create.check, None, **begins)
    screen.recover(create.recover, None, **begins)
    screen.fetch(create.fetch, None, [screen, posters], **quiet)
    recovery.recover(create.recover, None, **begins)
    cards.cancel(create.cancel, None, message, **each)
    queued = each | {"outputs": [tick, message], "cancels": [watch]}
    for act, does in ((cards.pause, create.pause), (cards.resume, create.resume)):
        act(does, None, **queued)
    cards.move(create.move, None, **queued)
    batch.checked(create.check_batch, None, batch, **quiet)
    batch.ordered(create.order_batch, None, **(begins | {"outputs": [*begins["outputs"], batch]}))
    own.brought(create.brought, None, [screen, posters], **at_once)
    guide.rewrite(create.rewrite, None, offer, **quiet)
    guide.draw(create.draw, None, offer, **quiet)
    offer.keep(lambda: "", None, offer, **at_once)
    for where in (message, cards):
        where.back(create.back, None, tick, cancels=[watch], **at_once)
    for where in (posters, card, screen):
        where.show(create.show, None, screen, **each)
    screen.star(create.star, None, [screen, posters, tick], **at_once)
    dialog.rename(create.rename, None, [screen, posters, tick], **at_once)
    screen.dismiss(create.dismiss, None, [screen, posters], **at_once)
    screen.example(create.example, None, prompt, **at_once)
    form.begin(desk.begin, None, desk_parts, trigger_mode="multiple", **at_once)
    form.input(desk.follow, form, desk_parts[1:], trigger_mode="multiple", **at_once)
    prompt.change(None, prompt, None, js=KEEP_PROMPT)
    demo.load(None, None, prompt, js=KEPT_PROMPT)
    screen.ask(create.ask, None, [banner, guide, screen, posters, tick], **at_once)
    demo.arrive = create.arrive
    demo.for_programs = add_generate(create)


def main() -> None:
    """Serve until asked to stop; then let the steps under way end. Asked again: stop at once."""
    asked = threading.Event()
    app, *_ = demo.launch(prevent_thread_lock=True)
    if app is None:  # gradio's reloader runs this file again in a thread of its own
        return
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: asked.set())
    asked.wait()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_DFL)
    demo.drain(PATIENCE)
    demo.close()


if __name__ == "__main__":
    main()
