"""Makes a key and reads it with the stock Python SDK, traced by OpenTelemetry's. Prints its spans; run by traces.test.ts."""

import json
import os

from azure.core.settings import settings
from azure.identity import DefaultAzureCredential
from azure.keyvault.keys import KeyClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler, SamplingResult, Decision


class AllButQuiet(Sampler):
    """An application that traces all but what it does quietly."""

    def should_sample(self, parent_context, trace_id, name, *args, **kwargs):
        parent = trace.get_current_span(parent_context).get_span_context()
        if name == "quiet" or (parent.is_valid and not parent.trace_flags.sampled):
            return SamplingResult(Decision.DROP)
        return ALWAYS_ON.should_sample(parent_context, trace_id, name, *args, **kwargs)

    def get_description(self):
        return "all but quiet"


spans = InMemorySpanExporter()
provider = TracerProvider(sampler=AllButQuiet())
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
settings.tracing_enabled = True

tracer = trace.get_tracer("application")
client = KeyClient(os.environ["AZURE_MANAGEDHSM_URI"], DefaultAzureCredential())
with tracer.start_as_current_span("quiet") as quiet:
    client.create_rsa_key("traced", hardware_protected=True)
with tracer.start_as_current_span("application"):
    client.get_key("traced")
print(
    json.dumps(
        {
            "quiet": format(quiet.get_span_context().trace_id, "032x"),
            "spans": [
                {
                    "name": span.name,
                    "kind": span.kind.name,
                    "traceId": format(span.context.trace_id, "032x"),
                    "spanId": format(span.context.span_id, "016x"),
                }
                for span in spans.get_finished_spans()
            ],
        }
    )
)
