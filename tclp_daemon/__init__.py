"""A file-watcher daemon that finds climate-aligned language in contracts."""

__version__ = "0.1.0"
