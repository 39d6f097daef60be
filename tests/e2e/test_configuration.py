"""What `check` says of configurations; `run`, the schema and the examples agree with it."""
import json
import pathlib
import re
import shutil

import jsonschema
import pytest
import yaml

from support import settings
from support.gateway import sallyport
from support.places import ROOT

BAD_CONFIGS = sorted((pathlib.Path(__file__).parent / "bad_configs").glob("*.yaml"))
EXAMPLES = ["sallyport.yaml", "plaid.yaml"]


@pytest.fixture
def folder(tmp_path, pki):
    """A folder for a configuration, with the demo PKI in pki/."""
    (tmp_path / "pki").symlink_to(pki.folder)
    return tmp_path


# ---- mistakes

@pytest.fixture(params=BAD_CONFIGS, ids=lambda path: path.stem)
def bad_config(request, folder):
    """A configuration with mistakes; its first lines say what must be said of them (... is any)."""
    file = folder / request.param.name
    shutil.copy(request.param, file)
    expected = re.findall(r"^# expect: (.+)$", file.read_text(), re.MULTILINE)
    assert expected, f"{request.param} does not say what is expected"
    return file, expected


def test_check_names_every_mistake_with_its_place(bad_config):
    file, expected = bad_config
    ended = sallyport("check", "-c", file)
    assert ended.returncode == 1 and ended.stdout == ""
    for text in expected:
        line = f"{file}:{text}" if text[0].isdigit() else f"{file}: {text}"
        pattern = ".*".join(map(re.escape, line.split("...")))
        assert re.search(pattern, ended.stderr), f"{text}\nis not in\n{ended.stderr}"
    assert f"{file}: " in ended.stderr.splitlines()[-1]  # how many there are


def test_the_lines_that_are_told_instead_of_moved_options_are_good(folder):
    file = folder / "old.yaml"
    old = next(path for path in BAD_CONFIGS if path.stem == "oauth_moved").read_text()
    file.write_text(old)
    told = re.findall(r"`(\w+: \{.*?\})`", sallyport("check", "-c", file).stderr)
    grants, policies, server = told[0], told[1:3], told[3]
    inside = re.compile(r"modules: \{ oauth: \{ (.*) \} \}$")
    oauth = f"  oauth: {{ {inside.match(grants)[1]}, {inside.match(server)[1]} }}\n"
    new = re.sub(r" +grants: .*\n", oauth, old)
    new = re.sub(r"( +)revocation: \{ endpoint.*\n", "".join(rf"\1{line}\n" for line in policies), new)
    file.write_text(new.replace("/var/lib/sallyport/", ""))
    checked = sallyport("check", "-c", file).stderr
    assert "oauth" not in checked and "revocation" not in checked, checked + new


def test_run_refuses_what_check_refuses_in_the_same_words(bad_config):
    file, _ = bad_config
    checked, run = sallyport("check", "-c", file), sallyport("run", "-c", file)
    assert run.returncode == 1
    assert {json.loads(line)["event"] for line in run.stdout.splitlines()} == {"start_failed"}
    assert run.stderr.splitlines() == checked.stderr.splitlines()[:-1]


def test_a_file_that_is_not_there_is_named(tmp_path):
    for verb in ("check", "run"):
        ended = sallyport(verb, "-c", tmp_path / "none.yaml")
        assert ended.returncode == 1 and f"{tmp_path}/none.yaml" in ended.stderr


def test_no_value_of_a_secret_file_shows_in_what_check_says(folder, pki):
    """A key in the place of a certificate: the message names the file only."""
    file = folder / "files.yaml"
    shutil.copy(next(path for path in BAD_CONFIGS if path.stem == "files"), file)
    ended = sallyport("check", "-c", file)
    assert not any(line in ended.stderr for line in pki.private_lines())


@pytest.mark.parametrize("arguments", [[], ["chekc"], ["check", "--nonsense"], ["revoke"]])
def test_a_wrong_command_line_ends_with_2_and_help(arguments):
    ended = sallyport(*arguments)
    assert ended.returncode == 2 and "--help" in ended.stdout + ended.stderr


# ---- good configurations

def test_a_good_configuration_is_called_good(folder, pki):
    config = settings.open_to_all(pki, "127.0.0.1:8080")
    config["listeners"][0]["address"] = "127.0.0.1:8443"
    file = folder / "good.yaml"
    file.write_text(json.dumps(config).replace("null", "{}"))  # JSON is YAML, too
    ended = sallyport("check", "-c", file)
    assert ended.returncode == 0, ended.stderr
    assert f"{file}: good: 1 listeners, 1 routes, 1 upstreams" in ended.stdout


def test_strict_does_not_pass_warnings(folder, pki):
    config = settings.open_to_all(pki, "127.0.0.1:8080")
    config["listeners"][0]["address"] = "127.0.0.1:8443"
    key = folder / "readable.key"
    key.write_text(pki.key("server").read_text())
    key.chmod(0o644)
    for entry in config["listeners"][0]["tls"]["certificates"]:
        entry["key"] = str(key)
    file = folder / "warned.yaml"
    file.write_text(json.dumps(config).replace("null", "{}"))
    ended = sallyport("check", "-c", file)
    assert ended.returncode == 0 and "warning" in ended.stderr and str(key) in ended.stderr
    assert sallyport("check", "--strict", "-c", file).returncode == 3


def example(name, folder, pki):
    """An example of conf/ in `folder`, with certificates where it wants them."""
    tls = folder / "tls"
    tls.mkdir()
    for wanted, made in (("api", "server"), ("login", "server")):
        shutil.copy(pki.certificate(made), tls / f"{wanted}.pem")
        shutil.copy(pki.key(made), tls / f"{wanted}.key")
    for wanted in ("plaid-client-ca", "partners-ca"):
        shutil.copy(pki.certificate("client-ca"), tls / f"{wanted}.pem")
    file = folder / name
    text = (ROOT / "conf" / name).read_text()
    file.write_text(text.replace("/var/lib/sallyport", str(folder)).replace(
        "/run/sallyport", str(folder)))
    return file


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_good_without_a_warning(folder, pki, name, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(pki.server_ca))  # as if callers trusted the demo's CA
    file = example(name, folder, pki)
    made = sallyport("store", "init", "-c", file)
    assert made.returncode == 0, made.stderr
    ended = sallyport("check", "--strict", "-c", file)
    lines = ended.stderr.splitlines()
    assert ended.returncode == 0 and all(": note: " in line for line in lines), ended.stderr


# ---- the schema

@pytest.fixture(scope="module")
def schema():
    ended = sallyport("schema")
    assert ended.returncode == 0
    return json.loads(ended.stdout)


def problems(schema, document):
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    return [f"{error.json_path}: {error.message}"
            for error in validator(schema).iter_errors(document)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_valid_by_the_schema(schema, name):
    assert problems(schema, yaml.safe_load((ROOT / "conf" / name).read_text())) == []


def test_the_configurations_of_these_tests_are_valid_by_the_schema(schema, pki):
    config = settings.open_to_all(pki, "127.0.0.1:8080")
    config["listeners"][0]["address"] = "127.0.0.1:8443"
    assert problems(schema, config) == []


@pytest.mark.parametrize("stem", ["misspelt", "missing", "wrong_values", "no_mapping"])
def test_the_schema_refuses_what_it_can_know(schema, stem):
    file = next(path for path in BAD_CONFIGS if path.stem == stem)
    assert problems(schema, yaml.safe_load(file.read_text()))
