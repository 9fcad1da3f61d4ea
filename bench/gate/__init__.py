"""The benchmark of the gate: judges of canaries compared on simulated traffic."""
