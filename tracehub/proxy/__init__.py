"""The proxy in front of bedrock-agent-runtime: what agents call instead of AWS, so that their traces are kept."""
