"""People, roles per workspace, API keys and the audit trail (decision D7)."""
