"""Files by address: `s3://`, `gs://`, `hdfs://` and what else `pyarrow.fs` reads.

The native side opens local files itself. What has an address is read whole when its call's turn comes, and
held as long as the call is worked on.
"""

from __future__ import annotations

import functools
import os
import re
import urllib.parse
from dataclasses import dataclass
from typing import Any

import pyarrow.fs as pafs

_ADDRESS = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")


def is_address(text: str) -> bool:
    """Whether a path is an address of another file system."""
    return _ADDRESS.match(text) is not None


def local(text: str) -> str:
    """Returns the path of a `file:` address; other text as it is."""
    if text.startswith("file:"):
        return urllib.parse.unquote(urllib.parse.urlparse(text).path)
    return text


def joined(root: str | None, path: str) -> str:
    """Returns where a path leads that starts from `root`."""
    if not root or is_address(path) or path.startswith("/"):
        return path
    return f"{root.rstrip('/')}/{path}"


@dataclass(frozen=True)
class Place:
    """Where the files of rows are: what their paths start from, and what they are read through."""

    #: An address, or a folder of `filesystem`; a local folder is the native side's matter.
    root: str | None = None
    #: Whether paths may lead out of the root, and be addresses.
    outside: bool = True
    filesystem: Any = None

    def find(self, path: str) -> tuple[str, bool]:
        """Returns a path, and whether it is read here. What leads out of the root and may not is left to the native
        side, which refuses it."""
        if path.startswith("file:"):
            path = local(path)
        here = self.filesystem is not None
        if self.root is None:
            return path, self.outside and (here or is_address(path))
        if not self.outside:
            inside = is_address(path) and path.startswith(self.root.rstrip("/") + "/")
            climbs = ".." in path.split("/") or path.startswith("/") or (is_address(path) and not inside)
            if climbs:
                return path, False
        path = joined(self.root, path)
        return path, here or is_address(path)


@functools.lru_cache(maxsize=64)
def _system(base: str) -> pafs.FileSystem:
    return pafs.FileSystem.from_uri(base)[0]


def opened(address: str, filesystem: Any = None) -> tuple[pafs.FileSystem, str]:
    """Returns the file system of an address, and the path in it."""
    if filesystem is not None:
        return _filesystem(filesystem), address
    if address.startswith("file:") or not is_address(address):
        return pafs.LocalFileSystem(), os.path.abspath(local(address))
    parts = urllib.parse.urlsplit(address)
    # One connection for all files of a host or bucket; the path is taken as it is, and not decoded.
    base = f"{parts.scheme}://{parts.netloc}/"
    if parts.query:
        return pafs.FileSystem.from_uri(address)
    path = address[len(parts.scheme) + 3 :]
    if parts.scheme in ("hdfs", "viewfs", "mock"):
        path = path[len(parts.netloc) :]
        return _system(base if parts.netloc else f"{parts.scheme}:///"), path
    return _system(base), path


def _filesystem(filesystem: Any) -> pafs.FileSystem:
    if isinstance(filesystem, pafs.FileSystem):
        return filesystem
    # An fsspec file system.
    return pafs.PyFileSystem(pafs.FSSpecHandler(filesystem))


def read(address: str, filesystem: Any = None) -> bytes:
    """Reads a file whole."""
    system, path = opened(address, filesystem)
    with system.open_input_stream(path) as stream:
        return stream.read()


def sizes(addresses: list[str], filesystem: Any = None) -> list[int]:
    """Returns the sizes of files in bytes; 0 where one is not there."""
    found = [0] * len(addresses)
    by_system: dict[int, tuple[Any, list[int], list[str]]] = {}
    for place, address in enumerate(addresses):
        try:
            system, path = opened(address, filesystem)
        except Exception:  # noqa: BLE001 - who opens it says what is wrong
            continue
        _, places, paths = by_system.setdefault(id(system), (system, [], []))
        places.append(place)
        paths.append(path)
    for system, places, paths in by_system.values():
        for start in range(0, len(paths), 1000):
            part = slice(start, start + 1000)
            for place, info in zip(places[part], system.get_file_info(paths[part])):
                found[place] = info.size or 0
    return found
