"""Two of each service on one Postgres and one Redis, exporting to a collector, and a quiz on them.

Answers go by the first gateway to the first scoring process; viewers are at the second of each, so
that what they see has come through Redis.
"""

import json
import os
import secrets
import subprocess

from websockets.sync.client import connect

from programs import BUILT, Program, Servers

FRAME_SECONDS = 30


class Stack:
    """The running programs; `settings` are added to those of each."""

    def __init__(self, settings):
        self.secrets = {"JWT_SECRET": secrets.token_hex(24), "PARTICIPANT_SECRET": secrets.token_hex(24)}
        self._servers = Servers()
        self.stores = self._servers.stores
        common = {"LOG_FORMAT": "json", **settings}
        scoring = {"SCORING_LISTEN": "127.0.0.1:0", **self.stores, **common}
        self.scoring = [Program("scoring", scoring, ["gRPC"]) for _ in range(2)]
        self._gateway = {"GATEWAY_LISTEN": "127.0.0.1:0", "ANSWER_RATE": "1000", **self.secrets, **common}
        self.gateways = [self.gateway(f"http://{scoring.addresses['gRPC']}") for scoring in self.scoring]
        for gateway in self.gateways:
            gateway.until_ready()
        self.programs = [*self.gateways, *self.scoring]

    def gateway(self, scoring_url):
        """A gateway before scoring as this URL names it."""
        return Program("gateway", {**self._gateway, "SCORING_URL": scoring_url}, ["HTTP"])

    def host(self):
        """A host's token."""
        command = [str(BUILT / "scorecast"), "token", "--role", "host", "--sub", "ada"]
        environment = {**os.environ, **self.secrets}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        return done.stdout.strip()

    def stop(self):
        """Stops the gateways, then scoring; gives exit code and seconds of each."""
        try:
            return [program.stop() for program in self.programs]
        finally:
            self._servers.stop()


class Game:
    """A started quiz with these questions, for 10 points each, and these seats."""

    def __init__(self, stack, names, questions=1):
        self._stack = stack
        self.host = stack.host()
        quiz = self.ask("POST", "/admin/quizzes", {"title": "Rivers"}, self.host)
        self.id, self.code = quiz["quiz_id"], quiz.get("join_code", "")
        path = f"/admin/quizzes/{self.id}"
        question = {"text": "Which is the longest?", "options": ["the Rhine", "the Nile"], "correct_answer": 1}
        self.questions = [
            self.ask("POST", f"{path}/questions", question, self.host)["question_id"] for _ in range(questions)
        ]
        self.seats = [self.ask("POST", f"/quizzes/{self.id}/join", {"username": name}) for name in names]
        self.ask("POST", f"{path}/init", {}, self.host)

    def ask(self, method, path, body=None, token=None, headers=None):
        status, answer = self._stack.gateways[0].request(method, path, body, token, headers)
        assert status in (200, 201), (status, answer)
        return answer

    def answer(self, seat, question=0, option=1, headers=None):
        """Gives an answer; gives its verdict."""
        body = {
            "participant_id": seat["participant_id"],
            "question_id": self.questions[question],
            "answer_index": option,
            "submission_id": secrets.token_hex(8),
        }
        return self.ask("POST", f"/quizzes/{self.id}/answer", body, seat["participant_token"], headers)

    def watch(self, seat, wish=""):
        """Opens a socket at the second gateway; wishes as in `&deltas=1`."""
        path = f"/quizzes/{self.id}/ws?participant_id={seat['participant_id']}{wish}"
        return connect(f"ws://{self._stack.gateways[1].addresses['HTTP']}{path}", open_timeout=FRAME_SECONDS)


def frame_at(connection, points):
    """The first frame in which all seats together have so many points."""
    while True:
        frame = json.loads(connection.recv(timeout=FRAME_SECONDS))
        if sum(row["score"] for row in frame["leaderboard"]) >= points:
            return frame


def traceparent():
    """A new trace, as a browser would begin it: its id, and the header that tells of it."""
    trace = secrets.token_hex(16)
    return trace, {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
