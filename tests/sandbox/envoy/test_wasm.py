"""The plug-in is a WebAssembly module; that Envoy takes it, tests of the metrics show."""

from __future__ import annotations

from rolloutd.sandbox.envoy.wasm import plugin


def test_the_plugin_is_a_module_of_version_1_with_what_envoy_looks_for() -> None:
    """Envoy would refuse to start without any of the exports."""
    module = plugin()

    assert module.startswith(b"\x00asm\x01\x00\x00\x00")
    for export in (b"memory", b"malloc", b"proxy_abi_version_0_2_1"):
        assert bytes([len(export)]) + export in module


def test_sections_fill_the_module_to_the_end() -> None:
    """A length that is off by one shifts everything after it."""
    module, at, numbers = plugin(), 8, []
    while at < len(module):
        numbers.append(module[at])
        at += 2 + module[at + 1]

    assert at == len(module)
    assert numbers == [1, 3, 5, 7, 10]
