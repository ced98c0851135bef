"""Foundation models: what they are called, what their prompts and completions say."""
