"""``python -m studio mcp``: the desk for one agent of this machine, over its standard streams."""

from __future__ import annotations

from studio import access
from studio.access import Visitor
from studio.agents.desk import Desk, Person, server
from studio.settings import Settings
from studio.studio import Studio


async def serve(settings: Settings) -> None:
    """Answer until the agent hangs up. Jobs are driven meanwhile, beside a running app too."""
    studio = Studio(settings)
    owner = Person(Visitor(access.OWNER, trusted=True), base_url=None)
    await studio.start()
    try:
        await server(Desk(studio, lambda _context: owner)).run_stdio_async()
    finally:
        await studio.stop()
