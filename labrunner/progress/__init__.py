"""What a learner did: an append-only event log in SQLite. Everything shown is a view on it."""
