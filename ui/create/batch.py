"""Many at once: lines, CSV or pictures become requests, each checked and priced before anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

from studio.jobs.jobs import MOST_IN_A_BATCH
from studio.jobs.offer import Offer
from ui.create.choices import fit
from ui.create.draft import Draft, read
from ui.figures import money
from ui.words.sentences import spoken
from ui.words.words import WORDS
from veo_client.errors import Problem, RequestError, VeoError
from veo_client.models import ModelTable
from veo_client.request import VideoRequest

ALIASES = {"seconds": "duration"}
PICTURES = ("first_frame", "last_frame")
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
COLUMNS = (
    *("prompt", "model", "duration", "aspect_ratio", "resolution", "negative_prompt", "seed"),
    *("generate_audio", "person_generation", "number_of_videos", *PICTURES),
)


@dataclass(frozen=True)
class Line:
    """One line of a batch: a request with its price, or what is wrong with it."""

    prompt: str
    request: VideoRequest | None = None
    model: str = ""
    price: float | None = None
    trouble: str = ""


@dataclass(frozen=True)
class Batch:
    """All lines, in their order."""

    lines: tuple[Line, ...]
    trouble: str = ""
    """What is wrong with the whole."""

    @property
    def requests(self) -> tuple[VideoRequest, ...]:
        """What to send; empty while anything is wrong."""
        if self.trouble or any(line.trouble for line in self.lines):
            return ()
        return tuple(line.request for line in self.lines if line.request)

    @property
    def count(self) -> int:
        return sum(request.number_of_videos for request in self.requests)


def batch_of(
    sent: Mapping[str, Any], draft: Draft, offer: Offer, table: ModelTable, uploads: Path
) -> Batch:
    """What a browser sent: ``text``, ``pictures`` (name, file) and the prompt of the composer.

    Blocking: reads pictures. What a line does not say is as in the composer.
    """
    named = sent.get("pictures")
    pictures = {
        str(one.get("name")): str(one.get("file"))
        for one in (named if isinstance(named, list) else [])[:MOST_IN_A_BATCH]
        if isinstance(one, Mapping)
    }
    try:
        written = list(_written(str(sent.get("text") or "")[:500_000], pictures))
    except RequestError as error:
        return Batch((), str(error))
    if not written and pictures:
        prompt = str(sent.get("prompt") or "")
        written = [{"prompt": prompt, "first_frame": file} for file in pictures.values()]
    base = {key: kept for key, kept in draft.items() if key not in ("way", "parent", "also")}
    lines = tuple(_line(row, base, offer, table, uploads) for row in written)
    batch = Batch(lines, "" if lines else WORDS.make.batch_empty)
    if batch.count > MOST_IN_A_BATCH:
        return replace(
            batch, trouble=WORDS.make.too_many.format(most=MOST_IN_A_BATCH, n=batch.count)
        )
    return batch


def _written(text: str, pictures: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Each line as fields. Raises RequestError for a column that nobody knows."""
    text = text.lstrip("\ufeff").strip()
    head = [_column(cell) for cell in next(csv.reader(io.StringIO(text)), [])]
    if "prompt" not in head:
        yield from ({"prompt": line.strip()} for line in text.splitlines() if line.strip())
        return
    for name in head:
        if name not in COLUMNS:
            known = ", ".join(COLUMNS)
            raise RequestError(
                Problem("prompt", WORDS.make.bad_column.format(name=name[:40], known=known))
            )
    for row in list(csv.reader(io.StringIO(text)))[1:]:
        cells = zip(head, (cell.strip() for cell in row), strict=False)
        fields: dict[str, Any] = {name: cell for name, cell in cells if cell}
        if fields:
            yield {
                name: pictures.get(cell, cell) if name in PICTURES else cell
                for name, cell in fields.items()
            }


def _column(cell: str) -> str:
    name = cell.strip().lower().replace(" ", "_")
    return ALIASES.get(name, name)


def _line(
    row: Mapping[str, Any], base: Draft, offer: Offer, table: ModelTable, uploads: Path
) -> Line:
    """One request, as strict as a program's: what a line says is never moved."""
    prompt = str(row.get("prompt", ""))
    given = {name: value for name, value in row.items() if name != "prompt"}
    try:
        if "generate_audio" in given:
            given["generate_audio"] = _flag(given["generate_audio"])
        asked = read(prompt, {**base, **given}, uploads)
        model, _ = table.resolve(asked.model, offer.providers)
        said = {name: getattr(asked, name) for name in given if name != "model"}
        fitted = fit(asked, model, next(iter(said), None)).request
        request = replace(fitted, **said)
        replace(request, number_of_videos=1).checked(model)
    except VeoError as error:
        return Line(prompt, trouble=str(error))
    return Line(prompt, request, model.label, request.cost(model))


def _flag(text: str) -> bool:
    if text.lower() not in FLAGS:
        raise RequestError(
            Problem("generate_audio", WORDS.make.bad_flag.format(name="generate_audio"))
        )
    return FLAGS[text.lower()]


# Drawing. Everything from outside passes through escape().


def fold(checked: str = "", press: str = "", *, opened: bool = False) -> str:
    """The box for many prompts; ``checked``: what came of a look at them, drawn.

    ``press``: the word of that look, by which the page knows what was priced. No two are the same,
    so the page also draws an answer that it has had before.
    """
    words = WORDS.make
    return (
        f'<details class="more"{" open" if opened else ""}><summary>{words.batch}</summary>'
        '<form autocomplete="off">'
        f'<label class="field"><span>{words.batch_lines}</span>'
        f'<textarea name="lines" rows="5" dir="auto" spellcheck="false"></textarea></label>'
        f'<p class="hint">{words.batch_hint}</p>'
        f'<label class="file"><span>{words.batch_files}</span><input type="file" multiple '
        f'accept=".csv,.txt,text/csv,text/plain,image/*"></label><p class="added"></p>'
        f'<button type="submit" class="button">{words.batch_look}</button></form>'
        f'<div class="checked" role="status" data-press="{escape(press)}">{checked}</div></details>'
    )


def table_of(batch: Batch, offer: Offer) -> str:
    """Every line with its price or its trouble, and one button for all."""
    words = WORDS.make
    rows = "".join(_row(n, line, offer) for n, line in enumerate(batch.lines, 1))
    table = (
        f'<div class="lines" tabindex="0" role="group" aria-label="{words.batch_lines}"><table>'
        f"<thead><tr><th>{words.batch_columns}</th><th>{WORDS.prompt}</th>"
        f"<th>{WORDS.model}</th><th>{WORDS.seconds}</th><th>{words.batch_price}</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )
    trouble = batch.trouble or ("" if batch.requests else words.batch_errors)
    end = (
        f'<p class="problem" role="alert">{spoken(trouble)}</p>'
        if trouble
        else f'<button type="button" class="button main" data-order>{_label(batch, offer)}</button>'
    )
    return (table if rows else "") + end


def _row(n: int, line: Line, offer: Offer) -> str:
    prompt = f'<td dir="auto">{escape(line.prompt[:200])}</td>'
    if not line.request:
        sentence = spoken(line.trouble) if line.trouble else ""
        return f'<tr class="wrong"><td>{n}</td>{prompt}<td colspan="3">{sentence}</td></tr>'
    price = WORDS.make.free if offer.simulated else money(line.price)
    many = line.request.number_of_videos
    seconds = f"{many} x {line.request.duration}" if many > 1 else str(line.request.duration)
    return (
        f"<tr><td>{n}</td>{prompt}<td>{escape(line.model)}</td><td>{seconds}</td>"
        f"<td>{price}</td></tr>"
    )


def _label(batch: Batch, offer: Offer) -> str:
    prices = [line.price for line in batch.lines]
    known: Sequence[float] = [price for price in prices if price is not None]
    total = money(sum(known) if len(known) == len(prices) else None)
    price = WORDS.free if offer.simulated else WORDS.about.format(price=total)
    many = batch.count
    does = WORDS.generate if many == 1 else WORDS.generate_many.format(n=many)
    return f"{does} · {price}"
