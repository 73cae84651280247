"""The stack of docker-compose.yml, started once and removed with all that it stored."""

import pytest
from podman import compose


@pytest.fixture(scope="session")
def stack():
    try:
        compose("up", "--detach", "--no-build")
        yield
    finally:
        compose("down", "--volumes", "--timeout", "5")
