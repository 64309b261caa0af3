"""What the words themselves say about structure, whatever the format: clause numbers, headings, contents, line ends.

Strings or blocks in, facts about them out. It knows no format, and every reader uses it.
"""
