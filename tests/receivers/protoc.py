"""Decodes requests with protoc, an implementation of protobuf that shares no code with Python's or with ours."""

import subprocess
import tempfile
from pathlib import Path

from google.protobuf import text_format
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

_MESSAGE = "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest"


def decoded_by_protoc(body: bytes) -> TracesData:
    """What protoc reads, by way of its text; it fails where it meets a field that the definitions do not have."""
    with tempfile.NamedTemporaryFile(suffix=".pb") as definitions:
        Path(definitions.name).write_bytes(_definitions().SerializeToString())
        command = ["protoc", f"--descriptor_set_in={definitions.name}", f"--decode={_MESSAGE}"]
        done = subprocess.run(
            [*command, trace_service_pb2.DESCRIPTOR.name], input=body, check=True, capture_output=True
        )
    # Unknown fields are written as bare numbers, which this refuses. The request's only field is that of TracesData.
    return text_format.Parse(done.stdout, TracesData())


def _definitions() -> FileDescriptorSet:
    """OpenTelemetry's own, as its wheel carries them."""
    found = FileDescriptorSet()
    _add(trace_service_pb2.DESCRIPTOR, found, set())
    return found


def _add(file: FileDescriptor, found: FileDescriptorSet, seen: set[str]) -> None:
    for needed in file.dependencies:
        _add(needed, found, seen)
    if file.name not in seen:
        seen.add(file.name)
        found.file.append(FileDescriptorProto.FromString(file.serialized_pb))
