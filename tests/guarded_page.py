"""A Gradio page with the widgets and scripts that ours has, behind the guard: a process of its own.

Started by tests with ``python -m tests.guarded_page``; it listens where GRADIO_SERVER_PORT says.
"""

from __future__ import annotations

import gradio as gr
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from studio.guard import Guard


async def private(request: Request) -> Response:
    """Something that only the page itself may read."""
    del request
    return JSONResponse({"secret": 1})


with gr.Blocks() as demo:
    gr.BrowserState("", storage_key="k", secret="s")
    prompt = gr.Textbox(label="Prompt")
    gr.Image(type="filepath", label="First frame")
    said = gr.HTML(elem_id="said")
    gr.Video(interactive=False)
    gr.HTML(
        html_template="<button class=mine>${value}</button>",
        value="press",
        js_on_load="element.querySelector('.mine').onclick = () => window.pressed = true",
    )
    gr.Button("Go").click(str, prompt, said, api_name="go")
    gr.Button("Shout").click(None, prompt, prompt, js="text => text + '!'")

if __name__ == "__main__":
    demo.launch(
        run_history=False,
        js="() => { window.ours = true }",
        app_kwargs={
            "middleware": [Middleware(Guard)],
            "routes": [Route("/healthz", private), Route("/private", private)],
        },
    )
