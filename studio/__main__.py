"""Commands beside the page: look, check, take out, bring in. ``python -m studio --help``.

Exit code 0: done, all well. 1: something is amiss and said. 2: the command was not understood.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from studio import commands
from studio.commands import complain

EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104


def health_url(environ: Mapping[str, str]) -> str:
    """Where the app of the same environment answers."""
    name = environ.get("GRADIO_SERVER_NAME", "")
    host = "127.0.0.1" if name in EVERYWHERE else name
    return f"http://{host}:{environ.get('GRADIO_SERVER_PORT') or 7860}/healthz"


def healthy(url: str, patience: float = 4) -> bool:
    """Whether ``url`` answers 200 within ``patience`` seconds."""
    try:
        with urlopen(url, timeout=patience) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except HTTPError as error:
        error.close()
    except (URLError, TimeoutError, ConnectionError):
        pass
    return False


def health(options: argparse.Namespace) -> int:
    """Whether the app here lives, or with --worker the worker of this machine."""
    if options.worker:
        from studio.driving.pulse import beats

        return 0 if beats(Path(os.environ.get("OUTPUTS_DIR") or "outputs").resolve()) else 1
    return 0 if healthy(health_url(os.environ)) else 1


def _whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    studio = argparse.ArgumentParser(prog="python -m studio", description=__doc__)
    kinds = studio.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, does: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        about = (does.__doc__ or "").partition("\n")[0]
        one = kinds.add_parser(name, help=about, description=does.__doc__)
        one.set_defaults(does=does)
        return one

    one = command("health", health)
    one.add_argument("--worker", action="store_true", help="ask after the worker, not the app")
    for lists in (command("jobs", commands.jobs), command("library", commands.library)):
        lists.add_argument("--limit", type=_whole, default=20, help="how many at most")
        lists.add_argument("--json", action="store_true", help="for programs")
    one = command("check", commands.check)
    one.add_argument("--repair", action="store_true", help="mend what can be mended")
    one.add_argument("--quick", action="store_true", help="compare sizes, not checksums")
    one.add_argument("--json", action="store_true", help="for programs")
    for name, does in (("export", commands.export), ("import", commands.import_)):
        one = command(name, does)
        one.add_argument("path", type=Path, metavar="FOLDER|FILE.zip")
        one.add_argument("--json", action="store_true", help="for programs")
    one = command("ledger", commands.ledger)
    one.add_argument("--days", type=_whole, help="only the last DAYS days, today among them")
    one.add_argument("--csv", type=Path, metavar="FILE", help="write every job to a file")
    one.add_argument("--json", action="store_true", help="for programs")
    command("mcp", commands.mcp)
    command("password", commands.password).add_argument("name", metavar="NAME", help="who signs in")
    command("migrate", commands.migrate)
    one = command("worker", commands.worker)
    one.add_argument("--slots", type=_whole, default=32, help="messages in hand at once")
    one = command("recover", commands.recover)
    one.add_argument("id", metavar="ID", help="ours, or Google's")
    one.add_argument("--json", action="store_true", help="for programs")
    one = command("complete", _complete)
    one.add_argument("shell", choices=["bash", "zsh", "tcsh"])
    return studio


def _complete(options: argparse.Namespace) -> int:
    """Prints what completes these commands in a shell, for a function called studio."""
    try:
        import shtab
    except ModuleNotFoundError:
        raise ValueError("Completion needs more: pip install -r requirements-agents.txt") from None
    known = parser()
    known.prog = "studio"
    print(shtab.complete(known, shell=options.shell))
    return 0


def main(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    from dotenv import load_dotenv

    try:
        options = parser().parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    load_dotenv(Path(__file__).parents[1] / ".env")
    return health(options) if options.does is health else _run(options)


def _run(options: argparse.Namespace) -> int:
    """The command, its errors as sentences."""
    from sqlalchemy.exc import SQLAlchemyError

    from veo_client.errors import VeoError

    try:
        return int(options.does(options))
    except (VeoError, ValueError) as error:
        complain([str(error)])
    except SQLAlchemyError:
        complain(["The database does not answer, or is not one of this app."])
    except OSError as error:
        complain([f"A file could not be read or written: {error.strerror or 'unknown error'}."])
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
