"""What the words themselves say about structure, whatever the format: clause numbers, headings, contents, line ends.

Strings or blocks in, facts about them out. These modules know no format; every reader uses them.
"""
