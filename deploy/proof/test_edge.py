"""HAProxy stands between browsers and gateways as deploy/haproxy.cfg says."""

import json
import re
import ssl
import subprocess

import edge
import pytest
from podman import COMPOSE, COMPOSE_TLS, PROJECT, ROOT, address, compose, containers, image, podman, shell
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

SECOND_EDGE = "10.89.250.3"

pytestmark = pytest.mark.usefixtures("stack")


def test_the_edge_shares_the_sockets_among_the_gateways(quiz):
    browsers = [edge.socket(quiz[0], edge.seat(quiz[0], f"seat {i}")[0]) for i in range(6)]
    for browser in browsers:
        browser.recv(timeout=5)
        browser.close()
    edge.until(lambda: set(re.findall(r"/ws 101 .*(gateway\d)", logs("edge"))) >= {"gateway1", "gateway2"}, 5)


def test_a_caller_cannot_pretend_to_be_many():
    """Wrong join codes are counted by address, and each gateway counts for itself."""
    guesses = (edge.request("GET", f"/join/{i:06}", forwarded_for=f"203.0.113.{i}")[0] for i in range(40))
    assert 429 in guesses
    ask = r"printf 'GET /join/000000 HTTP/1.0\r\nHost: edge\r\n\r\n' >&3; head -1 <&3 | grep ' 404 '"
    edges = address(containers("edge")[0])
    neighbour = shell(f"exec 3<>/dev/tcp/{edges}/8080; {ask}", network=f"{PROJECT}_edge")
    assert neighbour, "it pays for what another address did"


def test_no_token_reaches_the_edges_log():
    edge.request("GET", "/ws/leaderboard/?token=a-secret-that-must-not-be-kept")
    edge.until(lambda: "/ws/leaderboard/" in logs("edge"), 5)
    assert "must-not-be-kept" not in logs("edge")


@pytest.fixture
def certificates(tmp_path):
    """A folder as deploy/compose.tls.yml mounts it, and whom to trust."""
    folder, public = tmp_path / "certificates", tmp_path / "public"
    folder.mkdir()
    words = f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=edge -keyout {tmp_path}/key -out {public}"
    subprocess.run([*words.split(), "-addext", f"subjectAltName=IP:{SECOND_EDGE}"], capture_output=True, check=True)
    (folder / "edge.pem").write_text(public.read_text() + (tmp_path / "key").read_text())
    (folder / "edge.pem").chmod(0o644)
    return folder, ssl.create_default_context(cafile=public)


def opens(url, trust):
    try:
        connect(url, ssl=trust, open_timeout=10).close()
    except (OSError, InvalidStatus):
        return False
    return True


def test_with_a_certificate_the_edge_speaks_https(quiz, certificates):
    """A second edge beside the first: compose cannot change the network of one that runs on podman."""
    folder, trust = certificates
    (configuration,) = COMPOSE["services"]["edge"]["volumes"]
    ((name, inside),) = COMPOSE_TLS["services"]["edge"]["environment"].items()
    confined = ["--detach", "--read-only", "--cap-drop=all", f"--network={PROJECT}_edge:ip={SECOND_EDGE}"]
    given = [f"--volume={ROOT / configuration}", f"--volume={folder}:{inside}:ro", f"--env={name}={inside}"]
    second = podman("run", *confined, *given, image("edge")).strip()
    try:
        edge.until(lambda: edge.request("GET", "/readyz", address=f"{SECOND_EDGE}:8080")[0] == 308, 10)
        url = f"wss://{SECOND_EDGE}:8443/quizzes/{quiz[0]}/ws?participant_id={edge.seat(quiz[0], 'ada')[0]}"
        edge.until(lambda: opens(url, trust), 10)
        with connect(url, ssl=trust, open_timeout=10) as browser:
            assert json.loads(browser.recv(timeout=5))["quiz_id"] == quiz[0]
    finally:
        podman("rm", "--force", "--time=0", second)


def logs(service):
    return compose("logs", "--no-color", service)
