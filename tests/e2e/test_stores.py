"""Stores on disk: a missing one is no first start unless somebody says so, what each holds is said at
the start, and they are made, checked, copied and restored by the command line."""
import base64
import os
import shutil
import subprocess

import pytest

from support import settings
from support.gateway import SALLYPORT, sallyport
from support.issuer import Issuer
from support.rawtls import RawClient
from support.waiting import wait_until


@pytest.fixture(scope="module")
def issuer():
    running = Issuer("k1").start()
    yield running
    running.stop()


@pytest.fixture
def config(pki, issuer, upstream, tmp_path):
    config = settings.of_issuer(pki, issuer, upstream.server)
    config["environment"] = "production"
    config["modules"]["bearer"]["key_ledger"] = str(tmp_path / "keys")
    config["modules"]["revocation"] = {"store": {"path": str(tmp_path / "revocations")}}
    config["routes"][0]["policies"]["revocation"] = None
    for entry in config["listeners"][0]["tls"]["certificates"]:
        entry["insecure_skip_chain_check"] = True
    return config


@pytest.fixture
def gateway(make_own_gateway, config):
    return make_own_gateway(config, start=False)


@pytest.fixture
def store(gateway):
    """store(verb, ...) is `sallyport store` for the gateway's configuration."""
    return lambda verb: sallyport("store", verb, "-c", gateway.file)


def fails_to_start(gateway):
    ended = subprocess.run([SALLYPORT, "run", "-c", gateway.file], capture_output=True, text=True,
                           timeout=30)
    assert ended.returncode == 1
    return ended.stderr


def status(gateway, token):
    with RawClient(gateway) as client:
        return client.ask(settings.ACCOUNTS, more=f"Authorization: Bearer {token}\r\n").status


def start_with_a_revocation(gateway, store, issuer):
    """Returns the token that is revoked; the gateway has stopped again."""
    assert store("init").returncode == 0
    gateway.start()
    token = issuer.token("k1", jti="gone")
    assert status(gateway, token) == 200
    assert gateway.cli("revoke", "jti", "gone", "--issuer", issuer.issuer).returncode == 0
    assert status(gateway, token) == 401
    gateway.stop()
    return token


def test_a_first_start_has_to_be_said(gateway, store, tmp_path):
    said = fails_to_start(gateway)
    for name in ("keys", "revocations"):
        assert f"the store {tmp_path / name} is missing or empty" in said
        assert not (tmp_path / name).exists()
    assert "store init" in said and "--new-store" in said
    checked = sallyport("check", "-c", gateway.file)
    assert checked.returncode == 1 and "is missing or empty" in checked.stderr
    made = store("init")
    assert made.returncode == 0 and made.stdout.count(": made") == 2
    assert store("init").stdout.count(": is there already") == 2
    assert sallyport("check", "-c", gateway.file).returncode == 0
    gateway.start()
    assert {line["message"] for line in gateway.log() if line["event"] == "store"} == {
        f"{tmp_path / name}: 0 entries" for name in ("keys", "revocations")}


def test_new_store_is_the_same_in_one_step(gateway):
    process = subprocess.Popen([SALLYPORT, "run", "--new-store", "-c", gateway.file],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(gateway.is_ready, "it serves")
    finally:
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.parametrize("lose", [
    lambda folder: shutil.rmtree(folder),
    lambda folder: (folder / "data.mdb").unlink(),
    lambda folder: os.truncate(folder / "data.mdb", 0),
], ids=["a volume that is not mounted", "no file", "a file emptied by a power cut"])
def test_a_lost_store_is_no_first_start(gateway, store, issuer, tmp_path, lose):
    token = start_with_a_revocation(gateway, store, issuer)
    kept = tmp_path / "kept"
    shutil.copytree(tmp_path / "revocations", kept)
    lose(tmp_path / "revocations")
    assert f"the store {tmp_path / 'revocations'} is missing or empty" in fails_to_start(gateway)
    assert store("check").returncode == 1
    shutil.rmtree(tmp_path / "revocations", ignore_errors=True)
    shutil.copytree(kept, tmp_path / "revocations")
    gateway.start()
    assert status(gateway, token) == 401
    assert any(line["message"].endswith("revocations: 1 entries") for line in gateway.log()
               if line["event"] == "store")


def test_a_reload_makes_no_store_unasked(gateway, store, config, tmp_path):
    assert store("init").returncode == 0
    gateway.start()
    config["modules"]["revocation"]["store"]["path"] = str(tmp_path / "elsewhere")
    ended = gateway.reload(config)
    assert ended.returncode == 1 and "elsewhere is missing or empty" in ended.stdout + ended.stderr
    assert not (tmp_path / "elsewhere").exists()


def copy_of(folder):
    ended = sallyport("store", "export", folder)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def restore(folder, text):
    return subprocess.run([SALLYPORT, "store", "import", folder], input=text, capture_output=True,
                          text=True, timeout=30)


def test_a_copy_restores_what_was_revoked(gateway, store, issuer, tmp_path):
    token = start_with_a_revocation(gateway, store, issuer)
    copy = copy_of(tmp_path / "revocations")
    assert copy.startswith("sallyport-store 1\n") and copy.endswith("\nend 1\n")
    assert restore(tmp_path / "revocations", copy).returncode == 1  # it is not empty
    shutil.rmtree(tmp_path / "revocations")
    assert restore(tmp_path / "revocations", copy).returncode == 0
    assert copy_of(tmp_path / "revocations") == copy
    gateway.start()
    assert status(gateway, token) == 401


@pytest.mark.parametrize("spoil, says", [
    (lambda copy: "", "line 1"),
    (lambda copy: copy[:copy.rindex("end")], "ends before its last line"),
    (lambda copy: copy.replace("end 1", "end 2"), "1 entries came before it"),
    (lambda copy: copy.replace("\nend", "\nnot base64!\nend"), "not a key and a value"),
    (lambda copy: copy.replace("sallyport-store 1", "sallyport-store 9"), "line 1"),
], ids=["empty", "cut short", "wrong number", "not base64", "another format"])
def test_a_copy_that_is_not_whole_is_refused(gateway, store, issuer, tmp_path, spoil, says):
    start_with_a_revocation(gateway, store, issuer)
    ended = restore(tmp_path / "new", spoil(copy_of(tmp_path / "revocations")))
    assert ended.returncode == 1 and says in ended.stderr


def test_the_older_format_is_for_a_step_back(gateway, store, issuer, tmp_path):
    token = start_with_a_revocation(gateway, store, issuer)
    new, older = tmp_path / "revocations", tmp_path / "older"
    assert sallyport("store", "export", new, "--older", older).returncode == 0
    copy = copy_of(new)
    value = base64.urlsafe_b64decode(copy.splitlines()[1].split()[1] + "==")
    octets = (older / "data.mdb").read_bytes()
    assert value in octets and b"sallyport.format" not in octets
    shutil.rmtree(new)
    shutil.move(older, new)
    gateway.start()  # which rewrites it
    assert status(gateway, token) == 401
    gateway.stop()
    assert copy_of(new) == copy


def test_check_reads_every_entry_and_leaves_a_running_gateway_alone(gateway, store, issuer, tmp_path):
    start_with_a_revocation(gateway, store, issuer)
    good = store("check")
    assert good.returncode == 0 and "revocations: good: 1 entries" in good.stdout
    gateway.start()
    assert store("check").stdout.count("a gateway has it open") == 2
    assert sallyport("store", "export", tmp_path / "revocations").returncode == 1
    gateway.stop()
    file = tmp_path / "revocations" / "data.mdb"
    octets = bytearray(file.read_bytes())
    octets[octets.index(b"gone")] ^= 1
    file.write_bytes(octets)
    spoilt = store("check")
    assert spoilt.returncode == 1 and "checksum" in spoilt.stderr
    assert str(tmp_path / "revocations") in spoilt.stderr


def test_the_register_of_certificates_is_kept_in_memory_when_its_file_is_damaged(
        make_own_gateway, pki, upstream, tmp_path):
    folder = tmp_path / "register"
    folder.mkdir(mode=0o700)
    (folder / "data.mdb").write_bytes(b"\0" * 16384)
    config = settings.open_to_all(pki, upstream.server, certificate_register={"path": str(folder)})
    gateway = make_own_gateway(config)
    problem = gateway.event("problem")["message"]
    assert "certificate register is kept in memory only" in problem and str(folder) in problem
    with RawClient(gateway) as client:
        assert client.ask("/").status == 200
    assert (folder / "data.mdb").read_bytes() == b"\0" * 16384


def test_the_folder_of_the_admin_socket_is_made(make_own_gateway, pki, upstream, tmp_path):
    config = settings.open_to_all(pki, upstream.server)
    gateway = make_own_gateway(config, start=False)
    folder = tmp_path / "run"
    text = gateway.file.read_text().replace(str(gateway.socket), str(folder / "admin.sock"))
    gateway.file.write_text(text)
    gateway.socket = folder / "admin.sock"
    assert sallyport("check", "-c", gateway.file).returncode == 0
    gateway.start()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert gateway.event("folder_made")["message"] == str(folder)
    assert gateway.cli("status").returncode == 0
