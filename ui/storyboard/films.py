"""The Storyboard's first page: the visitor's films, and the way to a new one."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from studio.films.film import Film
from ui.storyboard.board import first_words
from ui.storyboard.parts import script, signals
from ui.words.film_words import WORDS

SKETCH = '<div class="sketch" aria-hidden="true" data-act="create"><i></i><i></i><i></i></div>'
"""What a film is, in three empty scenes; a click on them is one on the button above."""


def films(listed: Sequence[Film], up: str = "") -> str:
    """The way to a new film, and those that are there."""
    cards = "".join(_card(film, up) for film in listed)
    known = f'<h2 class="mine">{WORDS.films}</h2><ul class="films">{cards}</ul>'
    return f"""<main id="films" tabindex="-1"><h2 class="lead">{WORDS.lead}</h2>
<div class="start"><button class="primary" data-act="create">{WORDS.start}</button>
{script("", WORDS.from_script)}</div>{known if listed else SKETCH}{signals()}</main>"""


def _card(film: Film, up: str) -> str:
    jobs = [job for scene in film.scenes if (job := film.job(scene)) and job.poster][:3]
    strip = "".join(
        f'<img src="{up}v1/videos/{escape(job.id)}/content?variant=thumbnail" alt="" '
        'loading="lazy">'
        for job in jobs
    )
    facts = [_count(len(film.scenes)), *([WORDS.put_together] if film.stitched else [])]
    return (
        f'<li><a class="card" href="{up}storyboard/{escape(film.id)}">'
        f'<span class="strip">{strip}</span>'
        f"<b>{escape(film.name or first_words(film) or WORDS.unnamed)}</b>"
        f"<span>{' · '.join(facts)}</span></a></li>"
    )


def _count(scenes: int) -> str:
    return WORDS.one_scene if scenes == 1 else WORDS.scenes_n.format(n=scenes)
