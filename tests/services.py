"""PostgreSQL, Redis and Azurite for tests: real servers on loopback, on ports of their own.

Each process of the tests starts its own when a test first asks, and takes it along when it ends.
Addresses in the environment are used in their place: TEST_DATABASE_URL, TEST_REDIS_URL,
TEST_AZURITE_BLOB_URL and TEST_AZURITE_QUEUE_URL.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from studio.storage.containers import make_container
from studio.storage.objects import connected_by
from tests import tools
from tests.app_server import end_with_the_tests, free_port

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Of every Azurite, as its documentation tells."""

QUEUES = 1000
"""So many apps of one test process can have a queue of their own."""
OTHER_KEY = "c3R1ZGlv"
"""Of the accounts that carry them."""

PATIENCE = 120
"""Seconds that a server may take to start or to stop."""


@dataclass
class Server:
    """A process that listens on a port; started again it has the same port and the same data."""

    command: Sequence[str]
    port: int
    user: str | None = None
    """Whose process it is; None: ours."""
    ends_by: signal.Signals = signal.SIGTERM
    asks: Sequence[str] = ()
    """The command that ends well once it is ready; by default it is ready when it listens."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """Beside that of the tests."""
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start it. It ends with the thread that called this."""
        self.process = subprocess.Popen(
            self.command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **self.environ},
            preexec_fn=partial(end_with_the_tests, signal.SIGQUIT),
            start_new_session=True,
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
        )

    def wait(self) -> None:
        """Until it answers."""
        assert self.process
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{self.command[0]} did not start on port {self.port}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self.process:
            self.process.send_signal(self.ends_by)
            self.process.wait(PATIENCE)

    def kill(self) -> None:
        """As a crash does."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        if self.asks:
            return subprocess.run(self.asks, capture_output=True).returncode == 0
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


@dataclass
class Postgres:
    """A PostgreSQL server."""

    url: str
    """Of a database in which nothing is kept."""
    server: Server | None
    """None: one that the environment names."""

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a new database, as somebody would paste it; gone afterwards."""
        name = f"studio_{secrets.token_hex(6)}"
        self._run(f"CREATE DATABASE {name}")
        try:
            url = make_url(self.url).set(database=name)
            yield url.render_as_string(hide_password=False)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        url = make_url(self.url).set(drivername="postgresql+psycopg")
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@dataclass
class Redis:
    """A Redis server."""

    url: str
    server: Server | None

    def queue(self, number: int) -> str:
        """QUEUE_URL of one of its databases."""
        return f"{self.url.rpartition('/')[0]}/{number % QUEUES}"


@dataclass
class Azurite:
    """Azure Blob and Queue Storage."""

    blob_url: str
    """With the account at its end."""
    queue_url: str
    server: Server | None

    @property
    def connection(self) -> str:
        """The connection string of its blobs."""
        return f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={self.blob_url};"

    def container(self) -> str:
        """STORAGE_URL of a new container."""
        name = f"studio-{secrets.token_hex(6)}"
        make_container(name, connected_by(self.connection))
        return f"az://{name}"

    @property
    def broker(self) -> str:
        """QUEUE_URL of its queues."""
        return f"azurestoragequeues://{KEY}@{self.queue_url}"

    def queue(self, number: int) -> str:
        """QUEUE_URL of the queues of another account, for each has one of Celery's name."""
        assert self.server, "accounts can be given only to an Azurite that the tests start"
        place = self.queue_url.replace(ACCOUNT, f"studio{number % QUEUES}")
        return f"azurestoragequeues://{OTHER_KEY}@{place}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One for all tests of a process."""
    with running_postgres() as server:
        yield server


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """One PostgreSQL server."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield Postgres(url, None)
        return
    folder = tools.postgresql()
    if not folder:
        pytest.skip(tools.SERVICES_CURE)
    user = "postgres" if tools.is_root() else None
    with home_of(user) as home:
        server = _new_postgres(folder, home, user)
        server.start()
        yield Postgres(f"postgresql://studio@127.0.0.1:{server.port}/postgres", server)
        server.stop()


def _new_postgres(folder: Path, home: Path, user: str | None) -> Server:
    """A server with an empty data folder. It refuses to run as root."""
    initdb = [folder / "initdb", "-D", home / "data", "-U", "studio", "-A", "trust"]
    subprocess.run(
        [*map(str, initdb), "-E", "UTF8", "--no-locale", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=home,
        user=user,
        group=user,
        extra_groups=[] if user else None,
    )
    port = free_port()
    command = [folder / "postgres", "-D", home / "data", "-p", port, "-k", home]
    settings = ("listen_addresses=127.0.0.1", "fsync=off", "max_connections=300")
    more = [word for setting in settings for word in ("-c", setting)]
    asks = [str(folder / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return Server([*map(str, command), *more], port, user, ends_by=signal.SIGINT, asks=asks)


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A new database for one test."""
    with postgres.database() as url:
        yield url


@contextmanager
def new_database(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of an empty database of the kind that the fixture's parameter names."""
    if request.param == "sqlite":
        yield f"sqlite:///{folder / 'studio.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """One for all tests of a process."""
    with running_redis() as server:
        yield server


@contextmanager
def running_redis() -> Iterator[Redis]:
    """One Redis server that keeps nothing on the disk."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield Redis(url, None)
        return
    redis = new_redis()
    assert redis.server
    redis.server.start()
    yield redis
    redis.server.stop()


def new_redis() -> Redis:
    """One that is still to be started."""
    command = shutil.which("redis-server")
    if not command:
        pytest.skip(tools.SERVICES_CURE)
    port = free_port()
    quiet = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    quiet += ["--databases", str(QUEUES)]
    server = Server([command, "--port", str(port), *quiet], port)
    return Redis(f"redis://127.0.0.1:{port}/0", server)


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """One for all tests of a process."""
    with running_azurite() as server:
        yield server


@contextmanager
def running_azurite() -> Iterator[Azurite]:
    """One Azurite that keeps everything in a folder of its own."""
    if url := os.environ.get("TEST_AZURITE_BLOB_URL"):
        yield Azurite(url, os.environ["TEST_AZURITE_QUEUE_URL"], None)
        return
    command, node = tools.azurite(), shutil.which("node")
    if not command.exists() or not node:
        pytest.skip(tools.SERVICES_CURE)
    with home_of(None) as home:
        blob, queue = free_port(), free_port()
        ports = ["--blobPort", str(blob), "--queuePort", str(queue), "--tablePort", "0"]
        quiet = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
        more = ["--location", str(home), "--disableProductStyleUrl"]
        others = (f"studio{number}:{OTHER_KEY}" for number in range(QUEUES))
        accounts = {"AZURITE_ACCOUNTS": ";".join([f"{ACCOUNT}:{KEY}", *others])}
        server = Server([node, str(command), *quiet, *ports, *more], blob, environ=accounts)
        server.start()
        yield Azurite(_account(blob), _account(queue), server)
        server.stop()


def _account(port: int) -> str:
    return f"http://127.0.0.1:{port}/{ACCOUNT}"


@contextmanager
def home_of(user: str | None) -> Iterator[Path]:
    """A folder that this user may reach; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="service-", ignore_cleanup_errors=True) as home:
        if user:
            shutil.chown(home, user, user)
        yield Path(home)
