"""The memory: tables, sessions, the queue and the migrations."""
