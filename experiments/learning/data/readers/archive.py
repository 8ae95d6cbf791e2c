"""One way to look at a folder, a zip file, a gzip file or a single file: as named streams of bytes.

Nothing is ever extracted to disk, so a member's path cannot lead anywhere. What is read is bounded while it is read,
because the sizes that an archive declares may be lies.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from experiments.learning.data.errors import DatasetError

MAX_MEMBERS = 1_000
MAX_UNPACKED_BYTES = 8 * 2**30
MAX_COMPRESSION_RATIO = 200
"""Real rating files compress about five-fold, and no text of people's ratings comes near this."""
RATIO_COUNTS_FROM = 16 * 2**20
"""Small members may compress well by chance; the ratio is judged from this unpacked size on."""

_ZIP_MAGIC = b"PK\x03\x04"
_GZIP_MAGIC = b"\x1f\x8b"
_ENCRYPTED = 0x1


def first_bytes(path: Path, count: int = 4) -> bytes:
    """The first bytes of a file; empty where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(count)
    except OSError:
        return b""


class Bundle:
    """Files by their base name, whatever they lie in. Base names are unique; the least deeply nested one counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise DatasetError("file", "does not exist", value=path.name, accepted="a file or folder that can be read")
        self._members = self._find()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._members)

    @property
    def is_zip(self) -> bool:
        return self.path.is_file() and first_bytes(self.path) == _ZIP_MAGIC

    def only_name(self) -> str:
        """The name of the one file in here; a DatasetError where there are several."""
        if len(self._members) != 1:
            listed = ", ".join(sorted(self._members)[:5]) or "nothing"
            raise DatasetError(
                "file", "one file was expected", value=listed, accepted="a single file, or a zip that holds one"
            )
        return next(iter(self._members))

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """The member as a readable, bounded stream of bytes."""
        if name not in self._members:
            raise DatasetError(
                "file",
                f"there is no {name} in {self.path.name}",
                value=", ".join(sorted(self.names)[:8]),
                accepted=name,
            )
        try:
            with self._raw(name) as stream:
                yield stream
        except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise DatasetError("file", f"{name} is damaged: {error}", accepted="an undamaged file") from error

    @contextmanager
    def _raw(self, name: str) -> Iterator[IO[bytes]]:
        member = self._members[name]
        if self.is_zip:
            with zipfile.ZipFile(self.path) as archive:
                info = archive.getinfo(member)
                if info.flag_bits & _ENCRYPTED:
                    raise DatasetError("file", f"{name} needs a password", accepted="a zip file without a password")
                with archive.open(info) as stream:
                    yield io.BufferedReader(_Bounded(stream, info.compress_size, name))
            return
        path = Path(member)
        if first_bytes(path, 2) == _GZIP_MAGIC:
            with gzip.open(path) as stream:
                yield io.BufferedReader(_Bounded(cast("IO[bytes]", stream), path.stat().st_size, name))
            return
        with path.open("rb") as stream:
            yield stream

    def _find(self) -> dict[str, str]:
        if self.path.is_dir():
            found = (child for child in sorted(self.path.iterdir()) if child.is_file())
            return {child.name: str(child) for child in found}
        if not self.is_zip:
            name = self.path.name.removesuffix(".gz") if first_bytes(self.path, 2) == _GZIP_MAGIC else self.path.name
            return {name: str(self.path)}
        try:
            with zipfile.ZipFile(self.path) as archive:
                return _members_of(archive)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            if isinstance(error, DatasetError):
                raise
            raise DatasetError(
                "file", f"the zip file is damaged: {error}", value=self.path.name, accepted="an undamaged zip file"
            ) from error


def _members_of(archive: zipfile.ZipFile) -> dict[str, str]:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > MAX_MEMBERS:
        raise DatasetError(
            "file", "the zip file holds too many files", value=len(infos), accepted=f"up to {MAX_MEMBERS:,} files"
        )
    unpacked = sum(info.file_size for info in infos)
    if unpacked > MAX_UNPACKED_BYTES:
        raise DatasetError(
            "file",
            "the zip file unpacks to too much",
            value=f"{unpacked:,} bytes",
            accepted=f"up to {MAX_UNPACKED_BYTES:,} bytes",
        )
    members: dict[str, str] = {}
    for info in sorted(infos, key=lambda info: (info.filename.count("/"), info.filename)):
        parts = PurePosixPath(info.filename).parts
        _refuse_odd_path(info.filename, parts)
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
        if not hidden:
            members.setdefault(parts[-1], info.filename)
    return members


def _refuse_odd_path(name: str, parts: tuple[str, ...]) -> None:
    # Nothing is extracted, so such a name could do no harm; an archive that has one was made to do some.
    odd = name.startswith("/") or ".." in parts or "\\" in name or ":" in name or "\0" in name or not parts
    if odd:
        raise DatasetError(
            "file", "the zip file holds a path that leads out of it", value=name, accepted="plain relative paths"
        )


class _Bounded(io.RawIOBase):
    """Passes bytes through and stops where they become too many or too much for their packed size."""

    def __init__(self, stream: IO[bytes], packed: int, name: str) -> None:
        self._stream = stream
        self._packed = max(packed, 1)
        self._name = name
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self._stream.read(len(view))
        view[: len(data)] = data
        self._count += len(data)
        if self._count > MAX_UNPACKED_BYTES or (
            self._count > RATIO_COUNTS_FROM and self._count > self._packed * MAX_COMPRESSION_RATIO
        ):
            raise DatasetError(
                "file",
                f"{self._name} unpacks to far more than its packed size",
                value=f"{self._count:,} bytes from {self._packed:,}",
                accepted=f"at most {MAX_COMPRESSION_RATIO} times the packed size and {MAX_UNPACKED_BYTES:,} bytes",
            )
        return len(data)
