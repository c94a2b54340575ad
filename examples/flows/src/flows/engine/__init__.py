"""Runs flows and tasks in this process. Unaware of the database and of HTTP."""
