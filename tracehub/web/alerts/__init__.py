"""The pages of alerts: what fires, the rules, where it is told, and what was told."""
