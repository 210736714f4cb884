"""Where telemetry goes: OpenTelemetry's SDK with the exporters of Azure or of OTLP over HTTP."""

from __future__ import annotations

import logging
import os
import socket
from dataclasses import dataclass

from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.environment_variables import OTEL_SERVICE_NAME
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from studio.logs import OURS, cleaned
from studio.settings import Settings


@dataclass(frozen=True)
class Pipeline:
    """The three signals of one process."""

    traces: TracerProvider
    metrics: MeterProvider
    logs: LoggerProvider

    def flush(self) -> None:
        """Send what waits now, for six seconds at most. Blocking."""
        for provider in (self.traces, self.metrics, self.logs):
            provider.force_flush(2000)


def pipeline(settings: Settings, role: str) -> Pipeline:
    """Set up by the settings; the SDK's own variables (OTEL_TRACES_SAMPLER ...) hold as well.

    Without a sampler of theirs every trace is kept.
    """
    resource = _resource(role)
    # Not the process's global provider: libraries would add spans of their own to every request.
    traces = TracerProvider(resource=resource)
    to = settings.application_insights
    spans, metrics, logs = _azure(to, traces) if to else _otlp()
    traces.add_span_processor(BatchSpanProcessor(spans))
    logged = LoggerProvider(resource=resource)
    logged.add_log_record_processor(BatchLogRecordProcessor(logs))
    _forward_logs(logged, with_prompts=settings.log_prompts)
    # Google is spoken to through httpx2: its calls become spans inside the step that makes them.
    HTTPX2ClientInstrumentor().instrument(tracer_provider=traces)
    measured = MeterProvider([PeriodicExportingMetricReader(metrics)], resource=resource)
    return Pipeline(traces, measured, logged)


def _resource(role: str) -> Resource:
    name = os.environ.get(OTEL_SERVICE_NAME) or f"veo-studio-{role}"
    host = socket.gethostname()
    return Resource.create({"service.name": name, "service.instance.id": f"{host}-{os.getpid()}"})


def _otlp() -> tuple[SpanExporter, MetricExporter, LogRecordExporter]:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(), OTLPMetricExporter(), OTLPLogExporter()


def _azure(
    to: str, traces: TracerProvider
) -> tuple[SpanExporter, MetricExporter, LogRecordExporter]:
    from azure.monitor.opentelemetry.exporter import (
        AzureMonitorLogExporter,
        AzureMonitorMetricExporter,
        AzureMonitorTraceExporter,
    )

    return (
        AzureMonitorTraceExporter(connection_string=to, tracer_provider=traces),
        AzureMonitorMetricExporter(connection_string=to),
        AzureMonitorLogExporter(connection_string=to),
    )


def _forward_logs(provider: LoggerProvider, *, with_prompts: bool) -> None:
    """Our own loggers alone: the exporters log too, and would report their reports."""
    handler = _Cleaning(provider, with_prompts)
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers = [one for one in logger.handlers if not isinstance(one, _Cleaning)]
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)


class _Cleaning(LoggingHandler):
    """Forwards lines with their job's id, and without prompts unless they are asked for."""

    def __init__(self, provider: LoggerProvider, with_prompts: bool) -> None:
        super().__init__(logging.INFO, provider)
        self._with_prompts = with_prompts

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(cleaned(record, with_prompts=self._with_prompts))
