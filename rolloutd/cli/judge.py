"""``rolloutd judge``: the gate as a Unix filter."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import click
import orjson

from rolloutd.core.gate import Jury, hear, seat, verdicts
from rolloutd.core.gate.lines import (
    Brief,
    Fields,
    LineError,
    is_opening,
    read_opening,
    read_sample,
    write_verdict,
)


@click.command()
@click.option("--explain", is_flag=True, help="Add every gate's reason to each verdict.")
def judge(*, explain: bool) -> None:
    r"""Judge counts on standard input, one JSON object a line, one verdict a line.

    A stream begins with a line that names it and may tell its past:

    \b
      {"stream": "s", "interval": 5, "history": {"requests": 90000, "failures": 90}}
      {"stream": "s", "t": 5, "stable": {"requests": 238, "failures": 1},
       "canary": {"requests": 26, "failures": 0}, "weight": 10}

    An arm that is null was not read. Bad lines are answered with an error that names line
    and field; the rest goes on, and the exit status is 1 in the end.
    """
    bench = Bench(explain=explain)
    for answer in bench.answers(sys.stdin.buffer):
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()
    sys.exit(1 if bench.bad_lines else 0)


@dataclass(kw_only=True)
class Bench:
    """All streams that are being judged.

    Attributes:
        explain: Answers carry every gate's reason.
        bad_lines: How many lines could not be used.
    """

    explain: bool
    bad_lines: int = 0
    juries: dict[str, tuple[Brief, Jury]] = field(default_factory=dict)

    def answers(self, lines: Iterable[bytes]) -> Iterator[dict[str, object]]:
        """Answer each sample with a verdict and each bad line with an error."""
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                answer = self._answer(_object(line))
            except LineError as error:
                self.bad_lines += 1
                yield {"line": number, "field": error.field, "error": error.reason}
            else:
                if answer is not None:
                    yield answer

    def _answer(self, line: Fields) -> dict[str, object] | None:
        stream = line.text("stream")
        if is_opening(line):
            opening = read_opening(line)
            self.juries[stream] = opening.brief, seat(opening.brief, opening.history)
            return None
        if stream not in self.juries:
            raise LineError("stream", f"{stream!r} was not opened by a line without `t`")
        brief, jury = self.juries[stream]
        sample = read_sample(line, brief, jury.last)
        heard = hear(jury, sample)
        if heard is jury:
            raise LineError(
                "t", f"{sample.end:g} is late or a duplicate: {jury.last} was heard"
            )
        self.juries[stream] = brief, heard
        return write_verdict(stream, sample.end, verdicts(heard), explain=self.explain)


def _object(line: bytes) -> Fields:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise LineError("line", f"is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise LineError("line", "must be a JSON object")
    return Fields(value)
