"""Serves recorded calls as a bedrock-agent-runtime endpoint."""
