"""The `flows` command, one file per group of commands."""
