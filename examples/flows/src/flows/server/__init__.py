"""The HTTP API and the built UI."""
