"""TLS from mounted files, followed: a certificate is renewed without dropping anybody."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import TypeAlias

import structlog
from aiohttp import Fingerprint

from rolloutd.core.units import Seconds
from rolloutd.errors import Refused
from rolloutd.ports import Clock
from rolloutd.settings import TlsFiles

log = structlog.get_logger()

GLANCE = Seconds(10.0)
"""Time between two looks at the files. Certificates are renewed days before they end."""

Version: TypeAlias = tuple[tuple[int, int, int], ...]
"""Of both files: modification time, size and inode."""


class ServingTls:
    """A certificate to serve with.

    Connections that exist keep theirs; every later one gets what was read last. Files that do
    not fit together are logged and left alone: the certificate of before still serves.

    Attributes:
        context: For a server; it stays the same object.

    Raises:
        Refused: The files can't be used at the start.
    """

    def __init__(self, files: TlsFiles, clock: Clock) -> None:
        self._files = files
        self._clock = clock
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._version = _version(files)
        self.fingerprint = self._load()

    async def follow(self) -> None:
        """Read the files again whenever they change, until cancelled."""
        while True:
            await self._clock.sleep(GLANCE)
            self.refresh()

    def refresh(self) -> None:
        """Read the files again if they have changed."""
        version = _version(self._files)
        if version == self._version:
            return
        self._version = version
        try:
            self.fingerprint = self._load()
        except Refused as error:
            log.error("certificate_refused", error=str(error))  # noqa: TRY400 - a sentence
        else:
            log.info("certificate_read", path=str(self._files.certificate))

    def _load(self) -> Fingerprint:
        """Put the files to use; return by what the certificate is known."""
        files = self._files
        try:
            # Resolved: both from the same version of a mounted Secret.
            pair = files.certificate.resolve(strict=True), files.key.resolve(strict=True)
            # Tried elsewhere first: a pair that does not match would spoil what serves.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*pair)
            self.context.load_cert_chain(*pair)
            return _fingerprint(pair[0])
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
            where = f"{files.certificate} and {files.key}"
            raise Refused(f"{where} can't be used: {reason or 'no certificate'}") from None


def _fingerprint(certificate: Path) -> Fingerprint:
    """Return the fingerprint of the first certificate of a chain: the server's own."""
    text = certificate.read_text(encoding="ascii")
    end = "-----END CERTIFICATE-----"
    first = text[text.index("-----BEGIN CERTIFICATE-----") : text.index(end) + len(end)]
    return Fingerprint(hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).digest())


def _version(files: TlsFiles) -> Version:
    found = []
    for path in (files.certificate, files.key):
        try:
            stat = path.stat()
        except OSError:
            found.append((0, 0, 0))
        else:
            found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return tuple(found)
