"""Metadata: what ran, where and how, kept in the record itself."""

import json
import os
import platform
from collections.abc import Mapping
from hashlib import file_digest, sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from orchestrator.showing import named_within
from orchestrator.system.description import Component, SystemDescription

Metadata = dict[str, Any]


def run_metadata(description: SystemDescription, identities: Mapping[str, Mapping[str, str]]) -> Metadata:
    """Description with its hash, what each component is, algorithm, experiment and host, as plain JSON values."""
    text = canonical(description)
    return {
        "system": description.name,
        "system_sha256": sha256(text.encode()).hexdigest(),
        "description": json.loads(text),
        "components": {
            name: {**identities[name], **_hashed(component)} for name, component in description.components.items()
        },
        "algorithm": description.algorithm,
        "step_size": description.step_size,
        "start": description.experiment.start,
        "stop": description.experiment.stop,
        "host": host(),
    }


def _hashed(component: Component) -> Mapping[str, str]:
    surrogate = None if component.swap is None else component.swap.surrogate
    files = {"file_sha256": component.source, "surrogate_sha256": surrogate}
    return {name: content_sha256(path) for name, path in files.items() if path is not None}


def canonical(description: SystemDescription) -> str:
    """JSON of a description, equal for equal descriptions; files in packages go by the name of the package."""
    return json.dumps(named_within(description.model_dump(mode="json")), sort_keys=True, separators=(",", ":"))


def content_sha256(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files in a folder; empty where there is nothing."""
    if path.is_file():
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    files = sorted(each for each in path.rglob("*") if each.is_file())
    lines = (f"{file.relative_to(path).as_posix()} {content_sha256(file)}\n" for file in files)
    return sha256("".join(lines).encode()).hexdigest() if files else ""


def host() -> dict[str, Any]:
    """Machine and versions."""
    try:
        cotwin = version("cotwin")
    except PackageNotFoundError:  # run from a source tree that is not installed
        cotwin = "not installed"
    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "cotwin": cotwin,
        "cpu_count": os.cpu_count(),
    }
