"""What can go wrong, by what the caller can do about it.

    VeoError                    str(error) is a sentence for the person who pressed Generate
    ├── RequestError            change the settings or the pictures (nothing was sent)
    │   └── ModelUnavailable    choose another model
    ├── CredentialsError        mend the key, the project or the sign-in
    │   └── BillingError        mend the billing account
    ├── QuotaError              wait: nothing was created
    ├── Unreachable             try the same step again: no answer that counts
    ├── DownloadError           try the download again: the video is still at Google
    ├── StorageError            make room on the disk: the video is still at Google
    ├── UnknownOutcome          look before paying again: the create may have been accepted
    ├── FilteredError           change the prompt: the safety filter held the video back
    ├── GenerationFailed        Google gave up on it
    ├── Expired                 Google no longer has the operation or its file
    ├── Cancelled               it was stopped
    └── TimedOut                it is still running: resume it by its id

The cause travels as ``__cause__`` for the log; no sentence here ever holds a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class VeoError(Exception):
    """Base of everything this package raises on purpose."""

    code: ClassVar[str] = "error"
    """A stable word for programs."""
    transient: ClassVar[bool] = False
    """Whether the same step may be tried again later without paying twice."""
    charged: bool | None = False
    """Whether Google charges for it; None where that is not known."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a request."""

    field: str
    """The field of VideoRequest to change."""
    sentence: str
    """What is wrong and what to do, for the page."""


class RequestError(VeoError):
    """The request can't be sent like this."""

    code = "invalid_request"

    def __init__(self, *problems: Problem) -> None:
        super().__init__(" ".join(problem.sentence for problem in problems))
        self.problems = problems


class ModelUnavailable(RequestError):
    """The model is retired, unknown, or out of reach of these credentials."""

    code = "model_unavailable"

    def __init__(self, sentence: str) -> None:
        super().__init__(Problem("model", sentence))


class CredentialsError(VeoError):
    """Google refused the key or the account, or there is none."""

    code = "credentials"


class BillingError(CredentialsError):
    """The account can't pay, or the service is not open where it is."""

    code = "billing"


class QuotaError(VeoError):
    """A rate, daily or spending limit: nothing was created."""

    code = "quota"
    transient = True

    def __init__(self, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
        """Seconds to wait, where Google said so."""


class Unreachable(VeoError):
    """No usable answer from Google; before a create was sent, nothing was created."""

    code = "unreachable"
    transient = True

    def __init__(self, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class DownloadError(VeoError):
    """The file came short, broken or as something else."""

    code = "download"
    transient = True
    charged = True


class StorageError(VeoError):
    """The disk is full, or the folder can't be written."""

    code = "storage"
    transient = True
    charged = True


class UnknownOutcome(VeoError):
    """The create was sent and its answer lost: a video may be on its way, and charged."""

    code = "unknown_outcome"
    charged = None


class FilteredError(VeoError):
    """The safety filter held the request or the video back."""

    code = "filtered"

    def __init__(self, sentence: str, *, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.reasons = reasons
        """Google's own words, one per video held back."""


class GenerationFailed(VeoError):
    """Google reported a failure, or finished without a video."""

    code = "failed"
    charged: bool | None

    def __init__(self, sentence: str, *, charged: bool | None = False) -> None:
        super().__init__(sentence)
        self.charged = charged


class Expired(VeoError):
    """Google no longer knows the operation, or has deleted the file."""

    code = "expired"
    charged = None


class Cancelled(VeoError):
    """The generation was stopped on request."""

    code = "cancelled"
    charged = None


class TimedOut(VeoError):
    """Not done within the time given; nothing is lost, the id can be resumed."""

    code = "timed_out"
    charged = None

    def __init__(self, sentence: str, *, id: str) -> None:
        super().__init__(sentence)
        self.id = id
