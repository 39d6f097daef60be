"""Fixtures of the end-to-end tests. They drive the program in $SALLYPORT_BUILD (build/release)."""
import contextlib

import pytest

from support.gateway import Gateway
from support.legacy_api import LegacyApi
from support.pki import Pki
from support.places import SALLYPORT
from support.provider import Provider
from support.upstreams import Upstream

JWT_BEGINS = "eyJhbGciOi"  # {"alg":, in base64url: even a part of a token may not show


def pytest_sessionstart(session):
    if not SALLYPORT.exists() and not session.config.option.collectonly:
        pytest.exit(f"{SALLYPORT} is missing: build it, or set SALLYPORT_BUILD", 2)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What the gateways said last belongs to the report of a failure: some come once in a year."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for gateway in Gateway.started:
            report.sections.append((f"gateway in {gateway.folder.name}", gateway.last_words()))


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def provider(tmp_path_factory, pki):
    running = Provider(tmp_path_factory.mktemp("provider"),
                       tls=["--tls", pki.folder, "--tls-client", "plaid-mtls-demo.plaid.com"])
    yield running
    running.stop()


@pytest.fixture(scope="session")
def legacy_api(tmp_path_factory):
    running = LegacyApi(tmp_path_factory.mktemp("api"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def secrets(pki):
    """What no gateway may ever say; token makers add themselves."""
    return [pki.private_lines]


@pytest.fixture(scope="session")
def bank(provider, secrets):
    """The provider, its tokens and its clients' secrets watched for in every gateway's output."""
    secrets.append(lambda: [JWT_BEGINS, *provider.tokens])
    secrets.append(provider.secrets)
    return provider


def maker(tmp_path_factory, pki, secrets, stack):
    def make(config, start=True, ready=True):
        gateway = Gateway(tmp_path_factory.mktemp("gateway"), config, pki,
                          lambda: (secret for source in secrets for secret in source()))
        stack.callback(gateway.stop)
        return gateway.start(ready) if start else gateway
    return make


@pytest.fixture(scope="module")
def make_gateway(tmp_path_factory, pki, secrets):
    """make_gateway(config) starts a gateway that lives as long as the file's tests."""
    with contextlib.ExitStack() as stack:
        yield maker(tmp_path_factory, pki, secrets, stack)


@pytest.fixture
def make_own_gateway(tmp_path_factory, pki, secrets):
    """The same for one test alone."""
    with contextlib.ExitStack() as stack:
        yield maker(tmp_path_factory, pki, secrets, stack)


@pytest.fixture(scope="module")
def module_upstream():
    running = Upstream()
    yield running
    running.stop()


@pytest.fixture
def upstream(module_upstream):
    """The file's scripted upstream, well behaved and with nothing received, until the test acts."""
    module_upstream.forget()
    yield module_upstream
    assert module_upstream.failures == []
