"""How it looks: style.css, handed out with Gradio's own variables so that nothing flashes."""

from __future__ import annotations

import gradio as gr

from ui.asset import asset

STYLE = asset("style.css")
CREATE = asset("create.css")
FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
"""What the visitor's machine has: no font is fetched, from us or from anybody."""
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect "
    "width='32' height='32' rx='8' fill='%23141517'/%3E%3Cpath d='M11 8.5v15l13-7.5z' "
    "fill='%23f0b054'/%3E%3C/svg%3E"
)
HEAD = f'<link rel="icon" type="image/svg+xml" href="{ICON}">'


class _Styled(gr.themes.Base):
    """A theme with our style sheet in the same file, and there once.

    Gradio's ``custom_css`` would bring it three times, twice as the value of a variable.
    """

    def _get_theme_css(self) -> str:
        variables = super()._get_theme_css()  # type: ignore[no-untyped-call]
        return f"{variables}\n{STYLE}\n{CREATE}"


def theme() -> gr.themes.Base:
    """Gradio's plainest theme with our room."""
    plain = _Styled(font=FONT, font_mono=("ui-monospace", "Consolas", "monospace"))
    return plain.set(
        body_background_fill="#efede9",
        body_background_fill_dark="#111214",
        body_text_color="#1b1c1e",
        body_text_color_dark="#eceae6",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_padding="0px",
        block_shadow="none",
        block_shadow_dark="none",
        form_gap_width="0px",
        layout_gap="0px",
    )
