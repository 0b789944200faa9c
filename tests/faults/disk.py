"""A small disk for the database's data that can be filled to the last byte."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

_SIZE = "1g"


class Disk:
    """A tmpfs at ``folder``, which only root can mount."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def mount(self) -> str | None:
        """Mount it; why it cannot be, or None."""
        if os.geteuid() != 0:
            return "only root can mount a disk to fill"
        self.folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "buswatch-faults", str(self.folder)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        return done.stderr.strip() if done.returncode else None

    def fill(self) -> None:
        """Take all the room there is."""
        with self._ballast.open("wb") as ballast:
            for piece in (1 << 24, 1 << 20, 1 << 12):
                try:
                    while True:
                        os.posix_fallocate(ballast.fileno(), os.fstat(ballast.fileno()).st_size, piece)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def empty(self) -> None:
        """Give the room back; harmless when it was not taken."""
        self._ballast.unlink(missing_ok=True)

    def unmount(self) -> None:
        command = ["umount", str(self.folder)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
