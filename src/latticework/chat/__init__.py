"""Conversations and tool calls as texts: what the server and the integrations share."""
