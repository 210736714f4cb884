"""A bare Gradio page with the widgets of Create: what the page is held against."""

from __future__ import annotations

import gradio as gr

with gr.Blocks(analytics_enabled=False) as demo, gr.Row():
    with gr.Column():
        prompt = gr.Textbox(label="Prompt", lines=5)
        with gr.Row():
            pictures = [gr.Image(label=name) for name in ("First frame", "Last frame", "Reference")]
        gr.Dropdown(["Veo 3.1", "Veo 3.1 Fast", "Gemini Omni Flash"], label="Model")
        gr.Radio(["16:9", "9:16"], label="Aspect ratio")
        gr.Radio(["720p", "1080p", "4k"], label="Resolution")
        gr.Radio([4, 6, 8], label="Seconds")
        with gr.Accordion("More settings", open=False):
            gr.Textbox(label="Negative prompt")
            gr.Number(label="Seed")
            gr.Checkbox(label="Sound")
            gr.Slider(1, 16, label="Videos")
        go = gr.Button("Generate", variant="primary", elem_id="go")
    with gr.Column():
        video = gr.Video(label="Video", interactive=False)
        gr.Gallery(label="Library", interactive=False)
    go.click(lambda _: None, prompt, video)

if __name__ == "__main__":
    demo.launch(run_history=False)
