"""What the tests need that pip can't bring: a browser, servers, an engine that builds the image.

``python -m tests.tools install`` brings them where it may, and says how to get them where not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
BROWSER_CURE = "The page is tested in Chromium or Chrome: install either, then run make test again."
IMAGE_CURE = (
    "The image is built with Docker, or as root on Debian with buildah: "
    "apt-get install --no-install-recommends buildah mmdebstrap"
)
SERVICES_CURE = (
    "PostgreSQL, PgBouncer, Redis and Azurite are tested for real. As root on Debian or Ubuntu: "
    "python -m tests.tools install. Elsewhere install the first three, Node.js 20 and npm first."
)
AZURITE = "azurite@~3.35"
"""Stands for Azure Storage; newer ones need a newer Node.js than Debian has."""
KUBERNETES = ("@kubernetes-models/gateway-api@^2", "@kubernetes-models/keda@^2", "typescript@^5")
"""What the Gateway API and KEDA know of their objects, and what holds ours against it."""
KUBERNETES_CURE = (
    "The manifests are held against KEDA and the Gateway API: install Node.js and npm."
)
CLIENTS = ("openai@^6.49", "@gradio/client@^2.7")
"""Clients that others wrote, for JavaScript."""
LITELLM = "litellm>=1.106,<2"
"""Needs an older openai than the tests do, so it gets a folder of its own."""
CLIENTS_CURE = "Foreign clients are tried as they come: python -m tests.tools install, with npm."


def browser() -> str | None:
    """The command that starts a browser able to play H.264, which Playwright's own is not."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def image_engine() -> Literal["docker", "buildah"] | None:
    """What can build and run the image here."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "info"], capture_output=True).returncode == 0:
        return "docker"
    if shutil.which("buildah") and shutil.which("mmdebstrap") and is_root():
        return "buildah"
    return None


def postgresql() -> Path | None:
    """The folder of PostgreSQL's programs; Debian keeps the server's off the path."""
    found = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return Path(found).resolve().parent if found else debian[-1].parent if debian else None


def pgbouncer() -> str | None:
    """PgBouncer's program; Debian keeps it off the path of ordinary users."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


def azurite() -> Path:
    """Azurite's program, whether it is there or not."""
    return _node() / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"


def node_modules() -> Path:
    """Where npm's packages are."""
    return _node() / "node_modules"


def kubernetes_models() -> Path | None:
    """The compiler, where it and the objects' descriptions are there."""
    there = (node_modules() / "@kubernetes-models" / "keda").is_dir()
    compiler = node_modules() / "typescript" / "bin" / "tsc"
    return compiler if there and compiler.exists() and shutil.which("node") else None


def clients() -> bool:
    """Whether the clients for JavaScript are there."""
    names = (name.rpartition("@")[0] for name in CLIENTS)
    return all((node_modules() / name).is_dir() for name in names)


def litellm() -> Path:
    """Where LiteLLM and all it needs are, if they are."""
    return Path(sys.prefix) / "litellm"


def _install_litellm() -> None:
    """Whole or not at all: an install that broke off is not taken for one."""
    half = litellm().with_name("litellm.half")
    shutil.rmtree(half, ignore_errors=True)
    what = ["pip", "install", "--quiet", "--target", str(half), LITELLM]
    quick = [sys.executable, "-m", "uv", *what, "--python", sys.executable]
    if subprocess.run(quick).returncode:  # where only pip is told of a mirror
        subprocess.run([sys.executable, "-m", *what, "--no-compile"], check=True)
    half.rename(litellm())


def _node() -> Path:
    """What npm installs goes into the environment of Python, and away with it."""
    return Path(sys.prefix) / "node"


def is_root() -> bool:
    """Whether this process may do everything; never on Windows."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _missing() -> list[str]:
    """Names of Debian's packages."""
    needed = {
        "chromium": browser(),
        "buildah": image_engine(),
        "mmdebstrap": image_engine(),
        "postgresql": postgresql(),
        "pgbouncer": pgbouncer(),
        "redis-server": shutil.which("redis-server"),
        "nodejs": shutil.which("node"),
        "npm": shutil.which("npm"),
    }
    return [name for name, there in needed.items() if not there]


def install() -> None:
    """Debian's packages where this is root on a Debian; else a sentence for what is missing."""
    apt = shutil.which("apt-get")
    if _missing() and apt and is_root():
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "-y", "--no-install-recommends", *_missing()]):
            subprocess.run([apt, "-qq", *command], env=quiet, check=True)
    if not litellm().is_dir():
        _install_litellm()
    there = azurite().exists() and kubernetes_models() and clients()
    if not there and (npm := shutil.which("npm")):
        into = ["--prefix", str(_node()), "--no-audit", "--no-fund", "--silent"]
        subprocess.run([npm, "install", *into, AZURITE, *KUBERNETES, *CLIENTS], check=True)
    if not browser():
        print(BROWSER_CURE)
    if not image_engine():
        print(IMAGE_CURE)
    servers = (postgresql(), pgbouncer(), shutil.which("redis-server"), azurite().exists())
    if not all(servers):
        print(SERVICES_CURE)
    if not kubernetes_models():
        print(KUBERNETES_CURE)


if __name__ == "__main__":
    if sys.argv[1:] != ["install"]:
        sys.exit(__doc__)
    install()
