"""The running daemon: its parts, what paces and restarts them, and how it starts and stops."""
