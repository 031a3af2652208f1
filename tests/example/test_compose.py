import re

import pytest
import yaml

from tests.example.conftest import EXAMPLE, NAMES, ROOT, require

INFRA = EXAMPLE / "infra"
FILES = {name: INFRA / name / f"docker-compose.{name}.yaml" for name in ("dev", "prod")}


@pytest.fixture(params=FILES)
def kind(request):
    return request.param


@pytest.fixture
def compose(kind):
    return yaml.safe_load(FILES[kind].read_text())


def test_follows_the_compose_specification(kind):
    try:
        from compose_spec import PyCompose
    except ImportError:
        require(False, "compose-spec is not installed: pip install compose-spec")
    services = PyCompose.from_yaml(FILES[kind].read_text()).to_dict()["services"]
    assert set(services) == {"db", "redis", "backend", "nginx"}


def test_a_misspelt_key_would_be_noticed():
    compose_spec = pytest.importorskip("compose_spec")
    with pytest.raises(ValueError, match="imag"):
        compose_spec.PyCompose.from_yaml("services: {db: {imag: postgres}}")


def test_only_nginx_is_reachable_from_outside(compose):
    open_services = {name for name, service in compose["services"].items() if service.get("ports")}
    assert open_services == {"nginx"}
    assert compose["networks"]["data"] == {"internal": True}
    for name in ("db", "redis"):
        assert compose["services"][name]["networks"] == ["data"]


def test_every_service_has_a_health_check_and_an_order(compose):
    services = compose["services"]
    dockerfile = (INFRA / "Dockerfile").read_text()
    for name, service in services.items():
        assert service.get("healthcheck") or (name == "backend" and "HEALTHCHECK" in dockerfile)
    healthy = {"condition": "service_healthy"}
    assert services["backend"]["depends_on"] == {"db": healthy, "redis": healthy}
    assert services["nginx"]["depends_on"] == {"backend": healthy}


def test_variables_come_from_env_file_and_known_names(compose):
    for name in ("db", "backend"):
        assert compose["services"][name]["env_file"] == "../../.env"
    own = compose["services"]["backend"]["environment"]
    assert own["TRUSTED_PROXIES"] == "1"
    assert own["REDIS_URL"] == "redis://redis:6379/0"
    assert set(own) <= set(NAMES)


def test_no_secret_is_written_down(kind):
    text = FILES[kind].read_text() + (INFRA / "Dockerfile").read_text()
    assert not re.search(r"(PASSWORD|SECRET_KEY)\s*[:=]\s*(?!only-while-building)\S", text)


def test_images_have_versions(compose):
    for service in compose["services"].values():
        assert "build" in service or re.search(r":\d", service["image"])


def test_mounted_and_copied_paths_exist(compose, kind):
    folder = FILES[kind].parent
    build = compose["services"]["backend"]["build"]
    assert (folder / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    for volume in compose["services"]["nginx"]["volumes"]:
        source = volume.split(":")[0]
        if source.endswith(".conf"):
            assert (folder / source).is_file()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (INFRA / "Dockerfile").read_text(), re.MULTILINE)
    for source in " ".join(copied).split():
        assert source == "README.md" or (ROOT / source).exists()


def test_image_gets_nothing_but_the_named_files():
    ignored = (INFRA / "Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert "**/.env" in rules[1:]
    assert "USER app" in (INFRA / "Dockerfile").read_text()
