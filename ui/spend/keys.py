"""The API keys of one person, drawn: a list, a form for another one, and its word shown once.

Pure functions to HTML; spend.js sends what is asked for to /v1/tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape

from studio.entry.tokens import Token
from ui.figures import short
from ui.words.spend_words import WORDS

DAYS = (7, 30, 90, 365)
"""How long a key may last; USUAL is chosen already."""
USUAL = 90


def keys(tokens: Iterable[Token], now: datetime) -> str:
    """The section with its list, which the script draws anew after each change."""
    rows = "".join(_row(token, now) for token in tokens)
    listed = f"<ul>{rows}</ul>" if rows else f'<p class="none">{WORDS.no_keys}</p>'
    return f"""<section aria-labelledby="api-keys"><h3 id="api-keys">{WORDS.keys}</h3>
<div class="panel" id="keys"><p class="hint">{WORDS.keys_help}</p>
<div class="list">{listed}</div>{_form()}
<div class="word" hidden><label for="key-word">{WORDS.key_word}</label>
<div><input id="key-word" readonly spellcheck="false" autocomplete="off">
<button type="button" class="button" data-copy>{WORDS.key_copy}</button></div></div>
<p role="status" data-silent="{WORDS.key_silent}" data-copied="{WORDS.key_copied}"
 data-marked="{WORDS.key_marked}" data-made="{WORDS.key_made}" data-gone="{WORDS.key_gone}"></p>
</div></section>"""


def _row(token: Token, now: datetime) -> str:
    name = escape(token.name)
    over = token.expires_at <= now
    ends = (WORDS.key_over if over else WORDS.key_expires).format(day=_day(token.expires_at))
    used = WORDS.key_used.format(day=_day(token.used_at)) if token.used_at else WORDS.key_unused
    made = WORDS.key_born.format(day=_day(token.created_at))
    label = escape(WORDS.key_revoke_one.format(name=token.name))
    return f"""<li><p><b>{name}</b><span class="hint">{made} · {used} · {ends}</span></p>
<details class="more"><summary aria-label="{label}">{WORDS.key_revoke}</summary>
<p class="hint">{WORDS.key_revoke_help}</p>
<button type="button" class="button" data-revoke="{escape(token.id)}">{WORDS.key_revoke_yes}
</button></details></li>"""


def _form() -> str:
    options = "".join(
        f'<option value="{days}"{" selected" if days == USUAL else ""}>'
        f"{WORDS.key_days.format(n=days)}</option>"
        for days in DAYS
    )
    return f"""<form><label>{WORDS.key_name}
<input name="name" required maxlength="80" autocomplete="off" placeholder="{WORDS.key_example}">
</label><label>{WORDS.key_lasts}<select name="days">{options}</select></label>
<button class="button">{WORDS.key_make}</button></form>"""


def _day(moment: datetime) -> str:
    return f"{short(moment.date())} {moment.year}"
