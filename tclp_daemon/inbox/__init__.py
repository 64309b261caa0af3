"""From a file in the inbox to a task in the store: scan, settle, intake. The inbox is only ever a question."""
