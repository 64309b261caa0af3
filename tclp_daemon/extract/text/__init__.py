"""Text and markup in, a `Document` out: any encoding, hard-wrapped or not.

`plain.read_text`, `markdown.read_markdown` and `html.read_html` are the ways in.
"""
