"""Where telemetry arrives in tests: Application Insights' ingestion and an OTLP collector."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SIGNALS: dict[str, Any] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


class Sink:
    """All that arrived, as text to search and as records to read."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.raw: list[bytes] = []
        self.envelopes: list[dict[str, Any]] = []
        """What Application Insights would have received."""
        self.messages: list[tuple[str, dict[str, Any]]] = []
        """What a collector would have received, by signal."""
        self.refused: list[str] = []

    @property
    def text(self) -> str:
        return b"\n".join(self.raw).decode("utf-8", "replace")

    @property
    def azure(self) -> dict[str, str]:
        """The settings that send to it as to Application Insights, and nowhere else."""
        key = "00000000-0000-0000-0000-000000000000"
        return {
            "APPLICATIONINSIGHTS_CONNECTION_STRING": (
                f"InstrumentationKey={key};IngestionEndpoint={self.url}"
            ),
            "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "True",
            "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        }

    @property
    def otlp(self) -> dict[str, str]:
        """The settings that send to it as to a collector."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_METRIC_EXPORT_INTERVAL": "1000"}

    def take(self, path: str, body: bytes) -> bytes:
        """Keep what was sent; the answer."""
        self.raw.append(body)
        if path == "/v2.1/track":
            found = json.loads(body)
            self.envelopes += found
            count = {"itemsReceived": len(found), "itemsAccepted": len(found), "errors": []}
            return json.dumps(count).encode()
        if path not in SIGNALS:
            self.refused.append(path)
            return b""
        message = SIGNALS[path]()
        message.ParseFromString(body)
        self.messages.append((path, MessageToDict(message)))
        return b""


@contextmanager
def sink() -> Iterator[Sink]:
    """A server on loopback that takes both forms."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            answer = arrived.take(self.path, body)
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    arrived = Sink(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield arrived
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
