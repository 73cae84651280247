"""What the services export, as a collector gets it."""

import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from collector import Collector, values
from conftest import Scorecast
from stack import FRAME_SECONDS, Game, Stack, frame_at, traceparent

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
NAMES = ["zaphod_beeblebrox", "trillian_astra"]
AN_ID = re.compile(r"\b(quiz|p|q|user|session)_[a-z0-9]{12}\b")
LINKS_MAX = 32
# More than all that a stop may take: half of SHUTDOWN_GRACE for sockets, and the last flush.
STOP_SECONDS = 15


@pytest.fixture(scope="module")
def collector():
    collector = Collector()
    yield collector
    collector.stop()


@pytest.fixture(scope="module")
def stack(collector):
    stack = Stack({**collector.settings, "SHUTDOWN_GRACE": "5s"})
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def game(stack):
    return Game(stack, NAMES, questions=3)


def of_trace(collector, trace):
    return [span for span in list(collector.spans) if span.trace == trace]


def chain(spans, names):
    """The spans with these names, each the child of the one before."""
    found = []
    for name in names:
        fits = [span for span in spans if span.name == name and (not found or span.parent == found[-1].id)]
        if not fits:
            return None
        found.append(fits[0])
    return found


def led_to(spans, key):
    """All spans that follow from one, by children and by links in either direction."""
    found, todo = {}, [key]
    by_key = {span.key: span for span in spans}
    following = {}
    for span in spans:
        for cause in [(span.trace, span.parent), *span.links]:
            following.setdefault(cause, []).append(span.key)
    while todo:
        key = todo.pop()
        if key not in found and key in by_key:
            found[key] = by_key[key]
            todo += following.get(key, []) + by_key[key].links
    return found.values()


CALL = "scorecast.v1.ScoringService/SubmitAnswer"
JOURNEY = ["POST /quizzes/{quiz_id}/answer", CALL, CALL, "record answers", "publish update"]


def test_one_answer_is_one_trace_from_the_request_to_the_frame_that_shows_it(collector, game):
    with game.watch(game.seats[1]) as viewer:
        frame_at(viewer, 0)
        trace, headers = traceparent()
        verdict = game.answer(game.seats[0], headers=headers)
        frame = frame_at(viewer, 10)
        assert frame["version"] >= verdict["version"]

        def whole(collector):
            spans = of_trace(collector, trace)
            journey = chain(spans, [*JOURNEY, "process update", "show frame", "frame written"])
            stores = chain(spans, [*JOURNEY[:4], "INSERT answers"]) and chain(spans, [*JOURNEY, "FCALL apply"])
            reading = chain(spans, [*JOURNEY, "process update", "FCALL read"])
            return stores and reading and journey

        journey = collector.until("the journey of an answer", whole)
    request, called, served, _, published, processed, shown, written = journey
    assert [span.service for span in journey] == ["gateway", "gateway", "scoring", "scoring", "scoring",
                                                  "scoring", "gateway", "gateway"]
    assert served.instance == published.instance != processed.instance
    assert request.instance == called.instance != shown.instance
    assert [span.kind for span in (request, called, served, published, processed, shown)] == [
        SERVER, CLIENT, SERVER, PRODUCER, CONSUMER, CONSUMER]
    assert request.attributes["http.route"] == "/quizzes/{quiz_id}/answer"
    assert request.attributes["http.response.status_code"] == 200
    for call in (called, served):
        assert call.attributes["rpc.system.name"] == "grpc"
        assert call.attributes["rpc.response.status_code"] == "OK"
    assert called.attributes["server.address"] == "127.0.0.1"
    for of_the_board in (published, processed, shown):
        assert of_the_board.attributes["scorecast.board.id"] == game.id
    assert shown.attributes["scorecast.version"] == frame["version"]
    assert request.start <= served.start <= published.start <= processed.start <= shown.start <= written.start
    insert = next(span for span in of_trace(collector, trace) if span.name == "INSERT answers")
    assert (insert.kind, insert.attributes["db.system.name"]) == (CLIENT, "postgresql")
    read = next(span for span in of_trace(collector, trace) if span.name == "FCALL read")
    assert (read.kind, read.attributes["db.system.name"]) == (CLIENT, "redis")
    assert not any(span.is_error for span in of_trace(collector, trace))


def test_of_answers_that_come_together_each_leads_to_its_frame_by_children_and_links(collector, stack):
    # However late the machine is, one frame can lead back to all of them.
    game = Game(stack, [f"player_{number}" for number in range(LINKS_MAX)])
    with game.watch(game.seats[0]) as viewer, ThreadPoolExecutor(20) as pool:
        frame_at(viewer, 0)
        traces = [traceparent() for _ in game.seats]
        list(pool.map(lambda seat, trace: game.answer(seat, headers=trace[1]), game.seats, traces))
        frame_at(viewer, 10 * len(game.seats))

    def all_shown(collector):
        spans = list(collector.spans)
        for trace, _ in traces:
            requests = [span for span in spans if span.trace == trace and span.name == JOURNEY[0]]
            if not any(span.name == "show frame" for request in requests for span in led_to(spans, request.key)):
                return False
        return True

    collector.until("the frames of all answers", all_shown)
    joined = [span for span in list(collector.spans) if len(span.links) > 1]
    assert joined, "some came together"
    assert all(len(span.links) <= LINKS_MAX for span in joined)
    assert all(span.parent == "" for span in joined if span.name in ("process update", "publish update"))


def test_the_span_of_a_socket_ends_at_the_upgrade(collector, game):
    before = len(collector.named("GET /quizzes/{quiz_id}/ws"))
    with game.watch(game.seats[0]) as viewer:
        frame_at(viewer, 0)
        upgrades = collector.until(
            "the upgrade, while the socket is open",
            lambda collector: collector.named("GET /quizzes/{quiz_id}/ws")[before:])
        assert [span.attributes["http.response.status_code"] for span in upgrades] == [101]
    opened = collector.named("scorecast.v1.ScoringService/WatchLeaderboard")
    assert opened and all(span.end - span.start < 5e9 for span in opened)


def test_metrics_say_how_it_goes_and_never_who(collector, game):
    expected = [
        "http.server.request.duration", "rpc.client.call.duration", "rpc.server.call.duration",
        "db.client.operation.duration", "scorecast.answers", "scorecast.update.latency",
        "scorecast.submit.batch.size", "scorecast.submit.wait", "scorecast.submit.queue.depth",
        "scorecast.board.queue.depth", "scorecast.board.reads", "scorecast.board.rebuilds",
        "scorecast.store.up", "scorecast.watch.streams", "scorecast.gateway.connections",
        "scorecast.gateway.frames",
    ]
    with game.watch(game.seats[0]) as viewer:
        frame_at(viewer, 0)
        game.answer(game.seats[0], question=1)
        frame_at(viewer, 20)
        collector.until("all metrics", lambda collector: all(map(collector.points, expected)))
        collector.until("the open socket", lambda collector: any(
            point.as_int >= 1 for _, point in collector.points("scorecast.gateway.connections")))
        [(said, latency)] = collector.until(
            "the latency", lambda collector: collector.points("scorecast.update.latency"))
    assert said == {"scorecast.board.kind": "quiz", "transport": "websocket"}
    assert latency.count > 0 and 0 < latency.max < 30
    collector.until("the close", lambda collector: collector.points("scorecast.gateway.closes"))
    status, _ = _upgrade_of_another_origin(game)
    assert status == 403
    refused = collector.until(
        "the refusal", lambda collector: collector.points("scorecast.gateway.upgrade_rejected"))
    assert {"reason": "origin"} in [said for said, _ in refused]
    for _, metric in list(collector.metrics):
        for point in getattr(metric, metric.WhichOneof("data")).data_points:
            said = values(point.attributes)
            assert not any(AN_ID.search(str(value)) for value in said.values()), (metric.name, said)


def test_frames_are_counted_by_form(collector, stack):
    # So many that what changed is shorter than the whole.
    game = Game(stack, [f"player_{number}" for number in range(30)])

    def frames(form):
        return any(said == {"form": form} and point.as_int > 0
                   for said, point in collector.points("scorecast.gateway.frames"))

    with game.watch(game.seats[0], "&deltas=1") as viewer:
        assert len(json.loads(viewer.recv(timeout=FRAME_SECONDS))["leaderboard"]) == 30
        collector.until("the whole", lambda _: frames("whole"))
        assert not frames("delta")
        game.answer(game.seats[0])
        assert "base" in json.loads(viewer.recv(timeout=FRAME_SECONDS))
        collector.until("the delta", lambda _: frames("delta"))


def _upgrade_of_another_origin(game):
    path = f"/quizzes/{game.id}/ws?participant_id={game.seats[0]['participant_id']}"
    headers = {"Origin": "https://elsewhere.example", "Upgrade": "websocket", "Connection": "Upgrade",
               "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw=="}
    return game._stack.gateways[1].request("GET", path, headers=headers)


class Alone:
    """One process in the place of a stack."""

    def __init__(self, running):
        self.gateways = [running, running]
        self.host = lambda: running.token("--role", "host", "--sub", "ada")


def test_an_outage_and_a_stop_show_in_the_metrics(tmp_path):
    collector, listener = Collector(), _black_hole()
    silent = {"BOARD_URL": f"redis://127.0.0.1:{listener.getsockname()[1]}"}
    running = Scorecast(str(tmp_path), {**collector.settings, **silent})
    game = Game(Alone(running), NAMES)
    with game.watch(game.seats[0]) as viewer:
        frame_at(viewer, 0)

        def says(name, **said):
            return lambda collector: [point for known, point in collector.points(name) if known == said]

        collector.until("the state of the breaker", lambda collector: any(
            point.as_int == 1 for point in says("scorecast.board.breaker.state")(collector)))
        collector.until("the state of the board store", lambda collector: any(
            point.as_int == 0 for point in says("scorecast.store.up", store="board")(collector)))
        collector.until("a read of the ledger", says("scorecast.board.reads", source="ledger"))
        collector.until("a call given up", says("scorecast.limit.reached", limit="redis.call"))
        assert running.stop()[0] == 0
    # These come with the last flush.
    assert says("scorecast.gateway.closes", code=1001, initiator="server")(collector)
    assert says("scorecast.drain.duration")(collector)
    collector.stop()
    listener.close()


def test_a_gateway_says_who_serves_and_what_it_shows_without_touch_to_scoring():
    collector = Collector()
    stack = Stack(collector.settings)
    by_name = stack.gateway(f"dns:///{stack.scoring[0].addresses['gRPC']}")

    def says(name, number):
        return lambda collector: any(point.as_int == number for _, point in collector.points(name))

    collector.until("who serves", says("scorecast.upstream.serving", 1))
    game = Game(stack, NAMES)
    with game.watch(game.seats[0]) as viewer:
        frame_at(viewer, 0)
        assert stack.scoring[1].stop()[0] == 0
        collector.until("the board without touch", says("scorecast.gateway.boards.stale", 1))
    assert stack.scoring[0].stop()[0] == 0
    collector.until("that nobody serves", says("scorecast.upstream.serving", 0))
    assert by_name.stop()[0] == 0
    assert all(code == 0 for code, _ in stack.stop())
    collector.stop()


def test_nothing_exported_or_logged_holds_a_name_a_token_a_text_or_a_secret(collector, stack, game):
    private = [
        *NAMES, "player_1", game.host, game.code, "Rivers", "Which is the longest?", "the Nile", "the Rhine",
        *(seat["participant_token"] for seat in game.seats), *stack.secrets.values(),
    ]
    status, _ = stack.gateways[0].request("GET", f"/join/{game.code}?token={game.host}")
    assert status == 200
    status, _ = stack.gateways[0].request("POST", f"/quizzes/{game.id}/join", {"username": NAMES[0]})
    assert status == 409
    collector.until("the last request", lambda collector: collector.named("GET /join/{code}"))
    exported = b"".join(request.SerializeToString() for request in list(collector.requests))
    assert len(exported) > 10_000
    for what in filter(None, private):
        assert what.encode() not in exported, what
        assert not any(what in line for program in stack.programs for line in program.log), what
    keys = {key for span in list(collector.spans) for key in span.attributes}
    assert not [key for key in keys if re.search("answer|choice|option|username|token|points|score$", key)]


def test_each_log_line_is_exported_once_and_names_its_trace():
    collector = Collector()
    stack = Stack({**collector.settings, "RUST_LOG": "info,gateway::http=debug,scoring::board=debug"})
    game = Game(stack, NAMES)
    trace, headers = traceparent()
    game.answer(game.seats[0], headers=headers)
    assert all(code == 0 for code, _ in stack.stop())
    collector.stop()
    lines = [json.loads(line) for program in stack.programs for line in program.log]
    assert [line for line in lines if line.get("trace_id") == trace and line.get("span_id")]
    exported = [record for record in collector.logs if record.trace_id.hex() == trace]
    assert exported and all(record.span_id for record in exported)
    said = sorted(line["message"] for line in lines)
    assert said == sorted(record.body.string_value for record in collector.logs)


def _black_hole():
    """An address that takes connections and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=16)
    held = []

    def hold():
        while True:
            try:
                held.append(listener.accept())
            except OSError:
                return

    threading.Thread(target=hold, daemon=True).start()
    return listener


@pytest.mark.parametrize("is_there", [False, True], ids=["dead", "silent"])
def test_a_collector_that_does_not_answer_holds_nobody_up(tmp_path, is_there):
    listener = _black_hole()
    endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
    if not is_there:
        listener.close()
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100",
                "OTEL_BSP_MAX_QUEUE_SIZE": "64"}
    running = Scorecast(str(tmp_path), settings)
    longest = 0
    for _ in range(200):
        began = time.monotonic()
        assert running.request("GET", "/quizzes")[0] == 200
        longest = max(longest, time.monotonic() - began)
    assert longest < 5
    code, took = running.stop()
    listener.close()
    assert (code, took < STOP_SECONDS) == (0, True), took
    lost = [line for line in running.log if "did not reach the collector" in line]
    assert len(lost) == 1 and int(re.search(r"items=(\d+)", re.sub(r"\x1b\[\d*m", "", lost[0]))[1]) >= 200


def test_what_a_slow_collector_cannot_take_is_dropped_and_counted(tmp_path):
    collector = Collector(delay_seconds=0.5)
    settings = {**collector.settings, "OTEL_BSP_MAX_QUEUE_SIZE": "16", "OTEL_BSP_SCHEDULE_DELAY": "100"}
    running = Scorecast(str(tmp_path), settings)
    for _ in range(300):
        assert running.request("GET", "/quizzes")[0] == 200

    def dropped(collector):
        points = collector.points("scorecast.telemetry.dropped")
        return sum(point.as_int for said, point in points
                   if said == {"signal": "traces", "reason": "queue_full"})

    collector.until("the count of what was dropped", dropped)
    assert running.stop()[0] == 0
    collector.stop()
    # A request makes three spans here, and those of probes none.
    assert dropped(collector) + len(collector.spans) >= 3 * 300


def test_without_an_endpoint_nothing_is_exported(tmp_path):
    collector = Collector()
    endpoint = collector.settings["OTEL_EXPORTER_OTLP_ENDPOINT"]
    for settings in [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
                     {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SDK_DISABLED": "true"}]:
        running = Scorecast(str(tmp_path), settings)
        assert running.request("GET", "/quizzes")[0] == 200
        assert running.stop()[0] == 0
    collector.stop()
    assert collector.requests == []
