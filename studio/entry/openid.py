"""Logging in by an OpenID provider: Entra ID, Hugging Face or any other. Authlib does the talking.

What has to be remembered between leaving for the provider and coming back (state, nonce, PKCE) lies
sealed in the browser for ten minutes, so that any replica can take the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from studio.entry.people import Person
from studio.entry.secret import Secret
from studio.login import HUGGING_FACE, Login
from veo_client.errors import VeoError

log = logging.getLogger(__name__)

LASTS = 600
"""Seconds that signing in at the provider may take."""
_PURPOSE = "openid"


class NotSignedIn(VeoError):
    """The provider did not vouch for anybody."""

    code = "no_login"


_FAILED = "Signing in did not work: {why} Nothing was changed. Try again."


class OpenId:
    """One provider."""

    def __init__(self, login: Login, secret: Secret) -> None:
        self._login = login
        self._secret = secret

    @cached_property
    def _provider(self) -> Any:
        from authlib.integrations.starlette_client import OAuth  # type: ignore[import-untyped]

        known = self._login
        oauth = OAuth()
        oauth.register(
            "provider",
            client_id=known.client_id,
            client_secret=known.client_secret or None,
            server_metadata_url=known.issuer.rstrip("/") + "/.well-known/openid-configuration",
            client_kwargs={
                "scope": known.scopes,
                "code_challenge_method": "S256",
                "timeout": 10,
                **({} if known.client_secret else {"token_endpoint_auth_method": "none"}),
            },
        )
        return oauth.provider

    async def leave(self, request: Request, back: str, next: str) -> tuple[Response, str]:
        """The redirect to the provider, and what the browser keeps meanwhile. Raises NotSignedIn.

        ``back``: the address that the provider is to send them to.
        """
        request.scope["session"] = {}
        try:
            await self._checked_metadata()
            response: Response = await self._provider.authorize_redirect(request, back)
        except Exception as error:
            raise self._failed("the login service can't be reached.", error) from error
        return response, self._secret.seal(_PURPOSE, {"session": request.session, "next": next})

    async def arrive(self, request: Request, kept: str) -> tuple[Person, str]:
        """The person the provider vouches for, and where they wanted to go. Raises NotSignedIn."""
        known = self._secret.open(_PURPOSE, kept, LASTS)
        if not known:
            raise NotSignedIn(_FAILED.format(why="it took too long, or began elsewhere."))
        request.scope["session"] = known["session"]
        try:
            issuer = await self._checked_metadata()
            token = await self._provider.authorize_access_token(
                request,
                claims_options={
                    "iss": {"essential": True, "value": issuer},
                    "aud": {"essential": True, "value": self._login.client_id},
                    "sub": {"essential": True},
                },
            )
        except Exception as error:
            why = "the login service did not confirm it."
            raise self._failed(why, error) from error
        if not token.get("userinfo"):
            raise NotSignedIn(_FAILED.format(why="the login service did not say who you are."))
        return self._person(token["userinfo"]), str(known["next"])

    async def _checked_metadata(self) -> str:
        """The issuer as the provider spells it, which has to be the one of the settings."""
        issuer = str((await self._provider.load_server_metadata()).get("issuer", ""))
        if issuer.rstrip("/") != self._login.issuer.rstrip("/"):
            raise ValueError("the provider's metadata name another issuer")
        return issuer

    def _failed(self, why: str, error: Exception) -> NotSignedIn:
        # The words of an answer may hold a code or a token, so only the kind of error is told.
        log.warning("A login failed: %s: %s", why, type(error).__name__)
        return NotSignedIn(_FAILED.format(why=why))

    def _person(self, claims: Mapping[str, Any]) -> Person:
        called = claims.get("name") or claims.get("preferred_username") or claims.get("email")
        subject = f"{self._login.realm} {claims['sub']}"
        return Person(subject, str(called or "Signed in"), labels_of(claims, self._login.issuer))


def labels_of(claims: Mapping[str, Any], issuer: str) -> frozenset[str]:
    """What the settings may know somebody by: only what they can't choose for themselves.

    A name that its bearer can change, as Entra's preferred_username, or an e-mail address that
    nobody has checked, would let one pass for another.
    """
    single = [claims.get("sub"), claims.get("oid")]
    if claims.get("email_verified") is True:
        single.append(claims.get("email"))
    if issuer.rstrip("/") == HUGGING_FACE:
        single.append(claims.get("preferred_username"))
    several = [claims.get("groups"), claims.get("roles")]
    listed = [one for many in several if isinstance(many, list) for one in many]
    return frozenset(str(one) for one in (*single, *listed) if isinstance(one, str) and one)
