"""What is asked of the operating system: files, mounts, logs, and points to crash at. Knows nothing of contracts."""
