"""A collector that keeps all that it is sent, for looking at it afterwards."""

import threading
import time
from concurrent import futures
from dataclasses import dataclass, field

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

ARRIVAL_SECONDS = 30


@dataclass
class Span:
    """A span with what it says of itself in Python's own types."""

    service: str
    instance: str
    name: str
    kind: int
    trace: str
    id: str
    parent: str
    start: int
    end: int
    links: list
    attributes: dict
    is_error: bool

    @property
    def key(self):
        return self.trace, self.id


@dataclass
class Collector:
    """Takes OTLP over gRPC on a free port. `delay_seconds` makes it slow."""

    delay_seconds: float = 0
    requests: list = field(default_factory=list)
    spans: list = field(default_factory=list)
    logs: list = field(default_factory=list)
    metrics: list = field(default_factory=list)

    def __post_init__(self):
        self._arrived = threading.Condition()
        self._server = grpc.server(futures.ThreadPoolExecutor(8))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(
            _taking(self._take_spans, trace_service_pb2.ExportTraceServiceResponse), self._server)
        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(
            _taking(self._take_metrics, metrics_service_pb2.ExportMetricsServiceResponse), self._server)
        logs_service_pb2_grpc.add_LogsServiceServicer_to_server(
            _taking(self._take_logs, logs_service_pb2.ExportLogsServiceResponse), self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "OTEL_BLRP_SCHEDULE_DELAY": "200",
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
        }
        self._server.start()

    def stop(self):
        self._server.stop(None).wait()

    def until(self, what, found):
        """Waits until something has arrived, and gives it: what `found` returns and holds true."""
        until = time.monotonic() + ARRIVAL_SECONDS
        with self._arrived:
            while not (it := found(self)):
                left = until - time.monotonic()
                assert left > 0, f"{what} did not arrive"
                self._arrived.wait(left)
            return it

    def named(self, name):
        return [span for span in list(self.spans) if span.name == name]

    def points(self, name):
        """The newest value of each series of a metric, with the service that it comes from."""
        newest = {}
        for service, metric in list(self.metrics):
            if metric.name == name:
                data = getattr(metric, metric.WhichOneof("data"))
                for point in data.data_points:
                    said = values(point.attributes)
                    newest[(service, *sorted(said.items()))] = (said, point)
        return list(newest.values())

    def _take_spans(self, request):
        for resource in request.resource_spans:
            said = values(resource.resource.attributes)
            for scope in resource.scope_spans:
                self.spans.extend(
                    Span(
                        service=said["service.name"],
                        instance=said["service.instance.id"],
                        name=span.name,
                        kind=span.kind,
                        trace=span.trace_id.hex(),
                        id=span.span_id.hex(),
                        parent=span.parent_span_id.hex(),
                        start=span.start_time_unix_nano,
                        end=span.end_time_unix_nano,
                        links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
                        attributes=values(span.attributes),
                        is_error=span.status.code == 2,
                    )
                    for span in scope.spans
                )

    def _take_metrics(self, request):
        for resource in request.resource_metrics:
            service = values(resource.resource.attributes)["service.name"]
            for scope in resource.scope_metrics:
                self.metrics.extend((service, metric) for metric in scope.metrics)

    def _take_logs(self, request):
        for resource in request.resource_logs:
            for scope in resource.scope_logs:
                self.logs.extend(scope.log_records)

    def _took(self, request, take):
        time.sleep(self.delay_seconds)
        with self._arrived:
            self.requests.append(request)
            take(request)
            self._arrived.notify_all()


def values(attributes):
    """Attributes as a dictionary."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in attributes}


def _taking(take, response):
    class Taking:
        def Export(self, request, context):
            take.__self__._took(request, take)
            return response()

    return Taking()
