"""The gRPC contract, found by reflection and used without a line of generated code."""

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

STARTED, ENDED = 2, 3


@pytest.fixture
def quiz(quizzes):
    """A pending quiz with two questions: its id and theirs. Option 1 is right, for 10 and 20 points."""
    quiz_id = quizzes.CreateQuiz(owner_id="ada", title="Rivers").quiz.quiz_id
    questions = [
        quizzes.AddQuestion(
            quiz_id=quiz_id, text=text, options=["Rhine", "Nile"], correct_answer=1, points=points
        ).question.question_id
        for text, points in [("Which is longer?", 10), ("Which flows north through Egypt?", 20)]
    ]
    return quiz_id, questions


def details(error):
    """What an error says for programs: code, reason, and the details by their type."""
    status = rpc_status.from_call(error)
    found = {}
    for kind in [error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RetryInfo]:
        for packed in status.details:
            if packed.Is(kind.DESCRIPTOR):
                found[kind.DESCRIPTOR.name] = kind.FromString(packed.value)
    return error.code(), found["ErrorInfo"].reason, found


def test_the_server_describes_its_services(contract):
    assert {
        "scorecast.v1.ScoringService",
        "scorecast.v1.QuizService",
        "grpc.health.v1.Health",
    } <= contract.services()
    assert {"SubmitAnswer", "GetLeaderboard", "WatchLeaderboard", "GetStandings"} <= contract.methods(
        "scorecast.v1.ScoringService"
    )


@pytest.mark.parametrize(
    "service", ["", "scorecast.v1.ScoringService", "scorecast.v1.QuizService", "ledger", "board"]
)
def test_a_running_server_and_its_stores_are_healthy(channel, service):
    request = health_pb2.HealthCheckRequest(service=service)
    reply = health_pb2_grpc.HealthStub(channel).Check(request, timeout=10)
    assert reply.status == health_pb2.HealthCheckResponse.SERVING


def test_a_whole_quiz(scoring, quizzes, quiz):
    quiz_id, (first, second) = quiz
    alice, bob = (quizzes.JoinQuiz(quiz_id=quiz_id, username=name) for name in ["alice_dev", "bob_coder"])
    assert alice.created and alice.participant_id.startswith("p_")
    started = quizzes.StartQuiz(quiz_id=quiz_id).quiz
    assert started.status == STARTED
    assert started.end_time.seconds - started.started_at.seconds == 30 * 60

    right = scoring.SubmitAnswer(
        quiz_id=quiz_id, participant_id=alice.participant_id, question_id=first, answer_index=1
    )
    assert (right.correct, right.points_earned, right.total_score) == (True, 10, 10)
    wrong = scoring.SubmitAnswer(
        quiz_id=quiz_id, participant_id=bob.participant_id, question_id=second, answer_index=0
    )
    assert (wrong.correct, wrong.points_earned, wrong.total_score) == (False, 0, 0)
    assert wrong.version > right.version

    board = _board_at(scoring, quiz_id, wrong.version)
    assert [(row.username, row.score, row.rank) for row in board.entries] == [
        ("alice_dev", 10, 1),
        ("bob_coder", 0, 2),
    ]
    page = scoring.GetLeaderboard(quiz_id=quiz_id, limit=1, offset=1).leaderboard
    assert [row.username for row in page.entries] == ["bob_coder"] and page.total == 2
    around = scoring.GetLeaderboard(quiz_id=quiz_id, limit=1, around=bob.participant_id).leaderboard
    assert [row.rank for row in around.entries] == [2]
    standings = scoring.GetStandings(
        quiz_id=quiz_id, participant_ids=[bob.participant_id, "p_zzzzzzzzzzzz"]
    ).standings
    assert [(row.username, row.rank, row.total, row.percentile) for row in standings] == [
        ("bob_coder", 2, 2, 50.0)
    ]
    given = quizzes.ListAnswers(quiz_id=quiz_id, participant_id=bob.participant_id).answers
    assert [(row.question_id, row.correct) for row in given] == [(second, False)]

    ended = quizzes.EndQuiz(quiz_id=quiz_id)
    assert ended.quiz.status == ENDED
    assert [row.username for row in ended.final_results] == ["alice_dev", "bob_coder"]


def test_a_watcher_sees_the_present_state_and_then_each_change(scoring, quizzes, quiz):
    quiz_id, (first, _) = quiz
    seat = quizzes.JoinQuiz(quiz_id=quiz_id, username="alice_dev").participant_id
    quizzes.StartQuiz(quiz_id=quiz_id)
    watch = scoring.WatchLeaderboard(quiz_id=quiz_id, participant_id=seat)
    present = next(watch)
    assert present.standing.score == 0

    answer = scoring.SubmitAnswer(quiz_id=quiz_id, participant_id=seat, question_id=first, answer_index=1)
    seen = [present.leaderboard.version]
    for state in watch:
        seen.append(state.leaderboard.version)
        if seen[-1] >= answer.version:
            break
    watch.cancel()
    assert seen == sorted(seen)
    assert [row.score for row in state.leaderboard.entries] == [10]
    assert (state.standing.participant_id, state.standing.score, state.standing.rank) == (seat, 10, 1)


def test_the_same_submission_again_gets_the_stored_verdict(scoring, quizzes, quiz):
    quiz_id, (first, _) = quiz
    seat = quizzes.JoinQuiz(quiz_id=quiz_id, username="alice_dev").participant_id
    quizzes.StartQuiz(quiz_id=quiz_id)
    answer = dict(quiz_id=quiz_id, participant_id=seat, question_id=first, answer_index=1, submission_id="one")
    once, again = scoring.SubmitAnswer(**answer), scoring.SubmitAnswer(**answer)
    assert (again.correct, again.points_earned, again.total_score) == (
        once.correct, once.points_earned, once.total_score
    )


def test_errors_carry_their_reason(scoring, quizzes, quiz):
    quiz_id, (first, _) = quiz
    seat = quizzes.JoinQuiz(quiz_id=quiz_id, username="alice_dev").participant_id
    answer = dict(quiz_id=quiz_id, participant_id=seat, question_id=first, answer_index=1)

    def refused(call, **fields):
        with pytest.raises(grpc.RpcError) as refusal:
            call(**fields)
        return details(refusal.value)

    code, reason, found = refused(scoring.SubmitAnswer, **answer)
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "QUIZ_NOT_STARTED")
    assert found["ErrorInfo"].domain == "scorecast"

    quizzes.StartQuiz(quiz_id=quiz_id)
    scoring.SubmitAnswer(**answer)
    code, reason, _ = refused(scoring.SubmitAnswer, **answer)
    assert (code, reason) == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_ANSWERED")

    code, reason, _ = refused(scoring.SubmitAnswer, **{**answer, "answer_index": 2})
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ANSWER_INDEX")

    code, reason, found = refused(quizzes.CreateQuiz, owner_id="ada", title="   ")
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
    assert [violation.field for violation in found["BadRequest"].field_violations] == ["title"]

    code, reason, _ = refused(quizzes.GetQuiz, quiz_id="quiz_000000000000")
    assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "QUIZ_NOT_FOUND")

    code, reason, _ = refused(scoring.SubmitAnswer, **{**answer, "participant_id": "p_000000000000"})
    assert (code, reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_A_PARTICIPANT")


def _board_at(scoring, quiz_id, version):
    """The board at this version or later, as its stream gives it."""
    watch = scoring.WatchLeaderboard(quiz_id=quiz_id)
    board = next(state.leaderboard for state in watch if state.leaderboard.version >= version)
    watch.cancel()
    return board
