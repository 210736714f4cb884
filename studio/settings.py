"""Every setting, read once from the environment."""

from __future__ import annotations

import os
import re
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from studio.login import Login, login_from
from veo_client.credentials import Credentials

MOST_DAYS = 36_500
"""A century."""
MINIMUM_DEADLINE = 30
"""Minutes. Omni has been seen to take 15; a shorter deadline would give up paid videos."""

SECRETS = (
    *("GEMINI_API_KEY", "GOOGLE_API_KEY", "SESSION_SECRET", "GOOGLE_WEBHOOK_SECRET"),
    *("DATABASE_URL", "AZURE_STORAGE_CONNECTION_STRING", "QUEUE_URL"),
    *("PASSWORDS", "OIDC_CLIENT_SECRET", "APPLICATIONINSIGHTS_CONNECTION_STRING"),
)
"""What may also come from a file, named by the setting with _FILE behind it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the operator decided; the names in the environment are the same in capitals."""

    outputs_dir: Path = Path("outputs")
    """Everything kept lies here."""
    gradio_temp_dir: str = ""
    """Where the pictures put on the page lie; default: in the outputs folder."""
    database_url: str = ""
    """Default: SQLite in the outputs folder."""
    database_pool: int = 8
    """Connections to it at most; SQLite has its own way."""
    queue_url: str = field(default="", repr=False)
    """redis:// or azurestoragequeues://: workers drive the jobs; default: this process does."""
    storage_url: str = ""
    """az://container, s3://bucket or gs://bucket; default: files in the outputs folder."""
    storage_connection: str = field(default="", repr=False)
    """Azure's connection string, where no other setting of Azure names the account."""
    playback: Literal["link", "app"] = "link"
    """How a video in a blob store reaches the player: straight from there by a signed link that
    soon ends, or through the app."""
    link_minutes: float = 60
    """How long such a link lasts."""
    cdn_url: str = ""
    """The host before the blob store that links lead to in its place."""
    credentials: Credentials = field(default_factory=Credentials)
    """GEMINI_API_KEY, GOOGLE_CLOUD_PROJECT and their kin, by the names of Google's own SDK."""
    stand_in: Literal["auto", "always", "never"] = "auto"
    """Whether videos are simulated: only without credentials, always, or never."""
    share_key: bool = False
    """Whether all who reach the page may spend the owner's key and see the owner's library."""
    models_file: Path | None = None
    """Rows laid over the shipped model table."""
    daily_budget: float | None = None
    """USD a day at most, over all jobs; counted from midnight UTC."""
    monthly_budget: float | None = None
    visitor_daily_budget: float | None = None
    """USD a day that one visitor may spend of the owner's, the owner left out."""
    visitor_jobs: int = 20
    """How many videos of one visitor may be under way, the owner left out; 0: any number."""
    queue_length: int = 10_000
    """How many videos of all may wait to be sent; 0: any number."""
    requests_per_minute: int = 1200
    """Of one visitor; 0: any number. This machine itself is left out."""
    requests_per_minute_per_address: int = 3000
    """Of all visitors from one address; 0: any number."""
    upload_mb: int = 100
    """Megabytes of one request with all its pictures and videos."""
    upload_mb_per_day: int = 2000
    """Megabytes that one visitor may send in a day, the owner left out; 0: any number."""
    upload_mb_per_day_per_address: int = 10_000
    """The same of all visitors from one address."""
    connections_per_address: int = 500
    """Requests and open pages of one address at a time, in each process; 0: any number."""
    jobs_in_flight: int = 1000
    """How many may be at Google at once."""
    submits_per_minute: int = 0
    """How many creates a minute; 0: as many as Google takes."""
    polls_per_second: float = 50
    """Over all jobs together."""
    retention_days: float = 0
    """After so many days a video goes, with all that belongs to it, films too; 0: it stays."""
    input_retention_days: float = 0
    """The same for what requests were made from, where nothing waits for it."""
    temporary_hours: float = 24
    """How long pictures put on the page, and videos lent to programs, lie ready."""
    deadline_minutes: float = 60
    """How long a job is polled by itself; afterwards it is kept and can be checked by hand."""
    page_language: Literal["auto", "en", "de"] = "auto"
    """What the page speaks; auto: as each visitor's browser asks."""
    frame_ancestors: str = ""
    """Further pages that may embed this one, as in a content security policy."""
    application_insights: str = field(default="", repr=False)
    """Where traces, metrics and logs go: the connection string of Application Insights ..."""
    otlp_endpoint: str = ""
    """... or the address of a collector that speaks OTLP over HTTP."""
    log_format: Literal["text", "json"] = "text"
    log_prompts: bool = False
    """Whether prompts may be written to logs and telemetry."""
    login: Login = field(default_factory=Login)
    """Who vouches for people, and who may do what."""
    trusted_proxies: str = ""
    """Addresses or networks of the proxies whose word about a visitor's address counts."""
    public_url: str = ""
    """The address that visitors type, where it differs from what requests say."""
    session_secret: str = field(default="", repr=False)
    """Seals cookies and signs links; default: one made once and kept in the outputs folder."""
    webhooks_to_private: bool = False
    """Whether webhooks may name addresses of the network that the app runs in."""
    google_webhook_secret: str = field(default="", repr=False)
    """Proves Google's own webhooks, which make polling rare; default: they are not taken."""
    temporary_disk: bool = False
    """Whether the outputs folder is known not to outlive the machine."""

    @property
    def page_files(self) -> Path:
        """The folder that Gradio and the page lend files from."""
        return Path(self.gradio_temp_dir or self.outputs_dir / "tmp" / "page").resolve()

    @property
    def database(self) -> str:
        """The address of the database in SQLAlchemy's form."""
        return self.database_url or f"sqlite:///{self.outputs_dir.resolve() / 'studio.db'}"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Raises ValueError with a sentence naming the setting that can't be read."""
        environ = with_files(environ)
        outputs = Path(environ.get("OUTPUTS_DIR") or "outputs")
        models = environ.get("MODELS_FILE")
        return cls(
            outputs_dir=outputs,
            gradio_temp_dir=environ.get("GRADIO_TEMP_DIR", ""),
            database_url=environ.get("DATABASE_URL", ""),
            database_pool=int(_number(environ, "DATABASE_POOL", 8, least=2)),
            queue_url=_queue(environ.get("QUEUE_URL", "")),
            storage_url=environ.get("STORAGE_URL", ""),
            storage_connection=environ.get("AZURE_STORAGE_CONNECTION_STRING", ""),
            playback=_one_of(environ, "PLAYBACK", "link", "app"),
            link_minutes=_number(environ, "LINK_MINUTES", 60, least=1),
            cdn_url=environ.get("CDN_URL", "").rstrip("/"),
            credentials=Credentials.from_env(environ),
            stand_in=_one_of(environ, "STAND_IN", "auto", "always", "never"),
            share_key=_flag(environ, "SHARE_KEY"),
            models_file=Path(models) if models else None,
            daily_budget=_money(environ, "DAILY_BUDGET"),
            monthly_budget=_money(environ, "MONTHLY_BUDGET"),
            visitor_daily_budget=_money(environ, "VISITOR_DAILY_BUDGET"),
            visitor_jobs=int(_number(environ, "VISITOR_JOBS", 20)),
            queue_length=int(_number(environ, "QUEUE_LENGTH", 10_000)),
            requests_per_minute=int(_number(environ, "REQUESTS_PER_MINUTE", 1200)),
            requests_per_minute_per_address=_per_address(
                environ, "REQUESTS_PER_MINUTE_PER_ADDRESS", 3000
            ),
            upload_mb=int(_number(environ, "UPLOAD_MB", 100, least=1)),
            upload_mb_per_day=int(_number(environ, "UPLOAD_MB_PER_DAY", 2000)),
            upload_mb_per_day_per_address=_per_address(
                environ, "UPLOAD_MB_PER_DAY_PER_ADDRESS", 10_000
            ),
            connections_per_address=_per_address(environ, "CONNECTIONS_PER_ADDRESS", 500),
            jobs_in_flight=int(_number(environ, "JOBS_IN_FLIGHT", 1000, least=1)),
            submits_per_minute=int(_number(environ, "SUBMITS_PER_MINUTE", 0)),
            polls_per_second=_number(environ, "POLLS_PER_SECOND", 50, least=0.1),
            retention_days=_number(environ, "RETENTION_DAYS", 0, most=MOST_DAYS),
            input_retention_days=_number(environ, "INPUT_RETENTION_DAYS", 0, most=MOST_DAYS),
            temporary_hours=_number(environ, "TEMPORARY_HOURS", 24, least=1),
            deadline_minutes=_number(environ, "DEADLINE_MINUTES", 60, least=MINIMUM_DEADLINE),
            page_language=_one_of(environ, "PAGE_LANGUAGE", "auto", "en", "de"),
            frame_ancestors=environ.get("FRAME_ANCESTORS", ""),
            application_insights=environ.get("APPLICATIONINSIGHTS_CONNECTION_STRING", ""),
            otlp_endpoint=environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
            log_format=_one_of(environ, "LOG_FORMAT", "text", "json"),
            log_prompts=_flag(environ, "LOG_PROMPTS"),
            login=login_from(environ),
            trusted_proxies=environ.get("TRUSTED_PROXIES", ""),
            public_url=_public_url(environ),
            session_secret=environ.get("SESSION_SECRET", ""),
            webhooks_to_private=_flag(environ, "WEBHOOKS_TO_PRIVATE"),
            google_webhook_secret=environ.get("GOOGLE_WEBHOOK_SECRET", ""),
            temporary_disk=bool(environ.get("SPACE_ID")) and not _on_a_mount(outputs),
        )


def with_files(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment, where each secret's NAME_FILE counts as NAME. Raises ValueError."""
    found: dict[str, str] = {}
    for name in SECRETS:
        place = environ.get(f"{name}_FILE")
        if not place:
            continue
        if environ.get(name):
            raise ValueError(f"{name} and {name}_FILE are both set; leave one of them out.")
        try:
            found[name] = Path(place).read_text("utf-8").strip()
        except (OSError, ValueError):
            raise ValueError(f"The file that {name}_FILE names can't be read.") from None
    return ChainMap(found, cast("dict[str, str]", environ))


def _public_url(environ: Mapping[str, str]) -> str:
    url = environ.get("PUBLIC_URL", "").rstrip("/")
    if url and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url):
        raise ValueError(f"PUBLIC_URL is {url!r}; it has to be like https://studio.example.")
    host = environ.get("SPACE_HOST", "")
    return url or (f"https://{host}" if host else "")


def _queue(url: str) -> str:
    if url and not url.startswith(("redis://", "rediss://", "azurestoragequeues://")):
        raise ValueError("QUEUE_URL has to begin with redis://, rediss:// or azurestoragequeues://")
    return url


def _one_of(environ: Mapping[str, str], name: str, *words: str) -> Any:
    """The setting as one of its words; the first is the default."""
    value = environ.get(name) or words[0]
    if value not in words:
        can_be = " or ".join([", ".join(words[:-1]), words[-1]])
        raise ValueError(f"{name} is {value!r}; it can be {can_be}.")
    return value


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "").strip().lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("", "0", "false", "no", "off"):
        return False
    raise ValueError(f"{name} is {value!r}; it can be true or false.")


def _number(
    environ: Mapping[str, str],
    name: str,
    default: float,
    least: float = 0,
    most: float = float("inf"),
) -> float:
    text = environ.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        raise ValueError(f"{name} is {text!r}; it has to be a number.") from None
    if value > most:
        raise ValueError(f"{name} is {text}; it can be {most:g} at most.")
    if not least <= value < float("inf"):
        raise ValueError(f"{name} is {text}; it has to be {least:g} or more.")
    return value


def _per_address(environ: Mapping[str, str], name: str, usual: int) -> int:
    """On a Space all visitors come from its proxy's address, unless that proxy is trusted."""
    shared = bool(environ.get("SPACE_ID")) and not environ.get("TRUSTED_PROXIES")
    return int(_number(environ, name, 0 if shared else usual))


def _money(environ: Mapping[str, str], name: str) -> float | None:
    return _number(environ, name, 0) if environ.get(name, "").strip() else None


def _on_a_mount(folder: Path) -> bool:
    """Whether a volume of its own carries the folder, as a Space's storage does."""
    resolved = folder.resolve()
    return any(
        os.path.ismount(place) for place in (resolved, *resolved.parents) if place.parent != place
    )
