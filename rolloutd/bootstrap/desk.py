"""The operator's desk: who may use the control API, and what it works with."""

from __future__ import annotations

from typing import assert_never

from rolloutd.api.control.access import LOOPBACK, Access, Local, TokenFile
from rolloutd.errors import Refused
from rolloutd.settings import ApiSettings, NoLogin, TokenLogin


def access_of(settings: ApiSettings) -> Access:
    """Return who decides who is asking.

    Raises:
        Refused: No login is asked of anybody on an address that others can reach; or the
            tokens can't be read.
    """
    match settings.login:
        case NoLogin() if settings.host not in LOOPBACK:
            raise Refused(
                f"--api-host {settings.host}: whoever can connect could move traffic; "
                "give --api-tokens FILE, or listen on 127.0.0.1"
            )
        case NoLogin():
            return Local()
        case TokenLogin(file=file):
            return TokenFile(file)
        case never:
            assert_never(never)
