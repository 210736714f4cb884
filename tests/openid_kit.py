"""An OpenID provider on loopback: real HTTP, real signed tokens, and every lie asked of it."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, CLIENT_SECRET = "veo-studio", "the-clients-own-secret"


class Provider:
    """Vouches at once for whoever it is told; its attributes may be changed while it runs."""

    def __init__(self) -> None:
        self.url = ""
        self.claims: dict[str, Any] = {"sub": "ann-1", "name": "Ann"}
        self.lies: dict[str, Any] = {}
        """Laid over the claims of a token: another iss, aud, nonce, exp ..."""
        self.metadata_lies: dict[str, Any] = {}
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.signs_with: RSAKey | None = None
        """Another key than the published one."""
        self.asked: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _metadata(self, request: Request) -> Response:
        del request
        places = {
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return JSONResponse({"issuer": self.url, **places, **self.metadata_lies})

    async def _keys(self, request: Request) -> Response:
        del request
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{answer}", 302)

    async def _token(self, request: Request) -> Response:
        async with request.form() as form:
            asked = self._codes.pop(str(form["code"]), None)
            verifier = str(form.get("code_verifier", ""))
            back = form.get("redirect_uri")
        login = base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()
        fits = (
            asked is not None
            and request.headers.get("authorization") == f"Basic {login}"
            and asked["code_challenge"] == _challenge(verifier)
            and asked["redirect_uri"] == back
        )
        if not asked or not fits:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(
            {"access_token": "a", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}
        )

    def id_token(self, nonce: str) -> str:
        """What the provider says about the person, signed."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300}
        key = self.signs_with or self.key
        header = {"alg": "RS256", "kid": "one"}
        return jwt.encode(header, {**claims, **self.claims, **self.lies}, key)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
