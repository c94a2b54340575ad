"""What happened and what should happen, in SQLite or PostgreSQL."""
