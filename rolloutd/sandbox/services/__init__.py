"""The services of the sandbox and the traffic between them.

They speak gRPC, which the daemon does not need: importing anything from here asks for it.
"""

from __future__ import annotations

import importlib.util

from rolloutd.errors import Refused

if importlib.util.find_spec("grpc") is None:
    raise Refused("The sandbox needs gRPC: pip install 'rolloutd[demo]'.")
