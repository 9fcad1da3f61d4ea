"""A way to the daemon through kubectl, which knows every kind of cluster login."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Final

from rolloutd.cli.remote.place import DEFAULT_NAMESPACE
from rolloutd.core.units import Seconds
from rolloutd.errors import Unavailable

PATIENCE: Final = Seconds(20.0)
"""Longest wait for kubectl: its credentials may have to be fetched first."""

GLANCE: Final = Seconds(0.05)

READY: Final = re.compile(r"^Forwarding from (127\.0\.0\.1:\d+) ->", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Which daemon of which cluster.

    Attributes:
        kubectl: The program and what picks the cluster: ``--kubeconfig``, ``--context``.
        namespace: Where the daemon runs.
        service: Name of its Service, and of its Lease.
    """

    kubectl: Sequence[str]
    namespace: str
    service: str


class Forward:
    """Implements ``Place`` by ``kubectl port-forward`` as a child process.

    The API server's proxy to services would need no child. It keeps the ``Authorization``
    header for itself, so that no token reached the daemon, and it does not reach a daemon that
    listens on its pod's loopback, which is the default.

    Args:
        rest: Waits so long.
    """

    def __init__(self, cluster: Cluster, rest: Callable[[Seconds], None]) -> None:
        self._cluster = cluster
        self._rest = rest
        self._child: subprocess.Popen[bytes] | None = None
        self._url = ""
        # Who listens for events asks in a thread of its own.
        self._turn = threading.RLock()

    def url(self) -> str:
        """Return the forwarded port, which is opened when it is first asked for.

        Raises:
            Unavailable: kubectl is not there, or finds no way.
        """
        with self._turn:
            if self._child is None or self._child.poll() is not None:
                self.close()
                self._url = self._opened()
            return self._url

    def namespace(self) -> str:
        """Return the namespace of the kubeconfig's context."""
        wanted = ("config", "view", "--minify", "-o", "jsonpath={..namespace}")
        return self._asked(*wanted) or DEFAULT_NAMESPACE

    def renew(self) -> None:
        """Forward anew: the pod may have gone, or lead no longer."""
        self.close()

    def close(self) -> None:
        """End the child."""
        with self._turn:
            if self._child is not None:
                self._child.terminate()
                self._child.wait()
                self._child = None

    def _opened(self) -> str:
        namespace = self._cluster.namespace
        # A file, not a pipe: kubectl writes a line a connection, and nobody reads them.
        with tempfile.TemporaryFile() as said:
            wanted = ("port-forward", "-n", namespace, "--address=127.0.0.1", self._target())
            child = self._child = subprocess.Popen(  # noqa: S603 - likewise
                self._command(*wanted, ":api"),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            waited = Seconds(0.0)
            while waited < PATIENCE:
                text = _read(said)
                if (found := READY.search(text)) is not None:
                    return f"http://{found.group(1)}"
                if child.poll() is not None:
                    raise self._lost(text)
                self._rest(GLANCE)
                waited = Seconds(waited + GLANCE)
        self.close()
        raise self._lost(f"no answer within {PATIENCE:g} s")

    def _target(self) -> str:
        """Return the pod that leads, where that may be known: another can't always ask it."""
        cluster = self._cluster
        wanted = ("get", "lease", cluster.service, "-n", cluster.namespace)
        holder = self._asked(*wanted, "-o", "jsonpath={.spec.holderIdentity}")
        pod = holder.rpartition("_")[0]
        return f"pod/{pod}" if pod else f"service/{cluster.service}"

    def _asked(self, *arguments: str) -> str:
        """Return what kubectl says; nothing where it fails."""
        try:
            done = subprocess.run(  # noqa: S603 - a program of the user's own choice
                self._command(*arguments),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""

    def _command(self, *arguments: str) -> Sequence[str]:
        program, *chosen = self._cluster.kubectl
        found = shutil.which(program)
        if found is None:
            raise Unavailable(
                f"There is no {program} to find the daemon by: name it by --server or"
                " ROLLOUTD_SERVER, or install kubectl."
            )
        return [found, *chosen, *arguments]

    def _lost(self, text: str) -> Unavailable:
        reason = text.strip().splitlines()[-1:] or ["it says nothing"]
        where = f"{self._cluster.namespace}/{self._cluster.service}"
        return Unavailable(
            f"kubectl finds no way to the Service {where}: {reason[0]}. Name another one by"
            " --service NAMESPACE/NAME, or the daemon's address by --server."
        )


def _read(file: IO[bytes]) -> str:
    return os.pread(file.fileno(), 1 << 16, 0).decode(errors="replace")
