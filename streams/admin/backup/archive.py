"""Write and read the files of a backup: one per topic and partition, and a manifest with checksums, written last."""

import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from streams.admin.errors import OperatingError

Rows = dict[bytes, bytes]

_MANIFEST_NAME: Final = "manifest.json"
_FORMAT_VERSION: Final = 1
_OWNER_ONLY_MODE: Final = 0o600
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[tuple[bytes, bytes]]).decode


class BackupFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a backup: the rows of a partition, as a MessagePack array of pairs of key and value."""

    topic: str
    partition: int
    file: str
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a backup; `topics` are the ids of the copied topics and of the source topics at `taken_at`."""

    format: int = _FORMAT_VERSION
    application: str
    partitions: int
    registry: str
    taken_at: str
    topics: dict[str, str]
    files: list[BackupFile]


def prepare_folder(folder: Path) -> None:
    """Create `folder` if it does not exist; raises OperatingError if it is not empty."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise OperatingError(f"{folder}: expected a new or an empty folder, got one with files")


def write_rows(folder: Path, topic: str, partition: int, rows: Mapping[bytes, bytes]) -> BackupFile:
    """Write the rows of one partition to a file and return its entry for the manifest."""
    file = f"{topic}-{partition}.msgpack"
    content = _encode(list(rows.items()))
    _write_new_file(folder / file, content)
    return BackupFile(topic=topic, partition=partition, file=file, rows=len(rows), sha256=sha256(content).hexdigest())


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest; a folder without it is not a backup."""
    _write_new_file(folder / _MANIFEST_NAME, msgspec.json.format(msgspec.json.encode(manifest)))


def _write_new_file(file: Path, content: bytes) -> None:
    """Write a new file that only the owner may read, since it contains single reports."""
    with open(file, "xb", opener=lambda path, flags: os.open(path, flags, _OWNER_ONLY_MODE)) as opened:
        opened.write(content)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a backup folder; raises OperatingError for a folder that is not a backup."""
    try:
        manifest = msgspec.json.decode((folder / _MANIFEST_NAME).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise OperatingError(f"{folder}: expected a backup, found no {_MANIFEST_NAME}") from error
    except msgspec.MsgspecError as error:
        raise OperatingError(f"{folder / _MANIFEST_NAME}: expected a manifest, got invalid content: {error}") from error
    if manifest.format != _FORMAT_VERSION:
        raise OperatingError(f"{folder}: expected a backup of format {_FORMAT_VERSION}, got {manifest.format}")
    return manifest


def read_rows(folder: Path, file: BackupFile) -> Rows:
    """Return the rows of one file; raises OperatingError if its checksum is not that of the manifest."""
    path = folder / Path(file.file).name
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise OperatingError(f"{path}: expected a file of the backup, found none") from error
    found = sha256(content).hexdigest()
    if found != file.sha256:
        raise OperatingError(f"{path}: expected SHA-256 {file.sha256}, found {found}: the backup is damaged")
    return dict(_decode(content))


def verify_files(folder: Path, manifest: Manifest, topics: Iterable[str]) -> None:
    """Raise OperatingError unless every partition of every topic has an undamaged file."""
    wanted = {(topic, partition) for topic in topics for partition in range(manifest.partitions)}
    found = {(part.topic, part.partition) for part in manifest.files}
    if wanted != found:
        missing = ", ".join(f"{topic} {partition}" for topic, partition in sorted(wanted ^ found))
        raise OperatingError(f"{folder}: expected a file for every partition, got differences in {missing}")
    for part in manifest.files:
        read_rows(folder, part)
