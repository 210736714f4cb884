"""A script becomes scenes, whatever its writer is used to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.films.script import MOST_SCENES, Draft, scenes_of

SCREENPLAY = """THE LAST BOAT

FADE IN:

INT. HARBOUR OFFICE - NIGHT

A clerk counts tickets. [4s]

The phone rings.

CUT TO:

EXT. PIER - DAWN
Fog. A boat leaves. (6 seconds)
"""


@pytest.mark.parametrize(
    ("text", "scenes"),
    [
        ("A fox runs.\nSnow flies.\n\nIt rests.", ["A fox runs. Snow flies.", "It rests."]),
        ("Scene 1: A fox\n\nScene 2: [5s] An owl\nlooks", ["A fox", "An owl looks"]),
        (
            "# Title\n\n## Scene 1\nA fox\n\nit runs\n\n## Scene 2\nAn owl",
            ["A fox it runs", "An owl"],
        ),
        ("Scene 1\nINT. CAVE - DAY\nA bear", ["INT. CAVE - DAY A bear"]),
        ("1. A fox\n2. An owl\n3. A bear", ["A fox", "An owl", "A bear"]),
        ("- A fox\r\n- An owl", ["A fox", "An owl"]),
        (
            SCREENPLAY,
            [
                "INT. HARBOUR OFFICE - NIGHT A clerk counts tickets. The phone rings.",
                "EXT. PIER - DAWN Fog. A boat leaves.",
            ],
        ),
        (" \n\n ", []),
    ],
)
def test_a_script_is_cut_where_its_writer_meant_it(text: str, scenes: list[str]) -> None:
    assert [draft.prompt for draft in scenes_of(text)] == scenes


def test_seconds_in_brackets_are_the_scenes_duration() -> None:
    assert [draft.duration for draft in scenes_of(SCREENPLAY)] == [4, 6]
    assert scenes_of("A fox (12 sec.)\n\nAn owl") == (Draft("A fox", 12), Draft("An owl"))
    assert scenes_of("In the year (1984)") == (Draft("In the year (1984)"),)


@given(st.text(alphabet="ab \n1.:[]s()-#", max_size=80) | st.text(max_size=60))
def test_any_text_is_a_script_and_no_word_of_a_block_is_lost(text: str) -> None:
    drafts = scenes_of(text)
    assert len(drafts) <= MOST_SCENES
    assert all(draft.prompt == draft.prompt.strip() != "" for draft in drafts)
    for word in ("a", "b"):
        assert text.count(word) == sum(draft.prompt.count(word) for draft in drafts)
