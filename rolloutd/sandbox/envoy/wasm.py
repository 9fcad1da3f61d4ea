"""The smallest plug-in that Envoy accepts, for its side effect on names.

Envoy puts ``envoy_`` before every name in its Prometheus text, except under prefixes that were
registered as namespaces of their own. Loading any WebAssembly plug-in registers ``wasmcustom``;
Istio's own metrics have their names from there. This plug-in does nothing else.
"""

from __future__ import annotations

NAMESPACE = "wasmcustom"
"""Stats under this prefix keep their own names."""

_HEADER = b"\x00asm\x01\x00\x00\x00"

_NOTHING_TO_NOTHING = b"\x60\x00\x00"
_I32_TO_I32 = b"\x60\x01\x7f\x01\x7f"

_FUNCTION = b"\x00"
_MEMORY = b"\x02"

_RETURN_NOTHING = b"\x00\x0b"
_RETURN_1024 = b"\x00\x41\x80\x08\x0b"


def plugin() -> bytes:
    """Return a module with the exports that Envoy looks for: a memory, an ABI, an allocator."""
    return _HEADER + b"".join(
        (
            _section(1, [_NOTHING_TO_NOTHING, _I32_TO_I32]),  # types
            _section(3, [b"\x00", b"\x01"]),  # functions, by type
            _section(5, [b"\x00\x01"]),  # one memory of at least one page
            _section(
                7,
                [
                    _sized(b"memory") + _MEMORY + b"\x00",
                    _sized(b"proxy_abi_version_0_2_1") + _FUNCTION + b"\x00",
                    _sized(b"malloc") + _FUNCTION + b"\x01",
                ],
            ),
            _section(10, [_sized(_RETURN_NOTHING), _sized(_RETURN_1024)]),  # bodies
        )
    )


def _section(number: int, entries: list[bytes]) -> bytes:
    return bytes([number]) + _sized(bytes([len(entries)]) + b"".join(entries))


def _sized(content: bytes) -> bytes:
    return bytes([len(content)]) + content  # LEB128 of a number below 128 is one byte
