"""One way to the daemon: HTTP by the standard library, whose import is a tenth of aiohttp's."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

import rolloutd
from rolloutd.cli.remote.fields import Fields
from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Refused, Unavailable

if TYPE_CHECKING:
    from rolloutd.cli.remote.proxy import Proxy

PATIENCE: Final = Seconds(15.0)
"""Longest wait for an answer. The daemon gives an order 10 s to be confirmed."""

SILENCE: Final = Seconds(40.0)
"""Longest wait for the next event: there is a heartbeat every 15 s."""

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer; a thousand rollouts take about one million."""

HTTPS: Final = 443

NOTHING: Final[Mapping[str, str]] = {}

JSON_TYPES: Final = frozenset({"application/json", "application/problem+json"})


class Place(Protocol):
    """Where the daemon is."""

    def url(self) -> str:
        """Return its base URL, without a slash at the end.

        Raises:
            Unavailable: There is no way there at present.
        """
        ...

    def namespace(self) -> str:
        """Return which namespace is meant where none is named."""
        ...

    def renew(self) -> None:
        """Look for a way anew: the last one led nowhere."""
        ...

    def close(self) -> None:
        """Give up what the way takes."""
        ...


class ProblemError(Refused):
    """The daemon said no.

    Attributes:
        status: HTTP status.
        kind: What kind of problem, for programs.
        detail: A full sentence.
    """

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail


class LostError(Unavailable):
    """The request went out, and no answer came: it may or may not have been done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What we show, and whom we believe.

    Attributes:
        token_file: File with a bearer token, read anew for every request: it may be renewed.
        authority: PEM file of who signed the daemon's certificate; ``None`` for the system's.
    """

    token_file: Path | None = None
    authority: Path | None = None

    def token(self) -> str | None:
        """Return the token.

        Raises:
            Refused: The file can't be read, or holds none.
        """
        if self.token_file is None:
            return None
        try:
            token = self.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise Refused(f"--token-file {self.token_file}: {reason}.") from error
        if not token or len(token.split()) != 1:
            raise Refused(f"--token-file {self.token_file}: it has to hold one token alone.")
        return token


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back.

    Attributes:
        told: When, by the daemon's own clock; ``None`` when it did not say.
    """

    form: object
    told: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked."""

    path: str
    method: str = "GET"
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Link:
    """Asks the daemon. Each request has its own connection: they are few.

    Args:
        place: Where it is.
        trust: What we show, and whom we believe.
        environment: Names the proxies in between, if there are any.
    """

    def __init__(
        self, place: Place, trust: Trust, environment: Mapping[str, str] = NOTHING
    ) -> None:
        self.place = place
        self._trust = trust
        self._environment = environment

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        patience: Seconds = PATIENCE,
    ) -> Answer:
        """Send a request and return the answer; none is waited for longer than ``patience``.

        Raises:
            LostError: It was sent, and the answer did not come, or not whole.
            Unavailable: Nobody is there, or nobody who makes sense.
            ProblemError: The daemon said no.
            Refused: The token can't be read.
        """
        request = Request(method=method, path=path, body=body, headers=headers or {})
        with self._sent(request, patience) as response:
            try:
                text = response.read(LARGEST)
            except (OSError, http.client.HTTPException) as error:
                raise LostError(_broken(self.place.url())) from error
            return self._understood(response, text)

    @contextmanager
    def listen(self, path: str, headers: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        """Begin to follow an event stream; yield its lines as they come.

        Raises:
            Unavailable: No answer, or the stream broke off, or fell silent.
            ProblemError: The daemon said no.
            Refused: The token can't be read.
        """
        with self._sent(Request(path=path, headers=headers), SILENCE) as response:
            if response.headers.get_content_type() != "text/event-stream":
                self._understood(response, response.read(LARGEST))
                raise Unavailable(_foreign(self.place.url(), response))
            yield self._lines(response)

    def _lines(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        try:
            while line := response.readline(LARGEST):
                yield line
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(_broken(self.place.url())) from error

    @contextmanager
    def _sent(self, request: Request, patience: Seconds) -> Iterator[http.client.HTTPResponse]:
        base = self.place.url()
        proxy = self._proxy(base)
        connection = self._connection(base, patience, proxy)
        target = urlsplit(base).path + request.path
        data = None if request.body is None else json.dumps(request.body).encode()
        headers = {**self._headers(), **request.headers}
        if data is not None:
            headers["Content-Type"] = "application/json"
        try:
            try:
                connection.connect()
            except (OSError, http.client.HTTPException) as error:
                raise Unavailable(_away(base, error, proxy)) from error
            if proxy is not None and base.startswith("http:"):
                # A proxy is told the whole address; through a tunnel it sees none.
                target, headers = base + request.path, {**headers, **proxy.headers}
            try:
                connection.request(request.method, target, data, headers)
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise LostError(_away(base, error, proxy)) from error
            yield response
        finally:
            connection.close()

    def _proxy(self, base: str) -> Proxy | None:
        if not any(name.lower().endswith("_proxy") for name in self._environment):
            return None
        from rolloutd.cli.remote.proxy import proxy_for  # noqa: PLC0415 - few have one

        return proxy_for(base, self._environment)

    def _connection(
        self, base: str, patience: Seconds, proxy: Proxy | None
    ) -> http.client.HTTPConnection:
        parts = urlsplit(base)
        host, port = parts.hostname or "", parts.port
        first = (host, port) if proxy is None else (proxy.host, proxy.port)
        if parts.scheme == "http":
            return http.client.HTTPConnection(*first, timeout=patience)
        import ssl  # noqa: PLC0415 - most servers are on loopback, without TLS

        authority = self._trust.authority
        try:
            context = ssl.create_default_context(cafile=authority)
        except OSError as error:
            raise Refused(f"--ca-file {authority}: it holds no certificate.") from error
        connection = http.client.HTTPSConnection(*first, timeout=patience, context=context)
        if proxy is not None:
            connection.set_tunnel(host, port or HTTPS, headers=proxy.headers)
        return connection

    def _headers(self) -> dict[str, str]:
        # The last one: callers known by what their browser sends unasked need it for orders.
        headers = {
            "Accept": "application/json, text/event-stream",
            "User-Agent": f"rolloutd/{rolloutd.__version__}",  # for the audit trail
            "X-Rolloutd": "1",
        }
        token = self._trust.token()
        return headers if token is None else {**headers, "Authorization": f"Bearer {token}"}

    def _understood(self, response: http.client.HTTPResponse, text: bytes) -> Answer:
        base = self.place.url()
        if response.headers.get_content_type() not in JSON_TYPES:
            raise Unavailable(_foreign(base, response))
        try:
            form: object = json.loads(text)
        except ValueError as error:
            raise Unavailable(_broken(base)) from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise self._refusal(response.status, form)
        return Answer(form=form, told=_date(response.headers.get("Date")))

    def _refusal(self, status: int, form: object) -> ProblemError:
        fields = Fields(form)
        kind = fields.text("type").rpartition(":")[2]
        detail = fields.text("detail") or fields.text("title") or f"The answer is {status}."
        return ProblemError(status, kind, detail + self._remedy(status))

    def _remedy(self, status: int) -> str:
        file = self._trust.token_file
        match status:
            case HTTPStatus.UNAUTHORIZED if file is None:
                return " Give one by --token-file or ROLLOUTD_TOKEN_FILE."
            case HTTPStatus.UNAUTHORIZED:
                return f" The one in {file} is not known, or has expired."
            case _:
                return ""


def _date(written: str | None) -> Instant | None:
    try:
        return None if written is None else Instant(parsedate_to_datetime(written).timestamp())
    except ValueError:
        return None


def _away(base: str, error: Exception, proxy: Proxy | None) -> str:
    """Say why there is no answer, and what would help."""
    words = _away_directly(base, error)
    by = f" Asked by way of the proxy {proxy}: NO_PROXY makes exceptions."
    return words if proxy is None else words + by


def _away_directly(base: str, error: Exception) -> str:
    reason = " ".join(str(error).split())[:80] or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    if isinstance(error, TimeoutError):
        return f"{base} does not answer. Is the daemon there (--server), and a way to it?"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        why = getattr(error, "verify_message", "") or reason
        return (
            f"The certificate of {base} is not trusted: {why}. Name its authority: --ca-file."
        )
    if isinstance(error, http.client.HTTPException) or "WRONG_VERSION_NUMBER" in str(error):
        return f"{base} does not speak as it should ({reason}): http:// or https://?"
    return f"{base} can't be reached: {reason}. Is the daemon running, and --server right?"


def _broken(base: str) -> str:
    return f"The answer of {base} broke off. Try again."


def _foreign(base: str, response: http.client.HTTPResponse) -> str:
    kind = response.headers.get_content_type()
    what = f"{base} answers {response.status} with {kind}, which the daemon never does"
    if location := response.headers.get("Location"):
        what = f"{base} sends us to {location}, which the daemon never does"
    return f"{what}: is --server its API, or a proxy or a login page in front of it?"
