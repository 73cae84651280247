"""The stack of docker-compose.yml works as it says, and keeps to its borders."""

import json
import re
import threading

import edge
import pytest
from podman import COMPOSE, PROJECT, compose, containers, podman, shell
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.usefixtures("stack")


@pytest.fixture(scope="module")
def token(stack):
    edge.until(lambda: edge.request("GET", "/readyz")[0] == 200, 30)
    return edge.host_token()


@pytest.fixture
def quiz(token):
    return edge.started_quiz(token)


def test_everything_becomes_healthy_and_in_order():
    checked = [name for name, each in COMPOSE["services"].items() if not each.get("healthcheck", {}).get("disable")]
    for service in checked:
        for container in containers(service):
            edge.until(lambda name=container: state(name)["Health"]["Status"] == "healthy", 60)
    (migration,) = containers("migration")
    assert state(migration)["ExitCode"] == 0
    started = {name: min(state(each)["StartedAt"] for each in containers(name)) for name in COMPOSE["services"]}
    assert started["postgres"] < started["migration"] < started["scoring"] < started["gateway"]
    assert state(migration)["FinishedAt"] < started["scoring"]


def test_an_answer_given_at_the_edge_moves_the_board_of_a_browser(quiz):
    quiz_id, question_id = quiz
    participant_id, participant_token = edge.seat(quiz_id, "ada")
    with edge.socket(quiz_id, participant_id) as socket:
        assert json.loads(socket.recv(timeout=5))["leaderboard"][0]["score"] == 0
        answer = {"participant_id": participant_id, "question_id": question_id, "answer_index": 0}
        status, verdict = edge.request("POST", f"/quizzes/{quiz_id}/answer", answer, participant_token)
        assert (status, verdict["total_score"]) == (200, 10)
        while json.loads(socket.recv(timeout=5))["leaderboard"][0]["score"] != 10:
            pass


def test_the_edge_shares_the_sockets_among_the_gateways(quiz):
    sockets = [edge.socket(quiz[0], edge.seat(quiz[0], f"seat {i}")[0]) for i in range(6)]
    for socket in sockets:
        socket.recv(timeout=5)
        socket.close()
    edge.until(lambda: set(re.findall(r"/ws 101 .*(gateway\d)", logs("edge"))) >= {"gateway1", "gateway2"}, 5)


def test_a_gateway_reaches_scoring_and_no_store():
    stores = [(address(store), port) for store, port in (("postgres", 5432), ("redis", 6379))]
    for container in containers("scoring"):
        for host, port in [*stores, ("postgres", 5432), ("redis", 6379)]:
            assert reaches(container, host, port), f"{container} → {host}"
    for container in containers("gateway"):
        assert reaches(container, "scoring", 50051)
        for host, port in [*stores, ("postgres", 5432), ("redis", 6379)]:
            assert not reaches(container, host, port), f"{container} → {host}"
    for host, port in [*stores, (address("scoring"), 50051)]:
        assert not reaches(containers("edge")[0], host, port), host


def test_a_caller_cannot_pretend_to_be_many():
    """Wrong join codes are counted by address, and each gateway counts for itself."""
    guesses = (edge.request("GET", f"/join/{i:06}", forwarded_for=f"203.0.113.{i}")[0] for i in range(40))
    assert 429 in guesses
    neighbour = shell(
        f"exec 3<>/dev/tcp/{address('edge')}/8080; printf 'GET /join/000000 HTTP/1.0\\r\\nHost: edge\\r\\n\\r\\n' >&3;"
        " head -1 <&3 | grep ' 404 '",
        network=f"{PROJECT}_edge",
    )
    assert neighbour, "it pays for what another address did"


def test_no_token_reaches_the_edges_log():
    edge.request("GET", "/ws/leaderboard/?token=a-secret-that-must-not-be-kept")
    edge.until(lambda: "/ws/leaderboard/" in logs("edge"), 5)
    assert "must-not-be-kept" not in logs("edge")


def test_the_loss_of_one_of_each_is_not_felt_for_long(quiz):
    quiz_id, question_id = quiz
    lost = [containers("scoring")[0], containers("gateway")[0]]
    podman("kill", *lost)
    participant = []

    def joins():
        status, seat = edge.request("POST", f"/quizzes/{quiz_id}/join", {"username": f"grace {len(participant)}"})
        participant.append(seat)
        return status == 201

    edge.until(joins, 10)
    seat = participant[-1]
    answer = {"participant_id": seat["participant_id"], "question_id": question_id, "answer_index": 0}
    status, verdict = edge.request("POST", f"/quizzes/{quiz_id}/answer", answer, seat["participant_token"])
    assert (status, verdict["correct"]) == (200, True)
    podman("start", *lost)
    for container in lost:
        edge.until(lambda name=container: state(name)["Health"]["Status"] == "healthy", 60)


def test_a_stop_tells_browsers_when_to_return_and_ends_in_time(quiz):
    """The last test: it stops everything."""
    sockets = [edge.socket(quiz[0], edge.seat(quiz[0], f"seat {i}")[0]) for i in range(4)]
    closes = []

    def read(socket):
        try:
            while True:
                socket.recv()
        except ConnectionClosed as closed:
            closes.append((closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else None)

    readers = [threading.Thread(target=read, args=[socket]) for socket in sockets]
    for reader in readers:
        reader.start()
    compose("stop")
    for reader in readers:
        reader.join(timeout=5)
    assert len(closes) == len(sockets)
    assert all(close and close[0] == 1001 and re.fullmatch(r"retry_after_ms=\d+", close[1]) for close in closes), closes
    for service in ("scoring", "gateway", "edge", "postgres", "redis"):
        for container in containers(service):
            assert state(container)["ExitCode"] == 0, container


def state(container):
    return json.loads(podman("inspect", container))[0]["State"]


def address(service):
    """The address of a service's first container on the last of its networks."""
    networks = json.loads(podman("inspect", containers(service)[0]))[0]["NetworkSettings"]["Networks"]
    return networks[sorted(networks)[-1]]["IPAddress"]


def reaches(container, host, port):
    return shell(f"timeout 1 bash -c '</dev/tcp/{host}/{port}'", network=f"container:{container}")


def logs(service):
    return compose("logs", "--no-color", service)
