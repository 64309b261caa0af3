"""Makes data/markers.doc and data/contents.doc from wordmarkers.py.

It needs LibreOffice (apt-get install libreoffice-writer-nogui).

Run from the root of the repository: PYTHONPATH=tests python -m extract.make_word_data
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from extract.docxmaker import Docx, make_docx
from extract.wordmarkers import document, with_contents

DATA = Path(__file__).parent / "data"


def main() -> None:
    """Converts the document of all constructs and the one with a table of contents that is not a field."""
    convert("markers", document())
    convert("contents", with_contents(field=False))


def convert(name: str, made: Docx) -> None:
    """Saves a document as .doc."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"{name}.docx"
        source.write_bytes(make_docx(made))
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to"]
        subprocess.run([*command, "doc:MS Word 97", "--outdir", folder, str(source)], check=True, timeout=120)
        (DATA / f"{name}.doc").write_bytes((Path(folder) / f"{name}.doc").read_bytes())


if __name__ == "__main__":
    main()
