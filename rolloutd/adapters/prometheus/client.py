"""Asks Prometheus instant queries, and turns its moods into ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import aiohttp
import orjson

from rolloutd.core.units import Instant, Seconds
from rolloutd.errors import Unavailable

_INLINE = 64 << 10
"""Answers up to this many bytes are parsed on the event loop, in about a millisecond."""

_REGEX_ESCAPES = {ord(operator): f"\\{operator}" for operator in r"\.+*?()|[]{}^$"}
_LABEL_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What questions to Prometheus may cost.

    Attributes:
        deadline: For one answer, waiting for a turn included; below any sampling interval.
        body: Most bytes of one answer. Buckets of 200 arms on ten instances are 20 MB.
        at_once: Questions under way at one time; Prometheus runs 20 by default, for everyone.
        stale_after: Age at which what an instance last told Prometheus is no news any more:
            two and a half scrapes at Prometheus' default interval of a minute.
    """

    deadline: Seconds = Seconds(4.0)
    body: int = 64 << 20
    at_once: int = 6
    stale_after: Seconds = Seconds(150.0)


@dataclass(frozen=True, slots=True)
class Row:
    """One element of an instant vector.

    Attributes:
        at: When Prometheus evaluated it, by its own clock, Unix seconds.
    """

    labels: Mapping[str, str]
    value: float
    at: float


class PrometheusClient:
    """Asks one Prometheus.

    Args:
        session: Not closed here; carries headers for authentication where those are needed.
        url: Base URL, without ``/api/v1``.
        limits: What questions may cost.
        as_of: The moment that questions are about; ``None`` for the present one.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        limits: Limits,
        as_of: Callable[[], Instant] | None = None,
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._limits = limits
        self._as_of = as_of
        self._turn = asyncio.Semaphore(limits.at_once)

    async def query(self, expression: str) -> Sequence[Row]:
        """Return an instant vector; a scalar is a vector of one element without labels.

        The question is sent as a form, because hundreds of names do not fit into a URL.

        Raises:
            Unavailable: No answer in time, or not a whole one; says who, and what it said.
        """
        with _translated(self._url, self._limits.deadline):
            async with asyncio.timeout(self._limits.deadline), self._turn:
                body = await self._post(expression)
            if len(body) <= _INLINE:
                return _rows(body)
            return await asyncio.to_thread(_rows, body)

    async def _post(self, expression: str) -> bytes:
        timeout = f"{self._limits.deadline:g}s"  # so that a query we gave up does not run on
        question = {"query": expression, "timeout": timeout}
        if self._as_of is not None:
            question["time"] = f"{self._as_of():.3f}"
        async with self._session.post(
            f"{self._url}/api/v1/query",
            data=question,
            allow_redirects=False,
        ) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > self._limits.body:
                    raise Unavailable(f"sent more than {self._limits.body >> 20} MiB")
            if response.status != 200 and response.content_type != "application/json":
                raise Unavailable(f"answered HTTP {response.status}")
            return bytes(body)


def matching(names: Sequence[str]) -> str:
    """Return a PromQL string that matches exactly these names as a regular expression.

    Only operators are escaped. Prometheus looks plain alternatives up in its index instead of
    trying the expression on every value, and one escape too many forbids it that.
    """
    return quoted("|".join(name.translate(_REGEX_ESCAPES) for name in names))


def quoted(text: str) -> str:
    """Return a PromQL string literal."""
    return f'"{text.translate(_LABEL_ESCAPES)}"'


def _rows(body: bytes) -> Sequence[Row]:
    answer: object = orjson.loads(body)
    if not isinstance(answer, dict):
        raise TypeError("its answer is no JSON object")
    if answer.get("status") != "success":
        raise Unavailable(f"says: {answer.get('error') or 'nothing of use'}")
    if warnings := answer.get("warnings"):
        # A part of the data is missing, and nobody can say which arm's.
        raise Unavailable(f"warns: {'; '.join(str(warning) for warning in warnings)}")
    data = answer["data"]
    match data["resultType"]:
        case "vector":
            return [_row(element["metric"], element["value"]) for element in data["result"]]
        case "scalar":
            return [_row({}, data["result"])]
        case other:
            raise Unavailable(f"answers with a {other}, where one value per series is wanted")


def _row(metric: object, value: object) -> Row:
    if not isinstance(metric, dict) or not isinstance(value, list):
        raise TypeError("its vector has elements of another form")
    at, number = value
    return Row(cast("dict[str, str]", metric), float(number), float(at))


@contextmanager
def _translated(url: str, deadline: Seconds) -> Iterator[None]:
    """Let no foreign exception past this line, and name Prometheus in every reason."""
    try:
        yield
    except Unavailable as exc:
        raise Unavailable(f"Prometheus at {url} {exc}.") from exc
    except TimeoutError as exc:
        reason = f"Prometheus at {url} did not answer within {deadline:g} s."
        raise Unavailable(reason) from exc
    except (aiohttp.ClientError, OSError) as exc:
        reason = f"Prometheus at {url} could not be asked: {str(exc) or type(exc).__name__}."
        raise Unavailable(reason) from exc
    except (ValueError, TypeError, LookupError, AttributeError) as exc:
        reason = f"Prometheus at {url} sent an answer that is not its API's: {exc}."
        raise Unavailable(reason) from exc
