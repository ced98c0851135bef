"""What prompts and completions say, for people and for ingestion: the one door to the modules that read them."""

from tracehub.bedrock.completions import cache_tokens, completion, reasoning, stop_reason
from tracehub.bedrock.message_parts import Message, MessagePart
from tracehub.bedrock.prompts import messages
from tracehub.bedrock.questions import question
from tracehub.bedrock.reprompts import silent_reprompt

__all__ = [
    "Message",
    "MessagePart",
    "cache_tokens",
    "completion",
    "messages",
    "question",
    "reasoning",
    "silent_reprompt",
    "stop_reason",
]
