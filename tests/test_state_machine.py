"""Whatever happens in whatever order: no paid id is lost, nothing is paid twice, nothing stops.

Hypothesis draws the order: clicks, steps with every outcome at every verb, steps that stop at any
await for good or wake up late, two drivers with the same row, restarts, hours that pass, and all
that a person can do. After each of them the rules are held against the rows and against the book
of creates. At the end a healthy Google must be enough to bring everything home.

On other parts every row is announced through the broker before it is taken up, and messages are
lost, late and delivered twice; the videos lie in the blob store.

    pytest tests/test_state_machine.py --hypothesis-profile long
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_args

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Interval,
    bindparam,
    func,
    select,
    type_coerce,
    update,
)

from studio.access import OWNER, Visitor
from studio.driving.advance import Advance
from studio.driving.dispatch import LASTS, Message
from studio.driving.outcome import LeaseLost, Outcome
from studio.driving.pace import Pace
from studio.jobs import leases
from studio.jobs.budget import Budget
from studio.jobs.inputs import Inputs
from studio.jobs.job import FINAL, Job, State
from studio.jobs.jobs import Jobs
from studio.jobs.offer import offer_to
from studio.jobs.polling import History
from studio.library.library import Library
from studio.schema import Utc, jobs
from studio.settings import Settings
from studio.storage.opening import storage_of
from tests import parts
from tests.kept import Root
from tests.messages import Messages
from tests.scripted_google import (
    Fetch,
    HaltingDatabase,
    HaltingKeeping,
    Look,
    ScriptedGoogle,
    ScriptedProviders,
    Stop,
    Submit,
    Turn,
    begin,
)
from veo_client import Credentials, VideoRequest
from veo_client.errors import VeoError
from veo_client.models import load_models

pytestmark = pytest.mark.slow

T = TypeVar("T")

ME = Visitor(OWNER, trusted=True)
MODELS = ["gemini-omni-1.2-flash", "veo-3.1-generate-001"]
AT_GOOGLE = {State.RUNNING, State.DOWNLOADING, State.COMPLETED}
MOST_AT_ONCE = 3
"""Open jobs: more would only spread the events thin."""
STEPS_OF_A_JOB = 12
"""At most, with a healthy Google, from wherever it stands."""

STEPS_AWAIT = 9
"""How often a step awaits something, at most."""

turns = st.builds(
    Turn,
    submit=st.sampled_from(["accepted"] * 8 + [*get_args(Submit)]),
    look=st.sampled_from(["by address", "inline"] * 3 + [*get_args(Look)]),
    fetch=st.sampled_from(["whole"] * 3 + [*get_args(Fetch)]),
    stop=st.sampled_from(get_args(Stop)),
    halt=st.sampled_from([None] * 12 + [*range(STEPS_AWAIT)]),
)
which = st.integers(0, 20)
"""One of what there is, counted round."""


def event(name: str, **details: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A method of JobLife with its arguments."""
    return st.tuples(st.just(name), st.fixed_dictionaries(details))


DRIVE = event("drive", turns=st.lists(turns, min_size=1, max_size=4))
EVENTS = [
    event("click", model=st.sampled_from(MODELS), key=st.sampled_from([None, None, "a", "b"])),
    event(
        "decide",
        what=st.sampled_from(["cancel", "cancel", "check_again", "retry", "delete"]),
        which=which,
    ),
    event("recover", which=which, known=st.booleans()),
    DRIVE,
    DRIVE,
    event("drive_a_stale_row", turn=turns, which=which),
    event("drive_at_the_same_moment", one=turns, two=turns),
    event("sleep_through_the_lease", turn=turns, halt=st.integers(0, STEPS_AWAIT), other=turns),
    event("wake_up_late", which=which),
    event("restart"),
    event("messages_are_lost"),
    event("messages_are_late"),
    event("a_message_comes_again", which=which),
    event("time_passes", seconds=st.sampled_from([1, 61, 241, 4000, 90000])),
]


class Step:
    """One driver's step of one row, which may be standing still."""

    def __init__(self, job: Job, turn: Turn, task: asyncio.Task[None]) -> None:
        self.job = job
        self.turn = turn
        self.task = task

    async def move(self) -> None:
        """Until it is over or stands still."""
        halted = asyncio.create_task(self.turn.halted.wait())
        await asyncio.wait({self.task, halted}, return_when=asyncio.FIRST_COMPLETED)
        halted.cancel()
        if self.task.done():
            with contextlib.suppress(LeaseLost):
                self.task.result()


class JobLife(RuleBasedStateMachine):
    """The real jobs, steps and rows; only Google is scripted."""

    url = ""
    """Of a database; by default SQLite, a new one for each example."""
    place = Path(tempfile.gettempdir(), "machine")
    """Names the other parts, which all examples share."""

    @initialize(models=st.lists(st.sampled_from(MODELS), min_size=1, max_size=3))
    def open(self, models: list[str]) -> None:
        self.home = tempfile.TemporaryDirectory(prefix="machine-")
        self.runner = asyncio.Runner()
        self.google = ScriptedGoogle()
        self.runner.run(self._put_together(Path(self.home.name)))
        self.halted: list[Step] = []
        self.dead: list[Step] = []
        self.copies: list[Job] = []
        self.keys: dict[str, str] = {}
        self.answered: dict[str, str] = {}
        self.seen: dict[str, dict[str, Any]] = {}
        self.boots = 0
        for model in models:
            self.click(model, None)
            self.rules_hold()

    async def _put_together(self, home: Path) -> None:
        credentials = Credentials(gemini_api_key="key", project="project", token="token")
        how = Settings(outputs_dir=home, credentials=credentials, stand_in="never")
        if parts.CLUSTERED:
            how = parts.parts_of(self.place).under(how)
        self.messages = Messages(how.queue_url) if parts.CLUSTERED else None
        self.sent: list[Message] = []
        self.inbox: list[Message] = []
        storage, table, history = storage_of(how), load_models(), History()
        storage.prepare()
        self.videos = Root(storage, "") / "videos"
        self.database = HaltingDatabase(self.url or how.database)
        self.database.prepare()
        self._write(lambda connection: connection.execute(jobs.delete()))
        self.providers = ScriptedProviders(how, self.google)
        inputs, keeping = Inputs(storage), HaltingKeeping(storage)
        self.jobs = Jobs(
            self.database, table, inputs, history, Budget(), lambda who: offer_to(who, how, table)
        )
        self.library = Library(self.database, storage, keeping)
        self.advance = Advance(
            Outcome(self.database, Pace(), self.jobs.watcher.nudge),
            table,
            self.providers,
            inputs,
            keeping,
            history,
            timedelta(minutes=how.deadline_minutes),
        )

    # One rule for all: of many, Hypothesis would leave most out of most examples.
    @rule(event=st.one_of(EVENTS))
    def happens(self, event: tuple[str, dict[str, Any]]) -> None:
        name, details = event
        getattr(self, name)(**details)

    # What people do

    def click(self, model: str, key: str | None) -> None:
        if len(self._open()) >= MOST_AT_ONCE:
            return
        request = VideoRequest(prompt=f"video {len(self.seen)}", model=model)
        (job,) = self.runner.run(self.jobs.submit(request, ME, idempotency_key=key))
        if key:
            assert self.keys.setdefault(key, job.id) == job.id

    def decide(self, what: str, which: int) -> None:
        for id, _ in self._one(self.seen.items(), which):
            with contextlib.suppress(VeoError):
                self.runner.run(self._decide(what, id))

    async def _decide(self, what: str, id: str) -> None:
        match what:
            case "cancel":
                await self.jobs.cancel(id, OWNER)
            case "check_again":
                await self.jobs.check_again(id, OWNER)
            case "retry":
                await self.jobs.retry(id, OWNER, ME)
            case "delete":
                await self.library.delete(id, OWNER)

    def recover(self, which: int, known: bool) -> None:
        for id in self._one(self.google.operations, which) if known else ["v1_no_such"]:
            self.runner.run(self.jobs.recover(id, ME))

    # What drivers do

    def drive(self, turns: list[Turn]) -> None:
        """Steps of the rows that are due next, however long it takes until they are."""
        for turn in turns:
            self._wait_until_due()
            for job in self._claim(1):
                self.copies.append(job)
                self._go(job, turn)
                self.rules_hold()

    def drive_a_stale_row(self, turn: Turn, which: int) -> None:
        """A message delivered twice, or a driver that took its time."""
        for job in self._one(self.copies, which):
            self._go(job, turn)

    def drive_at_the_same_moment(self, one: Turn, two: Turn) -> None:
        self._wait_until_due()
        for job in self._claim(1):
            self._go(job, one, two)

    def sleep_through_the_lease(self, turn: Turn, halt: int, other: Turn) -> None:
        """A driver stands still, another takes the row over, and then the first goes on."""
        self._wait_until_due()
        for job in self._claim(1):
            self._go(job, replace(turn, halt=halt))
            self._pass(Pace().create_lease)
            for again in self._claim(MOST_AT_ONCE):
                if again.id == job.id:
                    self._go(again, other)
            self._wake(*[step for step in self.halted if step.job is job])

    def wake_up_late(self, which: int) -> None:
        self._wake(*self._one(self.halted, which))

    def restart(self) -> None:
        """kill -9: what stood still never moves again, and its rows are due."""
        self.dead += self.halted
        self.halted.clear()
        self.boots += 1
        if not self.messages:  # else other machines may hold them: leases run out
            self._write(lambda connection: leases.take_back(connection, str(self.boots)))

    # What a broker does

    def messages_are_lost(self) -> None:
        self.messages_are_late()
        if self.messages:
            self.messages.heard()
            self.inbox.clear()

    def messages_are_late(self) -> None:
        """Whoever hears next hears them too."""
        if self.messages:
            self._announce(MOST_AT_ONCE)

    def a_message_comes_again(self, which: int) -> None:
        for message in self._one(self.sent, which):
            if self.messages:
                self.messages.send(message)

    def time_passes(self, seconds: int) -> None:
        self._pass(timedelta(seconds=seconds))

    # What must hold

    @invariant()
    def rules_hold(self) -> None:
        now = self._rows()
        for id, row in now.items():
            before = self.seen.get(id, row)
            assert row["version"] >= before["version"], "a version went back"
            if before["provider_id"]:
                assert row["provider_id"] == before["provider_id"], "a saved id is gone"
            if before["deleted_at"]:
                assert row["deleted_at"], "a deleted job came back"
            self._holds_together(row)
        creates = Counter(operation.job for operation in self.google.operations.values())
        assert all(count == 1 for count in creates.values()), "paid twice"
        for id, provider_id in self.answered.items():
            assert now[id]["provider_id"] == provider_id, "an id that had arrived is gone"
        assert not [*self.videos.glob("*.part")]
        self.seen = {**{id: now[id] for id in self.seen}, **now}

    def _holds_together(self, row: dict[str, Any]) -> None:
        """What each state means for the id, the clock, the sentence and the money."""
        state, cost = State(row["state"]), row["cost"]
        made = [one for one in self.google.operations.values() if one.job == row["id"]]
        assert (row["provider_id"] is not None) or state not in AT_GOOGLE
        if state in (State.QUEUED, State.SUBMITTING):
            assert row["provider_id"] is None
        assert (row["next_at"] is None) == (row["finished_at"] is not None) == (state in FINAL)
        if state not in FINAL:
            assert cost is None, "a cost before the end"
        elif state is State.COMPLETED:
            assert row["code"] is None
            self._is_kept(row)
            assert cost or not row["submitted_at"], "a kept video that cost nothing"
        else:
            assert row["reason"]
            assert row["code"]
        if state is State.UNKNOWN:
            assert cost is None, "a cost although nobody knows it"
        if cost == 0 and made:
            assert made[0].fate == "failed at no cost", "it was paid"
        if cost and state is not State.COMPLETED:
            assert made
            assert made[0].fate in ("failed", "expired"), "a cost without a reason"

    def _is_kept(self, row: dict[str, Any]) -> None:
        kept = self.videos / f"{row['id']}.mp4"
        if not row["deleted_at"]:
            video = self.google.operations[row["provider_id"]].video
            assert kept.read_bytes() == video
            assert row["sha256"] == hashlib.sha256(video).hexdigest()
            assert kept.with_suffix(".json").exists()

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        try:
            self._everything_comes_home()
        finally:
            self.runner.close()
            self.database.close()
            if self.messages:
                self.messages.heard()
                self.messages.close()
            self.home.cleanup()

    def _everything_comes_home(self) -> None:
        """A restart and a healthy Google: all ends, and all that Google made is kept."""
        self.restart()
        self._drive()
        for operation in self.google.operations.values():
            known = [row for row in self._rows().values() if row["provider_id"] == operation.id]
            if operation.fate != "video":
                continue
            if not known:
                known = [vars(self.runner.run(self.jobs.recover(operation.id, ME)))]
            for row in known:
                if row["state"] != State.COMPLETED and not row["deleted_at"]:
                    with contextlib.suppress(VeoError):
                        self.runner.run(self.jobs.check_again(row["id"], OWNER))
            self._drive()
            for row in known:
                state, deleted = (self._rows()[row["id"]][name] for name in ("state", "deleted_at"))
                assert state == State.COMPLETED or deleted, "a paid video stays away"

    def _drive(self) -> None:
        bound = STEPS_OF_A_JOB * (len(self._open()) + 1)
        for _ in range(bound):
            if not self._open():
                break
            self._wait_until_due()
            for job in self._claim(10):
                self._go(job, Turn())
            self.rules_hold()
        assert not self._open(), "a job stands still"

    # The means

    def _one(self, some: Iterable[T], which: int) -> list[T]:
        """One of them; none where there are none."""
        found = list(some)
        return [found[which % len(found)]] if found else []

    def _write(self, work: Any) -> Any:
        return self.database.write_now(work)

    def _rows(self) -> dict[str, dict[str, Any]]:
        with self.database.engine.connect() as connection:
            return {row.id: dict(row._mapping) for row in connection.execute(select(jobs))}

    def _open(self) -> list[dict[str, Any]]:
        return [row for row in self._rows().values() if row["state"] not in FINAL]

    def _claim(self, limit: int) -> tuple[Job, ...]:
        boot, lease = str(self.boots), Pace().lease
        if not self.messages:
            return self._due(limit, boot, lease)
        self._announce(limit)
        self.inbox += self.messages.heard()
        claimed: list[Job] = []
        while self.inbox and len(claimed) < limit:
            take_up = partial(leases.take_up, message=self.inbox.pop(0), boot=boot, lease=lease)
            claimed += self._write(take_up)
        return tuple(claimed)

    def _announce(self, limit: int) -> None:
        assert self.messages
        for job in self._due(limit, leases.ANNOUNCED, LASTS):
            self.sent.append([(job.id, job.version)])
            self.messages.send(self.sent[-1])

    def _due(self, limit: int, boot: str, lease: timedelta) -> tuple[Job, ...]:
        states = [state for state in State if state not in FINAL]

        def work(connection: Connection) -> tuple[Job, ...]:
            mine = self.providers.servable()
            return leases.claim(connection, states, mine, limit, boot=boot, lease=lease)

        claimed: tuple[Job, ...] = self._write(work)
        return claimed

    def _wait_until_due(self) -> None:
        now = datetime.now(UTC)
        due = min((row["next_at"] for row in self._open()), default=now)
        if due > now:
            self._pass(due - now + timedelta(milliseconds=2))

    def _pass(self, time: timedelta) -> None:
        """To move every time that is written down back is to let time pass."""
        columns = [column for column in jobs.columns if isinstance(column.type, Utc)]
        earlier: dict[str, ColumnElement[Any]]
        if self.database.sqlite:
            back = f"-{time.total_seconds()} seconds"
            pattern = "%Y-%m-%d %H:%M:%f000"
            earlier = {each.name: func.strftime(pattern, each, back) for each in columns}
        else:
            past = bindparam(None, time, Interval)
            earlier = {each.name: type_coerce(each, DateTime(True)) - past for each in columns}
        self._write(lambda connection: connection.execute(update(jobs).values(**earlier)))

    def _go(self, job: Job, *some: Turn) -> None:
        async def begun() -> list[Step]:
            return [Step(job, turn, asyncio.create_task(self._step(job, turn))) for turn in some]

        steps = self.runner.run(begun())
        self.runner.run(self._settle(steps))

    def _wake(self, *steps: Step) -> None:
        for step in steps:
            self.halted.remove(step)
            step.turn.halted.clear()
            step.turn.go_on.set()
        self.runner.run(self._settle(list(steps)))

    async def _step(self, job: Job, turn: Turn) -> None:
        turn.job = job.id
        begin(turn)
        await self.advance(job)

    async def _settle(self, steps: list[Step]) -> None:
        """Let them move; note which stand still, and which ids have arrived."""
        await asyncio.gather(*[step.move() for step in steps])
        for step in steps:
            if not step.task.done():
                self.halted.append(step)
            elif step.turn.answer:
                self.answered[step.job.id] = step.turn.answer


TestJobLife = JobLife.TestCase
TestJobLife.settings = (
    settings()
    if settings.get_current_profile_name() == "long"
    else settings(
        max_examples=15 if parts.CLUSTERED else 60,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
)


@pytest.mark.files_only("all of them have run on PostgreSQL already")
def test_the_same_holds_on_postgresql(postgres_url: str) -> None:
    class JobLifeThere(JobLife):
        url = postgres_url

    few = settings(
        max_examples=8,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(JobLifeThere, settings=few)
