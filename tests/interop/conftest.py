"""A real Scorecast for the tests: on free ports, in a temporary folder, stopped at the end."""

import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import grpc
import pytest

from reflected import Contract

BUILT = Path(os.environ.get("BUILT", Path(__file__).parents[2] / "target/debug"))
PROGRAM = str(BUILT / "scorecast")
START_SECONDS = 30
STOP_SECONDS = 30
HTTP_SECONDS = 10


class Scorecast:
    """A running program and where it listens."""

    def __init__(self, folder, stores):
        self._folder = folder
        self._process = subprocess.Popen(
            [PROGRAM, "--gateway-listen", "127.0.0.1:0", "--scoring-listen", "127.0.0.1:0",
             "--scorecast-data", folder],
            stdout=subprocess.PIPE, text=True, env={**os.environ, **stores},
        )
        addresses = self._addresses()
        self.grpc, self.http = addresses["gRPC"], addresses["HTTP"]
        self._until_ready()

    def _addresses(self):
        too_late = threading.Timer(START_SECONDS, self._process.kill)
        too_late.start()
        addresses = {}
        for line in self._process.stdout:
            if announced := re.match(r"listening on (\S+) \((\w+)\)", line):
                addresses[announced[2]] = announced[1]
            if {"gRPC", "HTTP"} <= addresses.keys():
                break
        else:
            raise RuntimeError(f"scorecast did not start; it announced {addresses}")
        too_late.cancel()
        threading.Thread(target=self._process.stdout.read, daemon=True).start()
        return addresses

    def _until_ready(self):
        until = time.monotonic() + START_SECONDS
        while self.request("GET", "/readyz")[0] != 200:
            if time.monotonic() > until:
                raise RuntimeError("scorecast did not become ready")

    def token(self, *arguments):
        """A user's token, made by the program's own command."""
        command = [PROGRAM, "token", "--scorecast-data", self._folder, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def host_password(self):
        """The password that the program has made for hosts."""
        return Path(self._folder, "host-password").read_text().strip()

    def request(self, method, path, body=None, token=None):
        """One HTTP request: its status and its body, read if it is JSON."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.http}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as response:
                return response.status, _body(response)
        except urllib.error.HTTPError as refusal:
            return refusal.code, _body(refusal)

    def stop(self):
        """Asks the program to stop and waits; gives its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        finally:
            self._process.kill()


def _body(response):
    is_json = response.headers.get_content_type() == "application/json"
    return json.load(response) if is_json else response.read().decode()


class Servers:
    """A private Postgres and a private Redis: `stores` are the settings that name them."""

    def __init__(self):
        self._process = subprocess.Popen(
            [str(BUILT / "servers")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.stores = dict(self._process.stdout.readline().strip().split("=", 1) for _ in range(2))

    def stop(self):
        self._process.stdin.close()
        self._process.wait(STOP_SECONDS)


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
    assert running.stop() == 0


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
