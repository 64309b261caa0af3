"""Word files in, a `Document` out: what the printed page would show, with its automatic numbers.

`docx.read_docx`, `doc.read_doc` and `rtf.read_rtf` are the ways in. They share automatic numbering (`autonumber`),
symbol fonts (`symbols`) and containers that are opened without being trusted (`zipsafe`, `ole`).
"""
