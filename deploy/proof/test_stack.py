"""The stack of docker-compose.yml works as it says, and keeps to its borders."""

import itertools
import json
import re
import threading

import edge
import pytest
from podman import COMPOSE, SECRETS, SERVICES, address, compose, containers, podman, shell
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.usefixtures("stack")


def test_everything_becomes_healthy_and_in_order():
    checked = [name for name, each in SERVICES.items() if not each.get("healthcheck", {}).get("disable")]
    for service in checked:
        for container in containers(service):
            edge.until(lambda name=container: state(name)["Health"]["Status"] == "healthy", 60)
    (migration,) = containers("migration")
    assert state(migration)["ExitCode"] == 0
    started = {name: min(state(each)["StartedAt"] for each in containers(name)) for name in SERVICES}
    assert started["postgres"] < started["migration"] < started["scoring"] < started["gateway"]
    assert state(migration)["FinishedAt"] < started["scoring"]


def test_whatever_cannot_be_had_here_looks_on_and_nothing_more():
    assert COMPOSE["services"].keys() - SERVICES.keys() <= {"collector", "jaeger", "prometheus", "grafana"}


def test_a_host_signs_in_with_the_password():
    body = {"username": "proof", "role": "host", "password": SECRETS["HOST_PASSWORD"]}
    status, signed_in = edge.request("POST", "/auth/login", body)
    assert status == 200, signed_in
    assert edge.started_quiz(signed_in["token"])


def test_an_answer_given_at_the_edge_moves_the_board_of_a_browser(quiz):
    quiz_id, question_id = quiz
    participant_id, participant_token = edge.seat(quiz_id, "ada")
    with edge.socket(quiz_id, participant_id) as browser:
        assert json.loads(browser.recv(timeout=5))["leaderboard"][0]["score"] == 0
        answer = {"participant_id": participant_id, "question_id": question_id, "answer_index": 0}
        status, verdict = edge.request("POST", f"/quizzes/{quiz_id}/answer", answer, participant_token)
        assert (status, verdict["total_score"]) == (200, 10)
        while json.loads(browser.recv(timeout=5))["leaderboard"][0]["score"] != 10:
            pass


def test_a_gateway_reaches_scoring_and_no_store():
    stores = [(address(containers(store)[0]), port) for store, port in (("postgres", 5432), ("redis", 6379))]
    for container in containers("scoring"):
        for host, port in [*stores, ("postgres", 5432), ("redis", 6379)]:
            assert reaches(container, host, port), f"{container} → {host}"
    for container in containers("gateway"):
        assert reaches(container, "scoring", 50051)
        for host, port in [*stores, ("postgres", 5432), ("redis", 6379)]:
            assert not reaches(container, host, port), f"{container} → {host}"
    for host, port in [*stores, (address(containers("scoring")[0]), 50051)]:
        assert not reaches(containers("edge")[0], host, port), host


def test_the_loss_of_one_of_each_is_not_felt_for_long(quiz):
    quiz_id, question_id = quiz
    lost = [containers("scoring")[0], containers("gateway")[0]]
    podman("kill", *lost)
    names = (f"grace {i}" for i in itertools.count())

    def plays():
        status, seat = edge.request("POST", f"/quizzes/{quiz_id}/join", {"username": next(names)})
        if status != 201:
            return False
        answer = {"participant_id": seat["participant_id"], "question_id": question_id, "answer_index": 0}
        status, _ = edge.request("POST", f"/quizzes/{quiz_id}/answer", answer, seat["participant_token"])
        return status == 200

    edge.until(plays, 5)
    podman("start", *lost)
    for container in lost:
        edge.until(lambda name=container: state(name)["Health"]["Status"] == "healthy", 60)


def test_a_stop_tells_browsers_when_to_return_and_ends_in_time(quiz):
    """The last test: it stops everything."""
    browsers = [edge.socket(quiz[0], edge.seat(quiz[0], f"seat {i}")[0]) for i in range(4)]
    closes = []

    def read(browser):
        try:
            while True:
                browser.recv()
        except ConnectionClosed as closed:
            closes.append((closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else None)

    readers = [threading.Thread(target=read, args=[browser]) for browser in browsers]
    for reader in readers:
        reader.start()
    compose("stop")
    for reader in readers:
        reader.join(timeout=5)
    assert len(closes) == len(browsers)
    assert all(close and close[0] == 1001 and re.fullmatch(r"retry_after_ms=\d+", close[1]) for close in closes), closes
    for service in ("scoring", "gateway", "edge", "postgres", "redis"):
        for container in containers(service):
            assert state(container)["ExitCode"] == 0, container


def state(container):
    return json.loads(podman("inspect", container))[0]["State"]


def reaches(container, host, port):
    return shell(f"timeout 1 bash -c '</dev/tcp/{host}/{port}'", network=f"container:{container}")
