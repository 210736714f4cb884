"""A worker as a process: when it begins to work, and what of a broker's troubles it outlives."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from azure.storage.queue import QueueClient
from redis import Redis as RedisClient
from sqlalchemy import select

from studio.database import Database
from studio.driving import pulse
from studio.driving.broker import sender
from studio.jobs.job import State
from studio.schema import jobs as table
from studio.studio import Studio
from tests.app_server import ROOT
from tests.parts import SOON, Workers
from tests.services import OTHER_KEY, Azurite, Redis, new_redis
from tests.strict_google import StrictGoogle
from tests.studio_kit import ME, PATIENCE, made, over, settings_for
from veo_client import VideoRequest

pytestmark = pytest.mark.slow


@dataclass
class AtWork:
    """A web without a page, and one worker."""

    studio: Studio
    workers: Workers

    async def logged(self, words: str, times: int = 1) -> None:
        """Wait until the worker has written it so often."""
        async with asyncio.timeout(PATIENCE):
            while self.log.count(words) < times:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    @property
    def log(self) -> str:
        file = self.workers.homes[0].with_suffix(".log")
        return file.read_text() if file.exists() else ""

    @property
    def lives(self) -> bool:
        return self.workers.processes[0].is_alive()


@pytest.fixture
def on(tmp_path: Path, postgres_url: str, azurite: Azurite) -> On:
    return On(tmp_path, postgres_url, azurite)


@dataclass
class On:
    """What all of them stand on."""

    home: Path
    database: str
    azurite: Azurite

    @asynccontextmanager
    async def queue(self, url: str) -> AsyncIterator[AtWork]:
        """The worker is started, and may not hear yet."""
        async with StrictGoogle() as google:
            settings = settings_for(
                self.home / "web",
                google.omni,
                database_url=self.database,
                storage_url=self.azurite.container(),
                storage_connection=self.azurite.connection,
                queue_url=url,
            )
            studio, workers = Studio(settings), Workers(settings, SOON, {})
            await studio.start()
            workers.start(1)
            try:
                yield AtWork(studio, workers)
            finally:
                await studio.stop()
                workers.tell(signal.SIGTERM)
                await asyncio.to_thread(workers.ended)


@contextmanager
def started(redis: Redis) -> Iterator[Redis]:
    assert redis.server
    redis.server.start()
    try:
        yield redis
    finally:
        redis.server.kill()


async def test_a_worker_announces_nothing_and_has_no_pulse_before_it_hears(on: On) -> None:
    """Two first connections at once have made the SDK of Azure's queues fail, and the worker end.

    Here the broker comes late, so that there is time to look.
    """
    redis = new_redis()
    async with on.queue(redis.url) as work:
        job, *_ = await work.studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
        await work.logged("Cannot connect", times=2)
        claims = select(table.c.claimed_by, table.c.version)
        claimed = await work.studio.database.read(lambda c: c.execute(claims).one())
        lived = pulse.beats(work.workers.homes[0])
        with started(redis):
            job = await over(work.studio, job)
            lives = pulse.beats(work.workers.homes[0])
    assert tuple(claimed) == (None, 0)
    assert job.state is State.COMPLETED
    assert (lived, lives) == (False, True)


async def test_what_is_no_message_is_removed_and_ends_no_worker(on: On) -> None:
    url = on.azurite.queue(1)
    where = url.partition("@")[2]
    account = {"account_name": where.rpartition("/")[2], "account_key": OTHER_KEY}
    with QueueClient(where, "celery", credential=account) as queue:
        queue.create_queue()
        for text in ("hello", "{}", '"hello"', '{"properties": {}, "body": 1}'):
            queue.send_message(text)
        async with on.queue(url) as work:
            await work.logged("What was no message was removed", times=4)
            job = await made(work.studio)
            lives = work.lives
    assert (job.state, lives) == (State.COMPLETED, True)


class Refusing:
    """Stands before Azure's queues; for a while it refuses, as where a role is not granted yet."""

    def __init__(self, port: int) -> None:
        self.refuses = True
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers, answer = 403, [("x-ms-error-code", "AuthorizationFailure")], b""
                if not gate.refuses:
                    with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=30)) as there:
                        there.request(self.command, self.path, body, dict(self.headers))
                        found = there.getresponse()
                        status, headers, answer = found.status, found.getheaders(), found.read()
                self.send_response(status)
                for name, value in headers:
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = any

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


async def test_what_azure_refuses_for_a_while_is_waited_for(on: On) -> None:
    url = on.azurite.queue(2)
    port = int(url.rpartition(":")[2].partition("/")[0])
    gate = Refusing(port)
    try:
        async with on.queue(url.replace(str(port), str(gate.port))) as work:
            await work.logged("Cannot connect")
            gate.refuses = False
            first = await made(work.studio)
            gate.refuses = True
            await work.logged("Cannot connect", times=2)
            gate.refuses = False
            second = await made(work.studio, "an owl")
            lives = work.lives
    finally:
        gate.server.shutdown()
        gate.server.server_close()
    assert (first.state, second.state, lives) == (State.COMPLETED, State.COMPLETED, True)


async def test_a_redis_that_is_another_s_replica_for_a_moment_is_waited_for(on: On) -> None:
    with started(new_redis()) as redis:
        async with on.queue(redis.url) as work:
            first = await made(work.studio)
            with RedisClient.from_url(redis.url) as client:
                client.replicaof("127.0.0.1", 1)
                await work.logged("read only replica")
                client.replicaof("NO", "ONE")
            second = await made(work.studio, "an owl")
            lives = work.lives
    assert (first.state, second.state, lives) == (State.COMPLETED, State.COMPLETED, True)


class Mute:
    """Passes on what comes, until it says nothing more on the connections that there are."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listens = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listens.getsockname()[1]
        self._open: list[socket.socket] = []
        self._muted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listens.accept()
                there = socket.create_connection(("127.0.0.1", self._port))
                number = len(self._open)
                self._open += here, there
                for way in ((here, there), (there, here)):
                    threading.Thread(target=self._pass_on, args=(*way, number), daemon=True).start()

    def _pass_on(self, source: socket.socket, to: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if number >= self._muted:
                    to.sendall(data)

    def mute(self) -> None:
        self._muted = len(self._open)

    def close(self) -> None:
        for one in (self._listens, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


async def test_a_redis_that_goes_mute_is_given_up_and_another_connection_made() -> None:
    with started(new_redis()) as redis:
        assert redis.server
        with contextlib.closing(Mute(redis.server.port)) as between:
            send = sender(redis.url.replace(str(redis.server.port), str(between.port)))
            async with asyncio.timeout(PATIENCE):
                await asyncio.to_thread(send, "poll", [("a", 1)])
                between.mute()
                await asyncio.to_thread(send, "poll", [("b", 1)])
        with RedisClient.from_url(redis.url) as client:
            waiting = client.llen("celery")
    assert waiting == 2


def test_a_database_that_is_gone_without_a_word_is_missed_within_a_minute(
    postgres_url: str,
) -> None:
    with contextlib.closing(Database(postgres_url)) as database:
        raw = database.engine.raw_connection()
        said = raw.driver_connection.info.get_parameters()  # type: ignore[union-attr]
        raw.close()
    silence = sum(int(said[name]) for name in ("keepalives_idle", "tcp_user_timeout"))
    assert silence == 30 + 30_000
    assert int(said["keepalives_interval"]) * int(said["keepalives_count"]) == 30


def test_a_signal_that_comes_before_there_is_work_ends_a_worker_well(tmp_path: Path) -> None:
    """As the first process of a container it would not hear it otherwise."""
    with socket.create_server(("127.0.0.1", 0)) as silent:  # a database that does not answer
        silent.settimeout(PATIENCE)
        environ = {
            **os.environ,
            "DATABASE_URL": f"postgresql://studio@127.0.0.1:{silent.getsockname()[1]}/studio",
            "QUEUE_URL": "redis://127.0.0.1:1/0",
            "OUTPUTS_DIR": str(tmp_path),
            "SESSION_SECRET": "a secret that the tests have, and nobody else",
        }
        worker = subprocess.Popen([sys.executable, "-m", "studio", "worker"], cwd=ROOT, env=environ)
        connection, _ = silent.accept()
        worker.send_signal(signal.SIGTERM)
        ended = worker.wait(PATIENCE)
        connection.close()
    assert ended == 0
