"""A thin client for Google's video models: a request goes in, events come out.

    async for event in generate(VideoRequest(prompt="A fox in the snow")):
        print(event)

Importing it is quick: google-genai is loaded by the first connect().
"""

from veo_client.client import connect, generate, resume
from veo_client.credentials import Credentials
from veo_client.errors import (
    BillingError,
    Cancelled,
    CredentialsError,
    DownloadError,
    Expired,
    FilteredError,
    GenerationFailed,
    ModelUnavailable,
    Problem,
    QuotaError,
    RequestError,
    StorageError,
    TimedOut,
    UnknownOutcome,
    Unreachable,
    VeoError,
)
from veo_client.events import Completed, Downloading, Event, Running, Submitted
from veo_client.models import Model, ModelTable, Retired, load_models
from veo_client.price import Quote, quote
from veo_client.provider import Limits, Poll, Provider, RemoteVideo
from veo_client.request import Media, Task, VideoRequest

__all__ = [
    "BillingError",
    "Cancelled",
    "Completed",
    "Credentials",
    "CredentialsError",
    "DownloadError",
    "Downloading",
    "Event",
    "Expired",
    "FilteredError",
    "GenerationFailed",
    "Limits",
    "Media",
    "Model",
    "ModelTable",
    "ModelUnavailable",
    "Poll",
    "Problem",
    "Provider",
    "QuotaError",
    "Quote",
    "RemoteVideo",
    "RequestError",
    "Retired",
    "Running",
    "StorageError",
    "Submitted",
    "Task",
    "TimedOut",
    "UnknownOutcome",
    "Unreachable",
    "VeoError",
    "VideoRequest",
    "connect",
    "generate",
    "load_models",
    "quote",
    "resume",
]
