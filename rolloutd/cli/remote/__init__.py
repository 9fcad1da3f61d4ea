"""Commands that ask a running daemon over HTTP.

Nothing here imports the daemon, its API or its libraries: ``rolloutd get`` is typed often, and
what is imported is what takes time.
"""
