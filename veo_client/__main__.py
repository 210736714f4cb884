"""A video from the command line: ``python -m veo_client "A paper boat" -o boat.mp4``."""

from __future__ import annotations

import sys
from pathlib import Path

from veo_client.command import Run
from veo_client.options import parser


def main(arguments: list[str]) -> int:
    """Run the command; its exit code, as --help lists them."""
    _read_dotenv()
    understood = parser()
    try:
        options = understood.parse_args(arguments)
        if options.completion:
            return _completion(options.completion)
        if not (options.prompt or options.resume):
            understood.error("say what is to be seen, or --resume ID")
    except SystemExit as end:
        return int(end.code or 0)
    return Run(options)()


def _completion(shell: str) -> int:
    try:
        import shtab
    except ImportError:
        sys.stderr.write("Completion needs shtab: pip install shtab\n")
        return 1
    print(shtab.complete(parser(), shell=shell))
    return 0


def _read_dotenv() -> None:
    """The .env file of this folder, where python-dotenv is installed."""
    try:
        from dotenv import load_dotenv
    except ImportError:
        return
    load_dotenv(Path(".env"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
