"""What a browser does: requests and sockets through the edge."""

import http.client
import json
import time

from podman import SECRETS, image, podman
from websockets.sync.client import connect

ADDRESS = "127.0.0.1:8080"


def request(method, path, body=None, token=None, forwarded_for=None, address=ADDRESS):
    """Sends JSON; gives the status and the JSON of the answer, or nothing if nobody answers."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if forwarded_for:
        headers["X-Forwarded-For"] = forwarded_for
    data = json.dumps(body).encode() if body is not None else None
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        text = answer.read()
    except OSError:
        return None, None
    finally:
        connection.close()
    is_json = answer.getheader("Content-Type", "").startswith("application/json")
    return answer.status, json.loads(text) if is_json else text


def until(holds, seconds):
    """Waits until something holds, looking often."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


def host_token():
    """A host's token, from the standalone image."""
    secret = f"JWT_SECRET={SECRETS['JWT_SECRET']}"
    asked = ["token", "--role", "host", "--sub", "proof"]
    return podman("run", "--rm", "--env", secret, image("scorecast"), *asked).strip()


def started_quiz(token):
    """A quiz of one question that runs; its id and the question's."""
    status, quiz = request("POST", "/admin/quizzes", {"title": "Proof", "duration_minutes": 30, "listed": True}, token)
    assert status == 201, quiz
    path = f"/admin/quizzes/{quiz['quiz_id']}"
    question = {"text": "Is it there?", "options": ["Yes", "No"], "correct_answer": 0, "points": 10}
    status, question = request("POST", f"{path}/questions", question, token)
    assert status == 201, question
    status, begun = request("POST", f"{path}/init", token=token)
    assert status == 200, begun
    return quiz["quiz_id"], question["question_id"]


def seat(quiz_id, username):
    """A new seat: its participant's id and token."""
    status, seat = request("POST", f"/quizzes/{quiz_id}/join", {"username": username})
    assert status == 201, seat
    return seat["participant_id"], seat["participant_token"]


def socket(quiz_id, participant_id):
    """The socket of a seat, open."""
    return connect(f"ws://{ADDRESS}/quizzes/{quiz_id}/ws?participant_id={participant_id}", open_timeout=10)
