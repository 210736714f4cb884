"""Has Azure's own command line parse the commands of deploy/azure. Nothing is sent to Azure.

Run it with the Python of azure-cli (700 MB, so the tests do not bring it):

    python tests/azure_cli.py            each command is accepted, as the tests know it
    python tests/azure_cli.py --write    writes what the tests know: tests/azure_cli.json
"""

from __future__ import annotations

import importlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
KNOWN = Path(__file__).with_suffix(".json")


def commands() -> list[list[str]]:
    """The words after ``az`` of every command that up.sh would run or app-service.md tells."""
    words = [str(ROOT / "deploy/azure/up.sh"), "--dry-run"]
    environment = {**os.environ, "TAG": "1.0"}
    run = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    told = (ROOT / "docs/app-service.md").read_text().replace("\\\n", " ")
    lines = (run.stdout + run.stderr + told).splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("az ")]


def accepted(words: list[str]) -> dict[str, Any]:
    """Parse one command as az would; its options. Ends the process where az refuses it."""
    core: Any = importlib.import_module("azure.cli.core")
    cli = core.get_default_cli()
    invoker = cli.invocation_cls(
        cli_ctx=cli,
        parser_cls=cli.parser_cls,
        commands_loader_cls=cli.commands_loader_cls,
        help_cls=cli.help_cls,
    )
    cli.invocation = invoker
    loader = invoker.commands_loader
    loader.load_command_table(words)
    name = invoker._rudimentary_get_command(words)
    invoker.data["command_string"] = loader.command_name = name
    if name in loader.command_table:
        loader.command_table = {name: loader.command_table[name]}
        loader.load_arguments(name)
    invoker.parser.load_command_table(loader)
    invoker.parser.parse_args(words)
    options: dict[str, bool] = {}
    for argument in loader.command_table[name].arguments.values():
        settings = argument.type.settings
        names = [str(option) for option in settings.get("options_list") or ()]
        needed = bool(settings.get("required"))
        options.update({option: needed for option in names if option.startswith("--")})
    return {"command": name, "options": options}


def main(arguments: list[str]) -> int:
    """Exit code 0: all accepted, and the tests know what is true."""
    found: dict[str, dict[str, bool]] = {}
    for words in commands():
        one = accepted(words)
        used = {word for word in words if word.startswith("--")}
        options = {name: one["options"].get(name, False) for name in used}
        found.setdefault(one["command"], {}).update(options)
    text = json.dumps(found, indent=2, sort_keys=True) + "\n"
    if "--write" in arguments:
        KNOWN.write_text(text)
    same = KNOWN.read_text() == text
    print(f"{len(found)} commands accepted{'' if same else '; run --write: the tests know others'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
