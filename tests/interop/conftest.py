"""A real Scorecast for the tests: on free ports, in a temporary folder, stopped at the end."""

import subprocess
from pathlib import Path

import grpc
import pytest

from programs import BUILT, Program, Servers
from reflected import Contract


class Scorecast(Program):
    """Both services in one process, ready."""

    def __init__(self, folder, stores):
        self._folder = folder
        super().__init__(
            "scorecast", stores, ["gRPC", "HTTP"],
            ["--gateway-listen", "127.0.0.1:0", "--scoring-listen", "127.0.0.1:0", "--scorecast-data", folder],
        )
        self.grpc, self.http = self.addresses["gRPC"], self.addresses["HTTP"]
        self.until_ready()

    def token(self, *arguments):
        """A user's token, made by the program's own command."""
        command = [str(BUILT / "scorecast"), "token", "--scorecast-data", self._folder, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def host_password(self):
        """The password that the program has made for hosts."""
        return Path(self._folder, "host-password").read_text().strip()


@pytest.fixture(scope="session", params=["embedded stores", "Postgres and Redis"])
def stores(request):
    """The settings that name the stores; none for those that are embedded."""
    if request.param == "embedded stores":
        yield {}
    else:
        servers = Servers()
        yield servers.stores
        servers.stop()


@pytest.fixture(scope="session")
def scorecast(tmp_path_factory, stores):
    running = Scorecast(str(tmp_path_factory.mktemp("data")), stores)
    yield running
    assert running.stop()[0] == 0


@pytest.fixture(scope="session")
def channel(scorecast):
    with grpc.insecure_channel(scorecast.grpc) as channel:
        yield channel


@pytest.fixture(scope="session")
def contract(channel):
    return Contract(channel)


@pytest.fixture(scope="session")
def scoring(contract):
    return contract.service("scorecast.v1.ScoringService")


@pytest.fixture(scope="session")
def quizzes(contract):
    return contract.service("scorecast.v1.QuizService")


@pytest.fixture(scope="session")
def host(scorecast):
    """The token of somebody who may run quizzes."""
    return scorecast.token("--role", "host", "--sub", "ada")
