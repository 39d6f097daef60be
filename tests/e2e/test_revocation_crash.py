"""The embedded store of revocations under kill -9; tests/crash/run has many more cycles."""
from support.crashes import crash, routes_of


def test_no_acknowledged_revocation_is_lost(make_own_gateway, pki):
    gateway = make_own_gateway(routes_of(pki))
    assert crash(gateway, cycles=25, seed=25) > 100
