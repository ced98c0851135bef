"""The names that spans are written with: one table per profile of OpenTelemetry's GenAI conventions.

`1.41` is the last release that holds them (semantic-conventions v1.41.1); `genai-dev` follows the unreleased
semantic-conventions-genai. What the registry has no name for is `aws.bedrock.*`, in its style, or `tracehub.*`.
"""

import msgspec

from tracehub.exporters.terms import Profile

TRUNCATED = "tracehub.content.truncated"


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """The attributes, events, operations and values of one profile."""

    schema_url: str = "https://opentelemetry.io/schemas/1.41.0"

    provider: str = "gen_ai.provider.name"
    operation: str = "gen_ai.operation.name"
    conversation: str = "gen_ai.conversation.id"
    error_type: str = "error.type"
    http_status: str = "http.response.status_code"
    request_id: str = "aws.request_id"

    agent_id: str = "gen_ai.agent.id"
    agent_name: str = "gen_ai.agent.name"
    agent_version: str = "gen_ai.agent.version"
    request_model: str = "gen_ai.request.model"
    response_model: str = "gen_ai.response.model"
    finish_reasons: str = "gen_ai.response.finish_reasons"
    temperature: str = "gen_ai.request.temperature"
    top_p: str = "gen_ai.request.top_p"
    top_k: str = "gen_ai.request.top_k"
    max_tokens: str = "gen_ai.request.max_tokens"
    stop_sequences: str = "gen_ai.request.stop_sequences"
    input_tokens: str = "gen_ai.usage.input_tokens"
    output_tokens: str = "gen_ai.usage.output_tokens"
    cache_read_tokens: str = "gen_ai.usage.cache_read.input_tokens"
    cache_write_tokens: str = "gen_ai.usage.cache_creation.input_tokens"
    data_source: str = "gen_ai.data_source.id"
    tool_name: str = "gen_ai.tool.name"
    tool_type: str = "gen_ai.tool.type"
    tool_call_id: str = "gen_ai.tool.call.id"

    system_instructions: str = "gen_ai.system_instructions"
    input_messages: str = "gen_ai.input.messages"
    output_messages: str = "gen_ai.output.messages"
    tool_definitions: str = "gen_ai.tool.definitions"
    tool_arguments: str = "gen_ai.tool.call.arguments"
    tool_result: str = "gen_ai.tool.call.result"
    query: str = "gen_ai.retrieval.query.text"
    documents: str = "gen_ai.retrieval.documents"

    step: str = "aws.bedrock.agent.trace_id"
    agent_session: str = "aws.bedrock.agent.session_id"
    alias_id: str = "aws.bedrock.agent_alias.id"
    alias_arn: str = "aws.bedrock.agent_alias.arn"
    memory_id: str = "aws.bedrock.memory.id"
    model_calls: str = "aws.bedrock.agent.model_calls"
    tool_calls: str = "aws.bedrock.agent.tool_calls"
    reprompts: str = "aws.bedrock.agent.reprompts"
    total_input_tokens: str = "aws.bedrock.agent.usage.input_tokens"
    total_output_tokens: str = "aws.bedrock.agent.usage.output_tokens"
    total_cache_read_tokens: str = "aws.bedrock.agent.usage.cache_read_tokens"
    total_cache_write_tokens: str = "aws.bedrock.agent.usage.cache_write_tokens"
    answers: str = "aws.bedrock.agent.return_control.invocation_id"
    citation_count: str = "aws.bedrock.agent.citation_count"
    citations: str = "aws.bedrock.agent.citations"
    file_count: str = "aws.bedrock.agent.file_count"
    prompt_type: str = "aws.bedrock.agent.prompt_type"
    prompt_creation_mode: str = "aws.bedrock.agent.prompt_creation_mode"
    parser_mode: str = "aws.bedrock.agent.parser_mode"
    override_lambda: str = "aws.bedrock.agent.override_lambda"
    iteration: str = "aws.bedrock.agent.iteration"
    route: str = "aws.bedrock.agent.route"
    action_group: str = "aws.bedrock.action_group.name"
    function: str = "aws.bedrock.action_group.function"
    api_path: str = "aws.bedrock.action_group.api_path"
    verb: str = "aws.bedrock.action_group.verb"
    execution_type: str = "aws.bedrock.action_group.execution_type"
    response_state: str = "aws.bedrock.action_group.response_state"
    confirmation_state: str = "aws.bedrock.action_group.confirmation_state"
    code_input_files: str = "aws.bedrock.code_interpreter.input_file_count"
    code_output_files: str = "aws.bedrock.code_interpreter.output_file_count"
    knowledge_base: str = "aws.bedrock.knowledge_base.id"
    document_count: str = "aws.bedrock.retrieval.document_count"
    guardrail_action: str = "aws.bedrock.guardrail.action"
    guardrail_source: str = "aws.bedrock.guardrail.source"
    guardrail_policies: str = "aws.bedrock.guardrail.policies"
    guardrail_assessments: str = "aws.bedrock.guardrail.assessments"

    estimated: str = "tracehub.time.estimated"
    incomplete: str = "tracehub.incomplete"
    truncated: str = TRUNCATED
    return_of_control: str = "tracehub.roc"
    tool_error_inferred: str = "tracehub.tool.error.inferred"
    tool_error_type: str = "tracehub.tool.error.type"
    link: str = "tracehub.link"
    link_from: str = "from"
    link_to: str = "to"

    exception: str = "exception"
    exception_type: str = "exception.type"
    exception_message: str = "exception.message"
    rationale: str = "aws.bedrock.agent.rationale"
    reprompt: str = "aws.bedrock.agent.reprompt"
    silent_reprompt: str = "aws.bedrock.agent.silent_reprompt"
    custom_orchestration: str = "aws.bedrock.agent.custom_orchestration"
    note: str = "aws.bedrock.agent.note"
    file: str = "aws.bedrock.agent.file"
    event_text: str = "aws.bedrock.agent.text"
    reprompt_source: str = "aws.bedrock.agent.reprompt.source"
    file_name: str = "aws.bedrock.agent.file.name"
    file_type: str = "aws.bedrock.agent.file.type"
    file_size: str = "aws.bedrock.agent.file.size"

    invoke_agent: str = "invoke_agent"
    chat: str = "chat"
    execute_tool: str = "execute_tool"
    retrieval: str = "retrieval"
    apply_guardrail: str | None = None

    top_k_is_whole: bool = False


NAMES = {
    Profile.V1_41: Names(),
    Profile.GENAI_DEV: Names(
        # No version of it has been released that a schema address could name.
        schema_url="",
        cache_write_tokens="gen_ai.usage.cache_write.input_tokens",
        apply_guardrail="apply_guardrail",
        top_k_is_whole=True,
    ),
}
PROVIDER = "aws.bedrock"
# What people and systems said: it leaves only where a destination asks for content.
CONTENT = frozenset(
    getattr(names, field)
    for names in NAMES.values()
    for field in (
        "system_instructions",
        "input_messages",
        "output_messages",
        "tool_definitions",
        "tool_arguments",
        "tool_result",
        "query",
        "documents",
        "citations",
        "guardrail_assessments",
        "event_text",
        "file_name",
    )
)
