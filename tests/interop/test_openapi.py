"""The HTTP API against its own description: requests made from it, good and bad, get the answers that
it tells of, and never a failure of the server."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

# Of each operation, with the same requests each time.
REQUESTS = 25
SECONDS = 10

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@schemathesis.serializer("text/csv")
def table(_context, value):
    return {"data": str(value).encode()}


class Scene:
    """What the requests are about: a subject, and for each operation a started quiz of its own."""

    def __init__(self, scorecast, host):
        self._scorecast, self._host = scorecast, host
        self._quizzes = {}
        self.ask("PUT", "/admin/subjects/BIO", {"name": "Biology"})

    def ask(self, method, path, body=None):
        status, reply = self._scorecast.request(method, path, body, self._host)
        assert status < 300, reply
        return reply

    def quiz(self, operation):
        """The identifiers in this operation's quiz, and its participant's token."""
        if operation not in self._quizzes:
            made = self.ask("POST", "/admin/quizzes", {"title": "Cells", "subject": "BIO"})
            path = f"/admin/quizzes/{made['quiz_id']}"
            question = {"text": "Which?", "options": ["a", "b"], "correct_answer": 0}
            question_id = self.ask("POST", f"{path}/questions", question)["question_id"]
            seat = self._scorecast.request("POST", f"/quizzes/{made['quiz_id']}/join", {"username": "ada"})[1]
            self.ask("POST", f"{path}/init", {})
            self._quizzes[operation] = {
                "quiz_id": made["quiz_id"], "question_id": question_id,
                "participant_id": seat["participant_id"],
                "code": made["join_code"] if operation == "GET /join/{code}" else "BIO",
            }, seat["participant_token"]
        return self._quizzes[operation]

    def token(self, operation):
        """A token of the kind that this operation takes."""
        kinds = [name for kind in operation.definition.raw.get("security", []) for name in kind]
        return self.quiz(operation.label)[1] if "participant" in kinds else self._host


@pytest.fixture(scope="module")
def scene(scorecast, host):
    return Scene(scorecast, host)


@pytest.mark.parametrize("kind", list(GenerationMode))
def test_what_is_asked_by_the_description_is_answered_by_it(scorecast, scene, kind):
    described = schemathesis.openapi.from_url(f"http://{scorecast.http}/openapi.json")
    operations = [result.ok() for result in described.get_all_operations()]
    asked = [operation.label for operation in operations if ask(operation, kind, scene)]
    # What takes nothing cannot be asked wrongly.
    assert len(asked) == len(operations) > 30 if kind.is_positive else len(asked) > 15, asked


def ask(operation, kind, scene):
    """Makes requests for one operation: by nobody, by somebody, and about what there is. Tells whether
    there are any of this kind."""
    credentials = {"Authorization": f"Bearer {scene.token(operation)}"}

    @given(case=operation.as_strategy(kind))
    @settings(
        max_examples=REQUESTS, derandomize=True, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )
    def each(case):
        case.call_and_validate(checks=CHECKS, timeout=SECONDS)
        case.call_and_validate(checks=CHECKS, timeout=SECONDS, headers=credentials)
        if case.path_parameters:
            known, _ = scene.quiz(operation.label)
            case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
            case.call_and_validate(checks=CHECKS, timeout=SECONDS, headers=credentials)

    try:
        each()
    except Unsatisfiable:
        return False
    return True
