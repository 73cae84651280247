"""The stack of docker-compose.yml, started once and removed with all that it stored."""

import edge
import pytest
from podman import SERVICES, compose


@pytest.fixture(scope="session")
def stack():
    try:
        compose("up", "--detach", "--no-build", *SERVICES)
        edge.until(lambda: edge.request("GET", "/readyz")[0] == 200, 30)
        yield
    finally:
        compose("down", "--volumes", "--timeout", "5")


@pytest.fixture(scope="session")
def token(stack):
    return edge.host_token()


@pytest.fixture
def quiz(token):
    """A quiz that runs, and its question."""
    return edge.started_quiz(token)
