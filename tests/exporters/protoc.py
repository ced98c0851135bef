"""Decodes requests with protoc, an implementation of protobuf that shares no code with Python's or with ours."""

import subprocess
import tempfile
from typing import TypeVar, cast

from google.protobuf import text_format
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import Message

_Message = TypeVar("_Message", bound=Message)


def decoded_by_protoc(body: bytes, message: type[_Message]) -> _Message:
    """What protoc reads, by way of its text; it fails where it meets a field that the definitions do not have."""
    described = message.DESCRIPTOR
    with tempfile.NamedTemporaryFile(suffix=".pb") as definitions:
        definitions.write(_definitions(message).SerializeToString())
        definitions.flush()
        command = ["protoc", f"--descriptor_set_in={definitions.name}", f"--decode={described.full_name}"]
        done = subprocess.run([*command, described.file.name], input=body, check=True, capture_output=True)
    # Unknown fields are written as bare numbers, which this refuses.
    return text_format.Parse(done.stdout, message())


def _definitions(message: type[Message]) -> FileDescriptorSet:
    """OpenTelemetry's own, as its wheel carries them, each file after those that it needs."""
    found: dict[str, FileDescriptor] = {}

    def visit(file: FileDescriptor) -> None:
        for needed in file.dependencies:
            visit(needed)
        found.setdefault(file.name, file)

    visit(cast("FileDescriptor", message.DESCRIPTOR.file))
    described = FileDescriptorSet()
    for file in found.values():
        file.CopyToProto(described.file.add())
    return described
