"""The log's lines: as JSON for programs, and without prompts unless they are asked for."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from studio.jobs.events import working_on
from studio.jobs.job import Job
from studio.settings import Settings

OURS = ("studio", "veo_client", "ui", "app")
"""The loggers of this app; libraries log for themselves, and less."""


def set_up(settings: Settings) -> None:
    """Give the log the form that the settings ask for; as text it stays Python's own.

    Where people sign in, what is written down of that is shown as text too.
    """
    if settings.log_format == "json":
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines(with_prompts=settings.log_prompts))
        logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
        for chatty in ("httpx", "httpx2", "azure", "google_genai", "alembic"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
    elif settings.login.wanted:
        journal, lines = logging.getLogger("studio.entry.journal"), logging.StreamHandler()
        lines.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        journal.addHandler(lines)
        journal.setLevel(logging.INFO)


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, logger, message, and whose job it is about."""

    def __init__(self, *, with_prompts: bool) -> None:
        super().__init__()
        self._with_prompts = with_prompts

    def format(self, record: logging.LogRecord) -> str:
        clean = cleaned(record, with_prompts=self._with_prompts)
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": clean.getMessage(),
            **{name: value for name in _ADDED if (value := getattr(clean, name, None))},
        }
        return json.dumps(told, ensure_ascii=False)


_ADDED = ("job", "trace_id", "prompt", "exception", "event", "who", "called", "address", "about")


def cleaned(record: logging.LogRecord, *, with_prompts: bool) -> logging.LogRecord:
    """A copy that names the job and its trace; a prompt that got into its text is struck out."""
    job = working_on.get()
    text = record.getMessage()
    cause = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
    if job and not with_prompts:
        text, cause = _without(job, text), _without(job, cause)
    facts = {name: value for name, value in vars(record).items() if name not in _REPLACED}
    copy = logging.makeLogRecord({**facts, "msg": text, "args": None, "exc_info": None})
    if cause:
        copy.exception = cause
    if job:
        copy.job = job.id
        if job.trace:
            copy.trace_id = trace_id(job.trace)
        if with_prompts and job.prompt:
            copy.prompt = job.prompt
    return copy


_REPLACED = ("msg", "args", "exc_info", "exc_text")


def trace_id(traceparent: str) -> str:
    """The trace's part of W3C's ``version-trace-span-flags``."""
    return traceparent.split("-")[1]


def _without(job: Job, text: str) -> str:
    """Google may repeat a prompt in what it says of it, in quotes or escaped."""
    for name in ("prompt", "negative_prompt"):
        prompt = str(job.request.get(name) or "")
        for form in (prompt, json.dumps(prompt)[1:-1], repr(prompt)[1:-1]):
            if len(form) > 2:
                text = text.replace(form, f"[{name}]")
    return text
