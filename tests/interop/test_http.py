"""The HTTP API and its sockets, with the standard library and `websockets`."""

import json

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

FRAME_SECONDS = 10


@pytest.fixture
def quiz(scorecast, host):
    """A started quiz with one question for 10 points, and two seats."""
    status, made = scorecast.request("POST", "/admin/quizzes", {"title": "Rivers"}, host)
    assert status == 201
    path = f"/admin/quizzes/{made['quiz_id']}"
    question = {"text": "Which is longer?", "options": ["Rhine", "Nile"], "correct_answer": 1}
    status, asked = scorecast.request("POST", f"{path}/questions", question, host)
    assert status == 201
    seats = []
    for name in ["alice_dev", "bob_coder"]:
        status, seat = scorecast.request("POST", f"/quizzes/{made['quiz_id']}/join", {"username": name})
        assert status == 201
        seats.append(seat)
    status, started = scorecast.request("POST", f"{path}/init", {}, host)
    assert (status, started["status"], started["questions"]) == (200, "started", 1)
    return made["quiz_id"], asked["question_id"], seats


def socket(scorecast, quiz_id, seat):
    query = f"participant_id={seat['participant_id']}"
    return connect(f"ws://{scorecast.http}/quizzes/{quiz_id}/ws?{query}", open_timeout=FRAME_SECONDS)


def frame(connection):
    return json.loads(connection.recv(timeout=FRAME_SECONDS))


def answer(scorecast, quiz_id, question_id, seat, option=1):
    body = {"participant_id": seat["participant_id"], "question_id": question_id, "answer_index": option}
    return scorecast.request("POST", f"/quizzes/{quiz_id}/answer", body, seat["participant_token"])


def test_a_socket_sees_the_board_at_once_and_after_an_answer(scorecast, quiz):
    quiz_id, question_id, (alice, bob) = quiz
    with socket(scorecast, quiz_id, bob) as connection:
        first = frame(connection)
        assert list(first)[:4] == ["quiz_id", "leaderboard", "total_participants", "timestamp"]
        assert (first["quiz_id"], first["total_participants"]) == (quiz_id, 2)
        assert list(first["leaderboard"][0]) == ["participant_id", "username", "score", "rank"]

        status, verdict = answer(scorecast, quiz_id, question_id, alice)
        assert (status, verdict["correct"], verdict["points_earned"], verdict["total_score"]) == (200, True, 10, 10)

        seen = first
        while seen["version"] < verdict["version"]:
            later = frame(connection)
            assert later["version"] >= seen["version"]
            seen = later
        assert [(row["username"], row["score"], row["rank"]) for row in seen["leaderboard"]] == [
            ("alice_dev", 10, 1),
            ("bob_coder", 0, 2),
        ]
        assert seen["you"]["participant_id"] == bob["participant_id"]


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/quizzes/{quiz}/ws", 400, "missing participant_id parameter"),
        ("/quizzes/quiz_000000000000/ws?participant_id={seat}", 404, "quiz not found"),
        ("/quizzes/{quiz}/ws?participant_id=p_000000000000", 403, "participant not in quiz"),
    ],
)
def test_an_upgrade_is_refused_with_its_reason(scorecast, quiz, path, status, text):
    quiz_id, _, (alice, _) = quiz
    path = path.format(quiz=quiz_id, seat=alice["participant_id"])
    with pytest.raises(InvalidStatus) as refusal:
        connect(f"ws://{scorecast.http}{path}", open_timeout=FRAME_SECONDS)
    assert refusal.value.response.status_code == status
    assert json.loads(refusal.value.response.body)["error"] == text


def test_pages_of_the_leaderboard_and_the_end(scorecast, quiz, host):
    quiz_id, question_id, (alice, bob) = quiz
    answer(scorecast, quiz_id, question_id, bob)
    status, ended = scorecast.request("POST", f"/admin/quizzes/{quiz_id}/end", {}, host)
    assert (status, ended["status"], ended["total_participants"]) == (200, "ended", 2)
    assert [(row["username"], row["score"], row["rank"]) for row in ended["final_results"]] == [
        ("bob_coder", 10, 1),
        ("alice_dev", 0, 2),
    ]
    status, page = scorecast.request("GET", f"/quizzes/{quiz_id}/leaderboard?limit=1&offset=1")
    assert (status, [row["username"] for row in page["leaderboard"]]) == (200, ["alice_dev"])
    status, around = scorecast.request(
        "GET", f"/quizzes/{quiz_id}/leaderboard?limit=1&around={alice['participant_id']}"
    )
    assert (status, [row["username"] for row in around["leaderboard"]]) == (200, ["alice_dev"])
    status, refusal = answer(scorecast, quiz_id, question_id, alice)
    assert (status, refusal["code"]) == (409, "QUIZ_ENDED")


def test_a_seat_taken_by_grpc_is_the_same_seat_for_http(scorecast, quiz, quizzes):
    quiz_id, _, _ = quiz
    seat = quizzes.JoinQuiz(quiz_id=quiz_id, username="carol").participant_id
    with socket(scorecast, quiz_id, {"participant_id": seat}) as connection:
        seen = frame(connection)
        while seen["total_participants"] < 3:
            seen = frame(connection)
        assert "carol" in [row["username"] for row in seen["leaderboard"]]


def test_errors_name_their_code(scorecast, quiz, host):
    quiz_id, question_id, (alice, bob) = quiz
    status, refusal = scorecast.request("POST", "/admin/quizzes", {"title": "Rivers"})
    assert (status, refusal["code"]) == (401, "UNAUTHENTICATED")
    status, refusal = scorecast.request("POST", "/admin/quizzes", {"title": ""}, host)
    assert (status, refusal["code"]) == (400, "INVALID_ARGUMENT")
    stranger = {**alice, "participant_token": bob["participant_token"]}
    status, refusal = answer(scorecast, quiz_id, question_id, stranger)
    assert (status, refusal["code"]) == (403, "NOT_A_PARTICIPANT")
    status, refusal = scorecast.request("GET", "/quizzes/nonsense/info")
    assert (status, refusal["code"]) == (404, "QUIZ_NOT_FOUND")


def test_the_gateway_is_alive_and_ready(scorecast):
    for path in ["/healthz", "/readyz"]:
        status, _ = scorecast.request("GET", path)
        assert status == 200
