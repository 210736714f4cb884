"""Short texts around the page: the banner, what is wrong with a request, that it was sent."""

from __future__ import annotations

import secrets
from html import escape

from studio.access import Visitor
from studio.jobs.offer import Offer
from ui.entry.login_page import signed_in
from ui.entry.own_key import key_line
from ui.words.sentences import spoken
from ui.words.words import WORDS
from veo_client.errors import RequestError, VeoError

GET_A_KEY = "https://aistudio.google.com/apikey"


def banner(offer: Offer, visitor: Visitor) -> str:
    """Why videos are simulated and how to get real ones; that the disk forgets."""
    lines = []
    if offer.why:
        link = f' <a href="{GET_A_KEY}" target="_blank" rel="noopener">{WORDS.get_a_key}</a>'
        lines.append(spoken(offer.why) + (link if offer.simulated and visitor.trusted else ""))
    if own := key_line(offer, visitor):
        lines[-1:] = [f"{lines[-1]} {own}"] if lines else [own]
    if offer.temporary:
        lines.append(escape(WORDS.temporary))
    return "".join(f"<p>{line}</p>" for line in lines) + signed_in(visitor)


def recover() -> str:
    """A folded box that takes an id."""
    return f"""<details class="more"><summary>{WORDS.recover}</summary>
<form class="recover" data-act="recover" autocomplete="off">
<label class="field"><span>{WORDS.recover_hint}</span>
<input name="id" required maxlength="500"></label>
<button class="quiet" type="submit">{WORDS.recover_go}</button>
<p class="hint">{WORDS.recover_help}</p></form></details>"""


def notices() -> str:
    """What may happen when a video is done; seen while there is one under way."""
    words = WORDS.make
    return (
        f'<div role="group" aria-label="{words.when_done}" data-done="{words.done_notice}" '
        f'data-refused="{words.notice_refused}" data-away="{words.away}" data-lost="{words.lost}">'
        f"<span>{words.when_done}</span>"
        f'<label><input type="checkbox" name="tone"> {words.tone}</label>'
        f'<label><input type="checkbox" name="notice"> {words.notice}</label>'
        '<span role="status"></span></div>'
    )


def rename() -> str:
    """Dialogs that ask for a name and show a link; closed until a button opens one."""
    words = WORDS.make
    return f"""<dialog aria-label="{words.rename_title}"><form method="dialog" autocomplete="off">
<label class="field"><span>{words.rename_title}</span>
<input name="name" maxlength="200" placeholder="{words.rename_hint}"></label>
<div class="actions"><button class="button" type="submit">{words.save}</button>
<button class="quiet" type="button" data-close>{words.back}</button></div></form></dialog>
<dialog class="share" aria-label="{words.share}"><form method="dialog" autocomplete="off">
<label class="field"><span>{words.share_hint}</span><input name="link" readonly></label>
<p role="status" data-copied="{words.copied}" data-gone="{words.unshared}"></p>
<div class="actions"><button class="button" type="button" data-copy>{words.copy}</button>
<button class="quiet" type="button" data-unshare>{words.unshare}</button>
<button class="quiet" type="submit">{words.close}</button></div></form></dialog>"""


def problem(error: VeoError) -> str:
    """What is wrong and what to do; names the fields it is about."""
    fields = [each.field for each in error.problems] if isinstance(error, RequestError) else []
    return (
        f'<p class="problem" role="alert" data-fields="{escape(" ".join(fields))}">'
        f"{spoken(str(error))}</p>"
    )


def sent(*, over: bool = False) -> str:
    """Nothing to see: it tells the page's script that the prompt has been sent.

    ``over``: what was said is not for the next, so the box is emptied.
    """
    return f'<p data-sent="{secrets.token_hex(4)}"{" data-over" if over else ""} hidden></p>'
