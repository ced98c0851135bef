"""tracehub keeps and shows the traces of agents built with Agents for Amazon Bedrock."""

__version__ = "0.1.0"
