"""The .fmu archive: the same content gives the same bytes."""

import zipfile
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive can hold


def write_fmu(target: Path, model_description: str, binary_name: str, binary: Path) -> None:
    """Write an .fmu with its description and one binary at `binary_name` inside the archive."""
    with zipfile.ZipFile(target, "w") as archive:
        _add(archive, "modelDescription.xml", model_description.encode(), 0o644)
        _add(archive, binary_name, binary.read_bytes(), 0o755)


def _add(archive: zipfile.ZipFile, name: str, content: bytes, mode: int) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, whatever the machine
    entry.external_attr = (0o100000 | mode) << 16
    archive.writestr(entry, content, compresslevel=6)
