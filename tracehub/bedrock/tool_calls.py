"""Reads what an agent called: an action group's function or operation, the code interpreter, a knowledge base."""

from tracehub.bedrock.draft import Draft
from tracehub.members import Json, mapping, mappings, text, texts
from tracehub.model.span import Parameter


def tool_draft(draft: Draft, call: Json) -> None:
    """Fills a tool span from an `actionGroupInvocationInput`."""
    group, function = text(call, "actionGroupName"), text(call, "function")
    verb, api_path = text(call, "verb"), text(call, "apiPath")
    draft.name = tool_name(group, function, verb, api_path)
    draft.fields = {
        "tool": draft.name,
        "action_group": group,
        "function": function,
        "verb": verb,
        "api_path": api_path,
        "execution_type": text(call, "executionType"),
        "parameters": parameters(call),
        "request_body": mapping(call, "requestBody") or None,
        "return_control_id": text(call, "invocationId"),
    }


def returned_tool_draft(draft: Draft, call: Json, return_control_id: str | None) -> None:
    """Fills a tool span from a `functionInvocationInput` or `apiInvocationInput` of a return of control."""
    group, function = text(call, "actionGroup"), text(call, "function")
    verb, api_path = text(call, "httpMethod"), text(call, "apiPath")
    draft.name = tool_name(group, function, verb, api_path)
    draft.fields = {
        "tool": draft.name,
        "action_group": group,
        "function": function,
        "verb": verb,
        "api_path": api_path,
        "execution_type": "RETURN_CONTROL",
        "parameters": parameters(call),
        "request_body": mapping(call, "requestBody") or None,
        "return_control_id": return_control_id,
    }


def tool_name(group: str | None, function: str | None, verb: str | None, api_path: str | None) -> str:
    """The name by which the model knows the tool: `Group__function`, or `VERB__Group__path`."""
    if function:
        return f"{group}__{function}" if group else function
    if api_path:
        return "__".join(part for part in (verb.upper() if verb else None, group, api_path) if part)
    return group or "unknown tool"


def parameters(call: Json) -> tuple[Parameter, ...]:
    """The call's arguments."""
    return tuple(
        Parameter(name=text(value, "name") or "", type=text(value, "type"), value=text(value, "value"))
        for value in mappings(call, "parameters")
    )


def code_draft(draft: Draft, call: Json) -> None:
    """Fills a code span from a `codeInterpreterInvocationInput`."""
    draft.fields = {"code": text(call, "code"), "input_files": texts(call, "files")}


def retrieval_draft(draft: Draft, call: Json) -> None:
    """Fills a retrieval span from a `knowledgeBaseLookupInput`."""
    knowledge_base_id = text(call, "knowledgeBaseId")
    draft.name = knowledge_base_id or "knowledge base"
    draft.fields = {"knowledge_base_id": knowledge_base_id, "query": text(call, "text")}
