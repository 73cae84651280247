"""What a browser does: requests and sockets through the edge."""

import json
import time
import urllib.error
import urllib.request

from podman import SECRETS, image, podman
from websockets.sync.client import connect

ADDRESS = "127.0.0.1:8080"


def request(method, path, body=None, token=None, forwarded_for=None):
    """Sends JSON; gives the status and the JSON of the answer."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if forwarded_for:
        headers["X-Forwarded-For"] = forwarded_for
    data = json.dumps(body).encode() if body is not None else None
    asked = urllib.request.Request(f"http://{ADDRESS}{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, _json(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, _json(refused)


def _json(answer):
    text = answer.read()
    return json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text


def until(holds, seconds):
    """Waits until something holds, looking often."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


def host_token():
    """A host's token, from the standalone image."""
    secret = f"JWT_SECRET={SECRETS['JWT_SECRET']}"
    return podman("run", "--rm", "--env", secret, image("scorecast"), "token", "--role", "host", "--sub", "proof").strip()


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
