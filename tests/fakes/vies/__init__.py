"""A VIES of our own: the REST API of the Union's register of VAT numbers. The standard library only.

In a test::

    site = ViesSite()
    with Server({"/vies": site}) as server:
        ...                                        # VIES_URL = f"{server.url}/vies"

Every number of a member state is in the register, but those that `forget(number)` takes out and, to try by hand, those
that end in 99. `fail_next("MS_UNAVAILABLE", times=…)` answers as VIES does when a member state is down, "500", "lost"
and "garbage" as networks do. `asked` has every question.
"""

from __future__ import annotations

from tests.fakes.vies.site import ViesSite

__all__ = ["ViesSite"]
