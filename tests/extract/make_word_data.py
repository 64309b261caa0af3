"""Makes data/markers.doc from wordmarkers.py; needs LibreOffice (apt-get install libreoffice-writer-nogui).

Run from the root of the repository: PYTHONPATH=tests python -m extract.make_word_data
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from extract.docxmaker import make_docx
from extract.wordmarkers import document

DATA = Path(__file__).parent / "data"


def main() -> None:
    """Converts the document of all constructs."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "markers.docx"
        source.write_bytes(make_docx(document()))
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to"]
        subprocess.run([*command, "doc:MS Word 97", "--outdir", folder, str(source)], check=True, timeout=120)
        (DATA / "markers.doc").write_bytes((Path(folder) / "markers.doc").read_bytes())


if __name__ == "__main__":
    main()
