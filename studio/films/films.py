"""Films: made, looked at and changed scene by scene. Every method asks whose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from studio.database import Database
from studio.films import film_rows
from studio.films.film import LONGEST_FADE, Film, FilmSettings, Link, Scene
from studio.films.script import LONGEST, MOST_SCENES, scenes_of
from studio.jobs.inputs import Inputs
from studio.jobs.jobs import NotFound, NotNow, new_id
from studio.jobs.rows import Connection
from veo_client.errors import Problem, RequestError
from veo_client.request import Media, VideoRequest

MOST_FILMS = 500
"""Of one owner."""
LONGEST_NAME = 120
LONGEST_PROMPT = 20_000
"""Characters kept; what the model reads of them is checked when the scene is run."""
SCENES_AT_FIRST = 3

NO_FILM = "There is no such film here."
NO_SCENE = "There is no such scene in this film."

Change = Callable[[Film], Sequence[Scene]]


class Films:
    """The films of all owners."""

    def __init__(self, database: Database, inputs: Inputs) -> None:
        self._database = database
        self._inputs = inputs

    # Looking

    async def page(
        self, owner: str, *, limit: int = 100, after: str | None = None
    ) -> tuple[Film, ...]:
        """An owner's films, newest first."""
        return await self._database.read(
            lambda connection: film_rows.page(connection, owner, limit=limit, after=after)
        )

    async def get(self, id: str, owner: str) -> Film:
        """Raises NotFound."""
        film = await self._database.read(lambda connection: film_rows.one(connection, id, owner))
        if not film:
            raise NotFound(NO_FILM)
        return film

    # The film as a whole

    async def create(
        self,
        owner: str,
        *,
        name: str = "",
        script: str = "",
        settings: Mapping[str, Any] | None = None,
    ) -> Film:
        """A film of the script's scenes, else of three empty ones."""
        now, id = datetime.now(UTC), new_id("film")
        drafts = [*_scenes_from(script, id)] if script.strip() else []
        empty = (_empty(id) for _ in range(SCENES_AT_FIRST))
        film = Film(
            id=id,
            owner=owner,
            name=_named(name),
            settings=_settled(FilmSettings(), settings or {}),
            stitched=None,
            created_at=now,
            updated_at=now,
            scenes=tuple(drafts or empty),
        )

        def work(connection: Connection) -> None:
            if film_rows.count(connection, owner) >= MOST_FILMS:
                raise NotNow(f"There are {MOST_FILMS} films already. Delete one first.")
            film_rows.insert(connection, film)

        await self._database.write(work)
        return film

    async def change(
        self, id: str, owner: str, *, name: str | None = None, settings: Mapping[str, Any]
    ) -> Film:
        """Another name, or other settings for all scenes. Raises RequestError."""

        def work(connection: Connection) -> None:
            film = owned(connection, id, owner)
            changes: dict[str, Any] = {}
            if name is not None:
                changes["name"] = _named(name)
            if settings:
                changes["settings"] = asdict(_settled(film.settings, settings))
            film_rows.save(connection, id, **changes)

        await self._database.write(work)
        return await self.get(id, owner)

    async def delete(self, id: str, owner: str) -> Film:
        """Take the film away; its videos stay in the library. What it was, for its file to go."""

        def work(connection: Connection) -> Film:
            film = owned(connection, id, owner)
            film_rows.remove(connection, id)
            return film

        return await self._database.write(work)

    async def keep_stitched(self, id: str, owner: str, facts: Mapping[str, Any] | None) -> Film:
        """Remember what was put together. What the film was before, for that file to go.

        Raises NotFound where the film is gone meanwhile.
        """

        def work(connection: Connection) -> Film:
            before = owned(connection, id, owner)
            film_rows.save(connection, id, stitched=facts, stitching=None)
            return before

        return await self._database.write(work)

    # Scenes

    async def add(
        self, id: str, owner: str, *, after: str | None = None, **values: Any
    ) -> tuple[Film, Scene]:
        """One more scene, behind ``after`` or at the end; as ``change_scene`` else."""
        _check_named(values, None)
        scene = _changed(_empty(id), await self._kept(values))

        def place(film: Film) -> Sequence[Scene]:
            order = [*film.scenes]
            at = order.index(scene_in(film, after)) + 1 if after else len(order)
            return [*order[:at], scene, *order[at:]]

        film = await self._reorder(id, owner, place)
        return film, scene_in(film, scene.id)

    async def change_scene(self, id: str, owner: str, scene: str, **values: Any) -> Film:
        """Other text, ``duration``, ``link`` or pictures; a picture of None is taken away.

        Raises RequestError for a picture that can't be used.
        """
        kept = await self._kept(values)

        def work(connection: Connection) -> None:
            before = scene_in(owned(connection, id, owner), scene)
            _check_named(values, before)
            changed = _changed(before, kept)
            film_rows.save_scene(
                connection, scene, request=dict(changed.request), link=changed.link.value
            )

        await self._database.write(work)
        return await self.get(id, owner)

    async def move(self, id: str, owner: str, scene: str, position: int) -> Film:
        """Put a scene where ``position`` says, counted from 0; too far is the end."""

        def place(film: Film) -> Sequence[Scene]:
            moved = scene_in(film, scene)
            order = [one for one in film.scenes if one is not moved]
            order.insert(max(0, position), moved)
            return order

        return await self._reorder(id, owner, place)

    async def remove(self, id: str, owner: str, scene: str) -> Film:
        """Take a scene out of the film; its video stays in the library. See restore."""

        def place(film: Film) -> Sequence[Scene]:
            gone = scene_in(film, scene)
            return [one for one in film.scenes if one is not gone]

        return await self._reorder(id, owner, place)

    async def restore(self, id: str, owner: str, scene: str) -> Film:
        """Put a removed scene back where it was; possible for an hour at least."""
        back = await self._database.read(
            lambda connection: film_rows.removed(connection, id, scene)
        )
        if not back:
            raise NotFound(NO_SCENE)

        def place(film: Film) -> Sequence[Scene]:
            order = [one for one in film.scenes if one.id != scene]
            return [*order[: back.position], back, *order[back.position :]]

        return await self._reorder(id, owner, place)

    async def take_script(self, id: str, owner: str, script: str) -> Film:
        """The script's scenes in place of those that are empty, else at the end."""
        drafts = [*_scenes_from(script, id)]

        def place(film: Film) -> Sequence[Scene]:
            return [*(scene for scene in film.scenes if _used(scene)), *drafts]

        return await self._reorder(id, owner, place)

    async def _reorder(self, id: str, owner: str, place: Change) -> Film:
        def work(connection: Connection) -> None:
            order = place(owned(connection, id, owner))
            if len(order) > MOST_SCENES:
                raise NotNow(f"A film has at most {MOST_SCENES} scenes.")
            film_rows.put_scenes(connection, id, order)

        await self._database.write(work)
        return await self.get(id, owner)

    async def _kept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with pictures by their key."""
        kept = dict(values)
        for name in ("first_frame", "last_frame"):
            if isinstance(kept.get(name), bytes):
                kept[name] = await self._keep(name, kept[name])
        if "reference_images" in kept:
            kept["reference_images"] = [
                await self._keep("reference_images", each) if isinstance(each, bytes) else each
                for each in kept["reference_images"] or ()
            ]
        return kept

    async def _keep(self, name: str, picture: Media) -> Any:
        many = name == "reference_images"
        value: Any = (picture,) if many else picture
        asked = replace(VideoRequest(prompt="-"), **{name: value})
        kept: Any = (await self._inputs.keep(asked))[name]
        return kept[0] if many else kept


def owned(connection: Connection, id: str, owner: str) -> Film:
    """The film, which nobody else changes until the transaction ends. Raises NotFound."""
    film_rows.lock(connection, id)
    film = film_rows.one(connection, id, owner)
    if not film:
        raise NotFound(NO_FILM)
    return film


def scene_in(film: Film, id: str) -> Scene:
    for scene in film.scenes:
        if scene.id == id:
            return scene
    raise NotFound(NO_SCENE)


def _empty(film: str) -> Scene:
    return Scene(id=new_id("scene"), film=film, position=0, request={"prompt": ""}, link=Link.CUT)


def _used(scene: Scene) -> bool:
    return bool(scene.job or scene.prompt.strip() or film_rows.pictures_in(scene.request))


def _scenes_from(script: str, film: str) -> list[Scene]:
    if len(script) > LONGEST:
        raise RequestError(Problem("script", f"A script has at most {LONGEST:,} characters."))
    drafts = scenes_of(script)
    if not drafts:
        raise RequestError(Problem("script", "There is no scene in this text. Write one first."))
    return [
        _changed(_empty(film), {"prompt": draft.prompt, "duration": draft.duration})
        for draft in drafts
    ]


def _changed(scene: Scene, values: Mapping[str, Any]) -> Scene:
    """The scene with other values; what is None or empty is taken away."""
    request = {**scene.request, **{k: v for k, v in values.items() if k != "link"}}
    kept = {name: value for name, value in request.items() if value or name == "prompt"}
    if len(kept["prompt"]) > LONGEST_PROMPT:
        sentence = f"A scene has at most {LONGEST_PROMPT:,} characters."
        raise RequestError(Problem("prompt", sentence))
    link = values.get("link")
    return replace(scene, request=kept, link=Link(link) if link else scene.link)


def _check_named(values: Mapping[str, Any], scene: Scene | None) -> None:
    """A picture named by hand has to be the scene's own: nobody else's can be asked for."""
    named = {key for key in values.get("reference_images") or () if isinstance(key, str)}
    if not named <= {*film_rows.pictures_in(scene.request if scene else {})}:
        sentence = "There is no such picture in this scene. Send the picture itself."
        raise RequestError(Problem("reference_images", sentence))


def _named(name: str) -> str:
    return " ".join(name.split())[:LONGEST_NAME]


def _settled(before: FilmSettings, changes: Mapping[str, Any]) -> FilmSettings:
    fade = changes.get("fade", before.fade)
    if not isinstance(fade, int | float) or not 0 <= fade <= LONGEST_FADE:
        sentence = f"A cross-fade takes 0 to {LONGEST_FADE:g} seconds."
        raise RequestError(Problem("fade", sentence))
    return replace(before, **changes)
