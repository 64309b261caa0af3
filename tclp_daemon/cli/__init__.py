"""The command line: one module for each command, named like it.

`app` puts the commands together. A command knows what all of them share (`base`, `words` and a few helpers), never
another command and never `app`; import-linter checks it. Nothing heavy is imported before a command needs it.
"""
