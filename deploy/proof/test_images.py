"""Each image holds one static program and what it needs, and gives up everything else."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from podman import VERSION, image, podman

NAMES = ("scoring", "gateway", "scorecast")
# Twice what they measured: more than that is something that does not belong there.
LIMIT_MIB = 40


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_it_holds_the_program_and_nothing_to_break_in_with(name, tmp_path):
    container = podman("create", image(name)).strip()
    try:
        podman("export", "--output", str(tmp_path / "image.tar"), container)
    finally:
        podman("rm", container)
    listed = subprocess.run(["tar", "-tf", tmp_path / "image.tar"], capture_output=True, text=True, check=True).stdout
    # What the engine puts into every container is not the image's.
    engine = re.compile(r"(dev|proc|sys|run|etc/(hosts|hostname|resolv\.conf|mtab))(/|$)")
    files = {file for file in listed.split() if not file.endswith("/") and not engine.match(file)}
    assert files == {name, "etc/ssl/certs/ca-certificates.crt", "licenses/LICENSE-MIT", "licenses/LICENSE-APACHE"}


def test_it_runs_as_nobody_on_a_read_only_root(name):
    confined = ["--rm", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", "--network=none"]
    assert podman("run", *confined, image(name), "--version").split()[-1] == VERSION
    assert inspect(name)["Config"]["User"] == "65532:65532"


def test_it_says_what_it_is(name):
    labels = inspect(name)["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == name
    assert labels["org.opencontainers.image.version"] == VERSION
    assert re.fullmatch(r"[0-9a-f]{40}", labels["org.opencontainers.image.revision"])
    assert labels["org.opencontainers.image.licenses"] == "MIT OR Apache-2.0"


def test_what_went_into_the_program_is_listed_in_it(name, tmp_path):
    program = tmp_path / name
    container = podman("create", image(name)).strip()
    try:
        podman("cp", f"{container}:/{name}", str(program))
    finally:
        podman("rm", container)
    assert b".dep-v0" in program.read_bytes()


@pytest.mark.parametrize("name", ["scoring", "gateway"])
def test_it_asks_itself_how_it_is(name):
    found = inspect(name)
    # Podman tells it beside the configuration, Docker within.
    health = found["Config"].get("Healthcheck") or found["Healthcheck"]
    assert health["Test"] == ["CMD", f"/{name}", "healthcheck"]


def test_it_is_small(name):
    size = inspect(name)["Size"] / 2**20
    print(f"{name}: {size:.1f} MiB")
    assert size < LIMIT_MIB


def inspect(name):
    return json.loads(podman("image", "inspect", image(name)))[0]
