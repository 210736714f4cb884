"""Who may spend the owner's key."""

from __future__ import annotations

import pytest

from studio.access import COOKIE, OWNER, recognise

LOCAL = {"host": "localhost:7860"}


@pytest.mark.parametrize("host", ["localhost", "localhost:7860", "127.0.0.1:80", "[::1]:7860"])
def test_the_owners_own_machine_is_trusted(host: str) -> None:
    visitor = recognise("127.0.0.1", {"Host": host}, {})
    assert (visitor.owner, visitor.trusted) == (OWNER, True)


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("192.0.2.7", LOCAL),
        ("127.0.0.1", {"host": "abc.gradio.live"}),
        ("127.0.0.1", {**LOCAL, "x-forwarded-for": "192.0.2.7"}),
        ("127.0.0.1", {**LOCAL, "X-Forwarded-Host": "abc.gradio.live"}),
        ("127.0.0.1", {**LOCAL, "Via": "1.1 front"}),
        ("127.0.0.1", {**LOCAL, "True-Client-IP": "192.0.2.7"}),
        ("127.0.0.1", {"host": "127.0.0.1.evil.example"}),
        ("127.0.0.1", {}),
        (None, LOCAL),
    ],
    ids=[
        *("another machine", "share link", "proxy", "proxy host", "via", "a cloud's proxy"),
        *("rebound name", "none", "no peer"),
    ],
)
def test_anyone_else_is_a_stranger(peer: str | None, headers: dict[str, str]) -> None:
    visitor = recognise(peer, headers, {})
    assert not visitor.trusted
    assert visitor.owner != OWNER


def test_a_setting_or_a_login_lets_others_in() -> None:
    assert recognise("192.0.2.7", LOCAL, {}, share_key=True).trusted
    assert recognise("192.0.2.7", {}, {}, login="ada").trusted


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        *(("localhost:7860", True), ("Studio.example", True), ("10.0.0.7:7860", True)),
        *(("[::1]:7860", True), ("evil.example:7860", False), ("studio.example.evil", False)),
        *(("localhost.evil.example", False), ("", False)),
    ],
)
def test_a_shared_key_is_shared_under_the_pages_own_name(host: str, ours: bool) -> None:
    """Any site can make its own name lead to a machine that it could not reach."""
    who = recognise("172.17.0.1", {"host": host}, {}, share_key=True, name="studio.example")
    assert who.trusted == ours


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        *(("10.0.0.7:7860", True), ("studio", True), ("web.veo-studio.svc.cluster.local", True)),
        *(("0a1b.gradio.live", True), ("studio.company.example", False), ("evil.example", False)),
        *(("", False), ("local.evil.example", False), ("evil.example.", False)),
    ],
)
def test_without_a_name_of_its_own_a_key_is_shared_under_no_name_that_can_be_bought(
    host: str, ours: bool
) -> None:
    who = recognise("172.17.0.1", {"host": host}, {}, share_key=True)
    assert who.trusted == ours


def test_a_stranger_is_known_again_by_the_cookie_alone() -> None:
    first = recognise("192.0.2.7", {}, {COOKIE: "token"})
    assert first == recognise("198.51.100.1", {}, {COOKIE: "token"})
    assert first != recognise("192.0.2.7", {}, {COOKIE: "other"})
    assert "token" not in first.owner


def test_without_a_cookie_no_two_strangers_are_the_same() -> None:
    assert recognise("192.0.2.7", {}, {}) != recognise("192.0.2.7", {}, {})
