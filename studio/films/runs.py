"""Making what a film is made of: which scenes, at what price, and each as a job of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from studio.access import Visitor
from studio.database import Database
from studio.films import film_rows
from studio.films.film import (
    MADE,
    TO_RUN,
    Film,
    Link,
    Scene,
    Standing,
    asking,
    price,
    request_fields,
    scene_seconds,
    standing,
)
from studio.films.films import Films, owned, scene_in
from studio.jobs.budget import Budget
from studio.jobs.inputs import Inputs
from studio.jobs.job import Relation
from studio.jobs.jobs import Jobs, NotFound, NotNow
from studio.jobs.offer import Offer
from studio.jobs.rows import Connection
from studio.media.shapes import in_shape
from veo_client.errors import ModelUnavailable, Problem, RequestError
from veo_client.models import Model, ModelTable

RELATIONS = {Link.LAST_FRAME: Relation.CONTINUE, Link.EXTENSION: Relation.EXTEND}


class Runs:
    """What is made of the films of all owners."""

    def __init__(
        self,
        films: Films,
        database: Database,
        table: ModelTable,
        inputs: Inputs,
        jobs: Jobs,
        budget: Budget,
        offer: Callable[[Visitor], Offer],
    ) -> None:
        self._films = films
        self._database = database
        self._table = table
        self._inputs = inputs
        self._jobs = jobs
        self._budget = budget
        self._offer = offer

    def model(self, film: Film, visitor: Visitor) -> Model | None:
        """What the film is made with now; None where no model is within reach."""
        providers = self._offer(visitor).providers
        for id in (film.settings.model, None):
            try:
                return self._table.resolve(id, providers)[0]
            except ModelUnavailable:
                continue
        return None

    def plan(self, film: Film, model: Model | None) -> tuple[Scene, ...]:
        """What "run all" would run now, in its order."""
        found: list[Scene] = []
        for scene in film.scenes:
            ready = standing(film, scene, model) in TO_RUN
            if ready and model and self._fed(film, scene, model, found):
                found.append(scene)
        return tuple(found)

    def _fed(self, film: Film, scene: Scene, model: Model, running: Sequence[Scene]) -> bool:
        """Whether what it goes on from is there, or on its way."""
        before = film.before(scene)
        if film.link(scene) is Link.CUT or not before or before in running:
            return True
        return standing(film, before, model) in MADE | {Standing.BUSY}

    def cost(self, film: Film, some: Sequence[Scene], visitor: Visitor) -> float:
        """USD by list price; simulated videos are free."""
        model = self.model(film, visitor)
        if not model or self._offer(visitor).simulated:
            return 0.0
        return sum(price(film, scene, model) for scene in some)

    async def run(
        self, id: str, visitor: Visitor, *, scene: str | None = None, seen: str | None = ""
    ) -> Film:
        """Run one scene, or all that need it. Raises VeoError; then nothing more was queued.

        A scene that goes on from another waits for that one; what depends on a scene that is run
        again is not run by itself. ``seen``: the scene's video as the caller knows it, None for
        none; where it is another by now, nothing is run.
        """
        film = await self._films.get(id, visitor.owner)
        model = self._table.resolve(film.settings.model, self._offer(visitor).providers)[0]
        chosen = (self._single(film, scene, model, seen),) if scene else self.plan(film, model)
        if not chosen:
            raise NotNow("There is nothing to make: write a scene first, or change one.")
        await self._affordable(film, chosen, model, visitor)
        for one in chosen:
            film = await self._submitted(film, one, model, visitor)
        return film

    async def stop(self, id: str, owner: str, *, scene: str | None = None) -> Film:
        """Cancel what is not sent yet, of one scene or of all; the rest goes on, as it is paid."""
        film = await self._films.get(id, owner)
        some = [scene_in(film, scene)] if scene else [*reversed(film.scenes)]
        for one in some:
            if (job := film.job(one)) and not job.final:
                with contextlib.suppress(NotNow, NotFound):
                    await self._jobs.cancel(job.id, owner)
        return await self._films.get(id, owner)

    def _single(self, film: Film, id: str, model: Model, seen: str | None) -> Scene:
        scene = scene_in(film, id)
        where = standing(film, scene, model)
        if where is Standing.EMPTY:
            raise RequestError(Problem("prompt", "Describe the scene first: it is empty."))
        if where is Standing.BUSY:
            raise NotNow("This scene is being made already.")
        job = film.job(scene)
        if seen != "" and seen != (job.id if job else None):
            sentence = "This scene has changed meanwhile. Look again; nothing was sent or charged."
            raise NotNow(sentence)
        if not self._fed(film, scene, model, ()):
            sentence = f"It goes on from scene {scene.position}. Make that one first."
            raise NotNow(sentence)
        return scene

    async def _affordable(
        self, film: Film, chosen: Sequence[Scene], model: Model, visitor: Visitor
    ) -> None:
        """Raise before anything is queued: over a limit, too long a chain, a prompt too long."""
        for scene in chosen:
            _check_length(film, scene, model)
        own = self._offer(visitor).own_key_pays(model.provider)
        total = 0.0 if own else self.cost(film, chosen, visitor)

        def work(connection: Connection) -> None:
            self._budget.room(connection, visitor.owner, len(chosen))
            self._budget.reserve(connection, total, visitor.owner)

        await self._database.read(work)

    async def _submitted(self, film: Film, scene: Scene, model: Model, visitor: Visitor) -> Film:
        """The film with this scene's new job. The same scene as it stands is never paid twice."""
        link, before = film.link(scene), film.before(scene)
        asked = asking(film, scene, model)
        whole = await self._inputs.restore(request_fields(film, scene, model))
        request = await asyncio.to_thread(in_shape, whole, film.settings.fit)
        parent = before.job if before and link is not Link.CUT else None
        job, *_ = await self._jobs.submit(
            request,
            visitor,
            parent=parent,
            relation=RELATIONS[link] if parent else None,
            idempotency_key=f"{scene.id}:{scene.job or ''}:{parent or ''}:{asked}",
        )

        def work(connection: Connection) -> None:
            owned(connection, film.id, film.owner)
            film_rows.save_scene(connection, scene.id, job=job.id, asked=asked)

        await self._database.write(work)
        return await self._films.get(film.id, film.owner)


def _check_length(film: Film, scene: Scene, model: Model) -> None:
    """A prompt that the model reads to its end, a chain of extensions that it makes."""
    number = scene.position + 1
    most = model.max_prompt_characters
    if len(scene.prompt.strip()) > most:
        sentence = (
            f"Scene {number} is longer than the {most:,} characters that {model.label} reads."
        )
        raise RequestError(Problem("prompt", f"{sentence} Shorten it. Nothing was sent."))
    seconds, at = 0.0, scene
    while True:
        seconds += scene_seconds(film, at, model)
        before = film.before(at)
        if film.link(at) is not Link.EXTENSION or not before:
            break
        at = before
    if at is not scene and seconds > model.extend_total_seconds:
        sentence = (
            f"With scene {number} the extended clip would have {seconds:.0f} seconds; "
            f"{model.label} makes {model.extend_total_seconds}. Let scene {number} start from "
            "the last frame instead. Nothing was sent."
        )
        raise RequestError(Problem("link", sentence))
