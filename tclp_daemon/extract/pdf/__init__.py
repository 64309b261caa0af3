"""PDF bytes in, a `Document` out: pages in reading order, tables, form fields; running headers marked.

`reader.read_pdf` is the way in. Files that would cost too much are refused before pdfium opens them (`weight`,
`probe`), and damaged ones are read by pdfminer instead (`salvage`).
"""
