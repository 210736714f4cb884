"""What studio and client say, in the language of the page.

They speak English alone: their sentences lie in rows, logs and files. A language of the page has
a file of such sentences with their translations; what it lacks, and what others said, stays
English and is marked as that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache, lru_cache
from html import escape
from typing import Any

from ui.words.language import LANGUAGES, folder_of, language
from ui.words.words import WORDS, Words

LONGEST = 2000
"""Characters; what is longer is nobody's sentence of ours."""
_FIELD = re.compile(r"\{(\w+)\}")
_ENDS = r"(?:(?<=[.:!?\"])(?=\s)|$)"
_REST = re.compile(r".*?(?:[.!?][\"”]?(?=\s)|$)", re.DOTALL)
_PHRASES = "# Phrases"
Part = tuple[str, bool]
"""Some text, and whether it is in the language of the page."""
Known = list[tuple[re.Pattern[str], str]]


def spoken(text: str) -> str:
    """As HTML; what stays English is marked."""
    return "".join(
        escape(part) if known else f'<span lang="en">{escape(part)}</span>'
        for part, known in parts(text, language())
    )


@lru_cache(500)
def parts(text: str, language: str) -> tuple[Part, ...]:
    """One sentence after the other. Call it with the language that is spoken now."""
    if language == LANGUAGES[0] or len(text) > LONGEST:
        return ((text, language == LANGUAGES[0]),)
    return tuple(_sentences(text, language))


def _sentences(text: str, language: str) -> Iterator[Part]:
    at = 0
    while at < len(text):
        for pattern, words in _sentences_of(language):
            if found := pattern.match(text, at):
                yield from _filled(words, found, language)
                break
        else:
            found = _REST.match(text, at)
            assert found  # noqa: S101
            yield found[0], False
        end, at = found.end(), len(text) - len(text[found.end() :].lstrip())
        if end < at < len(text):
            yield " ", True


def _filled(words: str, found: re.Match[str], language: str) -> Iterator[Part]:
    for n, piece in enumerate(_FIELD.split(words)):
        if piece == "quote":
            yield found[piece], False
        elif piece:
            yield (_value(found[piece], language) if n % 2 else piece), True


def _value(value: str, language: str) -> str:
    """A phrase that is known, a number in its own dress, or what it is."""
    for pattern, words in _phrases_of(language):
        if found := pattern.fullmatch(value):
            return "".join(piece for piece, _ in _filled(words, found, language))
    number = re.fullmatch(r"\d+\.\d+|\d{1,3}(,\d{3})+", value) and WORDS.decimal == ","
    return value.translate(str.maketrans(".,", ",.")) if number else value


@cache
def _sentences_of(language: str) -> Known:
    """Of the file, and the page's own, which are said as they stand."""
    own = ((text, text) for text in _texts(WORDS, Words) if re.search(r"\w \w.*[.?]$", text))
    return _patterns([*_pairs(language, phrases=False), *own])


@cache
def _phrases_of(language: str) -> Known:
    return _patterns(_pairs(language, phrases=True))


def _pairs(language: str, *, phrases: bool) -> Iterator[tuple[str, str]]:
    """An English line, and the same below it."""
    file = folder_of(language) / "sentences.txt"
    if not file.is_file():
        return iter(())
    said = file.read_text("utf-8").split(_PHRASES)[phrases]
    lines = [line.strip() for line in said.splitlines()[phrases:] if line.strip()]
    lines = [line for line in lines if not line.startswith("#")]
    return zip(lines[::2], lines[1::2], strict=True)


def _texts(words: Any, kind: Any = None) -> Iterator[str]:
    """Every text of Words of some language."""
    if kind or is_dataclass(words):
        for each in fields(kind or words):
            yield from _texts(getattr(words, each.name))
    elif isinstance(words, dict | tuple):
        for each in words.values() if isinstance(words, dict) else words:
            yield from _texts(each)
    elif isinstance(words, str):
        yield words


def _patterns(pairs: Any) -> Known:
    """The longest, which says the most, first."""
    ordered = sorted(pairs, key=lambda pair: -len(pair[0]))
    return [(re.compile(_pattern(said) + _ENDS, re.DOTALL), words) for said, words in ordered]


def _pattern(said: str) -> str:
    """What is filled in ends with its sentence; ``quote`` and ``why`` go on."""
    pattern, named = "", set[str]()
    for n, piece in enumerate(_FIELD.split(said)):
        if n % 2 == 0:
            pattern += re.escape(piece)
        elif piece in named:
            pattern += f"(?P={piece})"
        else:
            named.add(piece)
            inside = "." if piece in ("quote", "why") else r"(?:(?!\. ).)"
            pattern += f"(?P<{piece}>{inside}+?)"
    return pattern
