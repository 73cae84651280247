"""Podman and compose as the tests use them."""

import json
import os
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
COMPOSE_TLS = yaml.safe_load((ROOT / "deploy/compose.tls.yml").read_text())
VERSION = COMPOSE["services"]["scoring"]["image"].split(":")[1]
PROJECT = "proof"
SECRETS = {
    "POSTGRES_PASSWORD": "proof-of-postgres",
    "PARTICIPANT_SECRET": "proof-of-participants-0123456789abcdef",
    "JWT_SECRET": "proof-of-tokens-0123456789abcdef0123456789",
    "HOST_PASSWORD": "proof-of-hosts",
}


def image(name):
    """The name of an image: one of ours, or what a service of compose runs."""
    ours = {"scoring", "gateway", "scorecast", "migration"}
    if name in ours:
        return f"localhost/scorecast/{'scoring' if name == 'migration' else name}:{VERSION}"
    return COMPOSE["services"][name]["image"]


def podman(*words, timeout=60):
    """Runs podman; gives its standard output, and its complaint if it fails."""
    return _run(["podman", *words], timeout)


def compose(*words, timeout=180):
    """Runs compose on the project of these tests."""
    return _run(["docker-compose", "--project-name", PROJECT, *words], timeout)


def _run(command, timeout):
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | SECRETS, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}"
    return done.stdout


def containers(service):
    """The names of a service's containers."""
    replicas = COMPOSE["services"][service].get("deploy", {}).get("replicas", 1)
    return [f"{PROJECT}_{service}_{i + 1}" for i in range(replicas)]


def address(container):
    """The address of a container on the last of its networks."""
    networks = json.loads(podman("inspect", container))[0]["NetworkSettings"]["Networks"]
    return networks[sorted(networks)[-1]]["IPAddress"]


def shell(command, network, timeout=30):
    """Runs a shell command in a network, be it a container's that itself has no shell; tells whether it succeeded."""
    words = ["podman", "run", "--rm", "--network", network, "--entrypoint", "bash", image("postgres"), "-c", command]
    return subprocess.run(words, capture_output=True, timeout=timeout, check=False).returncode == 0


def _is_here(service):
    exists = subprocess.run(["podman", "image", "exists", image(service)], check=False)
    return exists.returncode == 0


# Those of compose whose images are here: not all of those who look on can be had everywhere.
SERVICES = {name: each for name, each in COMPOSE["services"].items() if _is_here(name)}
