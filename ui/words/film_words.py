"""The texts of the Storyboard; part of ui.words.words.Words."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio.films.film import Link, Standing
from ui.words.language import in_all_languages


@dataclass(frozen=True)
class FilmWords:
    """English. Fields with braces are filled in with str.format."""

    title: str = "Storyboard"
    skip: str = "Skip to the scenes"

    # The list of films
    lead: str = "Tell a story in scenes, and get one film."
    start: str = "Start a film"
    from_script: str = "Start from a script"
    script: str = "Script"
    script_hint: str = (
        "Scene 1: A lighthouse in a storm [8s]\nScene 2: The keeper climbs the stairs\n"
        "Scene 3: The lamp comes on"
    )
    script_help: str = (
        "Scenes are cut at blank lines or at headings such as \u201cScene 1:\u201d or "
        "\u201cINT.\u201d. Seconds go in brackets: [8s]. Nothing is made or paid yet."
    )
    script_go: str = "Turn into scenes"
    films: str = "Your films"
    unnamed: str = "Film without a name"
    one_scene: str = "1 scene"
    scenes_n: str = "{n} scenes"
    put_together: str = "put together"
    all_films: str = "All films"

    # One film
    name: str = "Name of the film"
    saved: str = "Saved"
    saving: str = "Saving"
    model: str = "Model"
    ratio: str = "Aspect ratio"
    resolution: str = "Resolution"
    sound: str = "Sound"
    with_sound: str = "With sound"
    without_sound: str = "Silent"
    fit: str = "Frames of another shape"
    fits: dict[str, str] = field(
        default_factory=lambda: {"crop": "Cropped", "pad": "Padded in black"}
    )
    between: str = "At cuts"
    fades: dict[float, str] = field(
        default_factory=lambda: {
            0.0: "Straight cut",
            0.5: "Cross-fade, half a second",
            1.0: "Cross-fade, one second",
        }
    )
    settings: str = "For all scenes"
    scenes: str = "Scenes"
    scene: str = "Scene {n}"
    prompt: str = "What happens in scene {n}"
    hints: tuple[str, ...] = (
        "How does it begin? For example: A lighthouse in a storm at night, waves break over the "
        "rocks, slow aerial shot",
        "What happens then? For example: The keeper climbs the spiral stairs with a lantern, "
        "handheld, footsteps echo",
        "How does it end? For example: The great lamp comes on, its beam sweeps over the sea, "
        "the storm grows quiet",
    )
    hint_more: str = "And then?"
    seconds: str = "Seconds of scene {n}"
    seconds_short: str = "{n} s"
    adds: str = "+{n} s"
    links: dict[Link, str] = field(
        default_factory=lambda: {
            Link.CUT: "Cut",
            Link.LAST_FRAME: "Goes on from the last frame",
            Link.EXTENSION: "Extends the scene before",
        }
    )
    link: str = "How scene {n} follows the scene before"
    earlier: str = "Move scene {n} earlier"
    later: str = "Move scene {n} later"
    remove: str = "Remove scene {n}"
    drag: str = "Drag to reorder"
    add: str = "Add a scene"
    moved: str = "Scene {n} is now at place {place}."
    removed: str = "Scene {n} removed. Its video stays in the library."
    undo: str = "Undo"
    restored: str = "Scene {n} is back."
    pictures: str = "Pictures of scene {n}"
    slots: dict[str, str] = field(
        default_factory=lambda: {
            "first_frame": "First frame",
            "last_frame": "Last frame",
            "reference_images": "Reference",
        }
    )
    add_picture: str = "{slot} of scene {n}: add a picture"
    remove_picture: str = "{slot} of scene {n}: remove the picture"

    # Where a scene stands
    standings: dict[Standing, str] = field(
        default_factory=lambda: {
            Standing.EMPTY: "Not written yet",
            Standing.READY: "Ready to be made",
            Standing.BUSY: "Waiting",
            Standing.DONE: "Made",
            Standing.CHANGED: "Made; changed since",
            Standing.OLDER: "Made from an older version of the scene before",
            Standing.FAILED: "It did not work out",
            Standing.UNKNOWN: "Outcome unknown",
        }
    )
    waits_for_parent: str = "Waits for the scene before"
    make: str = "Make this scene · {price}"
    make_again: str = "Make again · {price}"
    retry: str = "Try again · {price}"
    costs_again: str = "Try again · costs again"
    sure: str = "Google may have made the first one and charged for it. This is a second one."
    pay_again: str = "Yes, pay again, {price}"
    stop: str = "Stop"
    stop_one: str = "Stop scene {n}"
    play: str = "Play scene {n}"
    no_reason: str = "No reason was given."

    # What comes next
    next: str = "The film"
    write_first: str = "Describe a scene. Then the film can be made."
    make_film: str = "Make the film"
    make_all: str = "Make {scenes} · {seconds} s · {price}"
    the_scene: str = "the scene"
    the_scenes: str = "all {n} scenes"
    more_scenes: str = "{n} scenes"
    one_more: str = "1 scene"
    making: str = "Making {n} of {all} scenes. You can leave this page; it goes on."
    making_one: str = "Making a scene. You can leave this page; it goes on."
    stop_all: str = "Stop what is not sent yet"
    look_older: str = (
        "Scene {n} was made from an older version of the scene before. Make it again, or keep it."
    )
    look_unknown: str = "Nobody knows whether scene {n} was made. Decide there what to do."
    no_model: str = "No model is within reach, so nothing can be made."
    stitching: str = "Putting the film together"
    stitch: str = "Put the film together"
    stitch_again: str = "Put it together again"
    stitch_free: str = "This costs nothing and changes no scene."
    film_older: str = "This film shows the scenes as they were before."
    player: str = "Your film"
    export: str = "Export the film"
    facts: str = "{seconds} s · {width} by {height} · {size}"
    lossless: str = "Every picture is the clip's own, bit for bit."
    encoded: str = "The clips were encoded anew, because they differ or fade into each other."
    provenance: str = (
        "AI-generated. The clips' signed provenance (C2PA) is not carried into the film; the clips "
        "in the library keep it."
    )
    simulated: str = "Simulated: no clip in it was made by Google."
    cost: str = "about {price}"
    free: str = "free, simulated"
    delete: str = "Delete this film"
    delete_sure: str = "The film and its scenes go for good. The videos stay in the library."
    delete_go: str = "Yes, delete it"
    more_from_script: str = "Add scenes from a script"
    offline: str = (
        "The studio can't be reached. What you write is kept in this browser and sent as soon as "
        "it is back."
    )


ENGLISH = FilmWords()
WORDS = in_all_languages(ENGLISH, "film")
