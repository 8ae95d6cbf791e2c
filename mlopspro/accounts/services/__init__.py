"""Acts on people, keys and the audit trail."""
