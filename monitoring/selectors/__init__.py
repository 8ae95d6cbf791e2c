"""What pages and the API read. Everything but the newest few predictions comes from windows."""
