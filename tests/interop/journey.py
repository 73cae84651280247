"""Prints the trace of one answer as a table in Markdown: `make trace`."""

import time

from collector import Collector
from stack import Game, Stack, frame_at, traceparent

# Longer than WATCH_INTERVAL: a change after a quiet time goes out at once.
QUIET_SECONDS = 0.2

COLUMNS = "| ms | took | service | span | kind |\n|--:|--:|---|---|---|"
KINDS = ["", "internal", "server", "client", "producer", "consumer"]


def main():
    collector = Collector()
    stack = Stack(collector.settings)
    try:
        game = Game(stack, ["ada", "grace"], questions=20)
        with game.watch(game.seats[1]) as viewer:
            # The first answers find cold connections and plans.
            for question in range(20):
                time.sleep(QUIET_SECONDS)
                trace, headers = traceparent()
                game.answer(game.seats[0], question, headers=headers)
                frame_at(viewer, 10 * (question + 1))

        def whole(collector):
            spans = [span for span in list(collector.spans) if span.trace == trace]
            return {"frame written", "POST /quizzes/{quiz_id}/answer"} <= {span.name for span in spans} and spans

        spans = collector.until("the trace", whole)
    finally:
        stack.stop()
        collector.stop()
    spans = [span for span in collector.spans if span.trace == trace]
    show(spans)


def show(spans):
    began = min(span.start for span in spans)
    ids = {span.id for span in spans}
    numbers = {}
    for span in sorted(spans, key=lambda span: span.start):
        known = numbers.setdefault(span.service, [])
        if span.instance not in known:
            known.append(span.instance)
    print(COLUMNS)

    def lines(parent, depth):
        for span in sorted(spans, key=lambda span: span.start):
            if span.parent == parent if depth else span.parent not in ids:
                at, took = (span.start - began) / 1e6, (span.end - span.start) / 1e6
                process = f"{span.service} {numbers[span.service].index(span.instance) + 1}"
                name = f"{'&emsp;' * depth}`{span.name}`"
                print(f"| {at:.1f} | {took:.1f} | {process} | {name} | {KINDS[span.kind]} |")
                lines(span.id, depth + 1)

    lines("", 0)


if __name__ == "__main__":
    main()
