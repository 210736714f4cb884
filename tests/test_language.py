"""Two languages: the same words in both, and a page that speaks one of them throughout."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from studio.jobs.job import State
from tests.app_server import ROOT, AppServer
from ui.words.de.library import WORDS as LIBRARY_GERMAN
from ui.words.de.page import WORDS as GERMAN
from ui.words.language import chosen, speak
from ui.words.library_words import ENGLISH as LIBRARY
from ui.words.sentences import parts, spoken
from ui.words.words import ENGLISH

PATIENCE = 90_000
UNMISTAKABLE = re.compile(
    r"\b(the|is|are|and|of|with|your|this|that|from|has|by|can't|nothing|no)\b", re.IGNORECASE
)
"""No German sentence holds one of these."""
FIELD = re.compile(r"\{\w*\}")
SAME = {
    *("Videos", "Prompt", "Name", "Seed", "Storyboard", "Film", "Filter", "Pause", "Status"),
    *("Veo Studio", "SHA-256", "Gemini API", "Google Cloud", "Video: {prompt}", "Enter"),
    "Reference image {n}: {name}.",  # said to Google
}
"""Said alike in both."""
TEXTS = """() => {
  const texts = []
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walk.nextNode()) {
    const around = walk.currentNode.parentElement
    const theirs = 'script, style, svg, [lang=en]:not(html), textarea, .caption, .prompt'
    if (around.closest(theirs)) continue
    texts.push(walk.currentNode.data)
  }
  for (const one of document.querySelectorAll('[aria-label], [title], [placeholder]'))
    if (!one.closest('[lang=en]:not(html)'))
      texts.push(one.ariaLabel || '', one.title || '', one.getAttribute('placeholder') || '')
  return texts.map((text) => text.trim()).filter(Boolean)
}"""


def texts_of(words: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every single text with the place it stands at."""
    if is_dataclass(words):
        for field in fields(words):
            yield from texts_of(getattr(words, field.name), f"{where}.{field.name}")
    elif isinstance(words, dict):
        for key, value in words.items():
            yield from texts_of(value, f"{where}[{key}]")
    elif isinstance(words, tuple):
        for n, value in enumerate(words):
            yield from texts_of(value, f"{where}[{n}]")
    else:
        yield where, words


@pytest.mark.parametrize(
    ("english", "german"), [(ENGLISH, GERMAN), (LIBRARY, LIBRARY_GERMAN)], ids=["page", "library"]
)
def test_every_text_is_there_in_both_languages(english: Any, german: Any) -> None:
    ours, theirs = dict(texts_of(english)), dict(texts_of(german))
    assert ours.keys() == theirs.keys()
    for place, text in ours.items():
        assert sorted(FIELD.findall(text)) == sorted(FIELD.findall(theirs[place])), place
        translated = theirs[place] != text or len(text) < 4 or text in SAME
        assert translated or not re.search(r"[a-z]{4}", FIELD.sub("", text)), f"{place}: {text}"
        assert not re.search(r"\b(du|dein\w*|dir|dich|Sie haben)\b", theirs[place]), place


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr, en;q=0.3, de;q=0.7", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("de;q=0, en;q=0.1", "en"),
        ("de;q=much, \x00, ;;", "en"),
    ],
)
def test_a_browser_is_answered_in_the_first_language_that_is_ours(asked: str, spoken: str) -> None:
    assert chosen("auto", {"accept-language": asked}) == spoken
    assert chosen("en", {"accept-language": asked}) == "en"


def test_no_words_are_said_before_anybody_asks() -> None:
    """What is drawn when a module is imported would be English for all."""
    said = []
    for file in [ROOT / "app.py", *(ROOT / "ui").rglob("*.py")]:
        for node in ast.parse(file.read_text()).body:
            parts = [node] if isinstance(node, ast.Assign | ast.AnnAssign) else []
            if isinstance(node, ast.ClassDef):
                parts = [part for part in node.body if isinstance(part, ast.AnnAssign | ast.Assign)]
            names = [ast.unparse(each) for part in parts for each in ast.walk(part)
                     if isinstance(each, ast.Attribute)]  # fmt: skip
            said += [f"{file.name}: {name}" for name in names if name.startswith("WORDS.")]
    assert said == []


@pytest.fixture(scope="module")
def german(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="de-DE")
    yield context.new_page()
    context.close()


def english_on(page: Page) -> list[str]:
    """Texts on the page that are English and not marked so: ours, and any other sentence."""
    known = [text for words in (ENGLISH, LIBRARY) for _, text in texts_of(words)]
    known = [text for text in known if re.search(r"[A-Za-z]{4}", FIELD.sub("", text))]
    theirs = {text for words in (GERMAN, LIBRARY_GERMAN) for _, text in texts_of(words)}
    shapes = [
        re.compile(".*".join(re.escape(part) for part in FIELD.split(text)))
        for text in known
        if text not in theirs
    ]
    seen = set(page.evaluate(TEXTS))
    sure = (text for text in seen if " " in text and UNMISTAKABLE.search(text))
    return sorted({*sure, *(text for text in seen if any(one.fullmatch(text) for one in shapes))})


# What studio and client say

SAID_TO_PROGRAMS = (
    *("veo_client/stand_in", "veo_client/command.py", "veo_client/options.py", "studio/agents"),
    *("veo_client/__main__.py", "veo_client/notebook.py", "veo_client/rewriting.py"),
    *("veo_client/client.py", "veo_client/drawing.py", "studio/__main__.py", "studio/commands.py"),
    *("studio/settings.py", "studio/upkeep", "studio/telemetry", "studio/login.py"),
    *("studio/entry/secret.py", "studio/migrate.py", "studio/hooks", "studio/api"),
    *("studio/driving/worker.py", "studio/storage/objects.py", "studio/media/stitch.py"),
    *("studio/studio.py", "studio/library/keeping.py"),
)
"""What nobody reads on a page: the command line, settings, agents, logs, fields of /v1."""


def sentences_of(code: str) -> Iterator[str]:
    """Every literal that is a sentence, with 7 for whatever is filled in."""
    tree = ast.parse(code)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    filled = [node.values for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    docs |= {id(value) for values in filled for value in values}
    named = {
        ast.unparse(node.targets[0]): node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }

    def filling(part: ast.expr) -> str:
        if not isinstance(part, ast.FormattedValue):
            return str(ast.literal_eval(part))
        name = ast.unparse(part.value)
        return "" if name.endswith(".saying") else str(named.get(name, 7))

    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.JoinedStr):  # another sentence may come first
            text = re.sub(r"^7 (?=[A-Z])", "", "".join(map(filling, node.values)))
        elif isinstance(node, ast.Constant) and id(node) not in docs:
            text = str(node.value)
        yield from re.findall(r"^[A-Z7].* .* .*[.?]$", text)


def test_every_sentence_that_may_reach_a_page_is_known_in_german() -> None:
    speak("de")
    missing, known = [], 0
    for file in (*ROOT.glob("veo_client/**/*.py"), *ROOT.glob("studio/**/*.py")):
        name = str(file.relative_to(ROOT))
        for text in () if name.startswith(SAID_TO_PROGRAMS) else sentences_of(file.read_text()):
            said = [part for part, in_german in parts(text, "de") if not in_german]
            missing += [f"{name}: {each}" for each in said]
            known += not said
    assert missing == []
    assert known > 100, "it does not find what it looks for"
    speak("en")


def test_a_sentence_is_said_in_the_language_of_the_page_and_what_is_not_is_marked() -> None:
    told = 'Veo 3.1 takes no seed. Leave it empty. Google says: "No <b>." Who knows? Not me.'
    assert spoken(told) == html.escape(told)
    speak("de")
    assert spoken(told) == (
        "Veo 3.1 nimmt keinen Seed. Das Feld leer lassen. Google sagt: "
        '„<span lang="en">No &lt;b&gt;</span>.“ <span lang="en">Who knows?</span> '
        '<span lang="en">Not me.</span>'
    )
    assert spoken(GERMAN.whole_number) == GERMAN.whole_number
    assert "0,56 $" in spoken(
        "This would cost about $0.56, and $0.10 of the daily budget of $5.00 is left. "
        "Nothing was sent. It goes on tomorrow (UTC), or with a larger budget."
    )
    speak("en")


def test_a_german_browser_sees_no_english_word(
    page: Page, german: Page, app_server: AppServer
) -> None:
    """On Create, from the first answer to the finished video, and on all other pages."""
    page.goto(f"{app_server.url}/spend")
    assert len(english_on(page)) > 10, "it does not find what it looks for"
    page = german
    assert 'lang="de"' in (page.goto(app_server.url) or page).text()[:200]  # type: ignore[union-attr]
    expect(page.locator("#screen .empty")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#go")).to_contain_text(GERMAN.generate)
    assert english_on(page) == []
    page.locator("#prompt textarea").fill("Ein Fuchs im Schnee")
    page.locator("#go").click()
    expect(page.locator("#working")).to_contain_text(GERMAN.simulating, timeout=PATIENCE)
    assert english_on(page) == []
    expect(page.locator("#screen video")).to_be_visible(timeout=PATIENCE)
    assert english_on(page) == []
    for switch, state in (("filtered", "filtered"), ("error", "failed"), ("unknown", "unknown")):
        page.locator("#prompt textarea").fill(f"Ein Fuchs [{switch}]")
        page.locator("#go").click()
        verdict = page.locator("#screen .verdict")
        expect(verdict).to_contain_text(GERMAN.states[State(state)], timeout=PATIENCE)
        assert english_on(page) == [], state
    page.locator("#prompt textarea").fill("x" * 4001)
    page.locator("#go").click()
    expect(page.locator("p[role=alert]")).to_contain_text("4.001 Zeichen")
    film = page.request.post(f"{app_server.url}/v1/films", data={"script": "Ein Turm"}).json()
    refused = page.evaluate("fetch('v1/films/none').then((told) => told.json())")
    assert refused["error"]["message"] == "Diesen Film gibt es hier nicht."
    for place in ("library", "storyboard", f"storyboard/{film['id']}", "spend", "own-key", "v/no"):
        page.goto(f"{app_server.url}/{place}")
        assert page.locator("html").get_attribute("lang") == "de"
        assert english_on(page) == [], place
    page.goto(f"{app_server.url}/spend")
    page.locator("#check button").click()
    expect(page.locator("#check [role=status] b")).to_be_visible()
    assert english_on(page) == []
    for card in ("/library?state=ended", "/library"):
        page.goto(app_server.url + card)
        page.locator(".card a").first.click()
        expect(page.locator("#details article")).to_be_visible()
        assert english_on(page) == [], card
