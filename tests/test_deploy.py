"""The deployment examples for nginx and systemd work as written.

The example of Compose is read only: there are no containers to try it with.
"""

import json
import re
import shutil
import subprocess
import sys

import httpx
import pytest
import yaml

from conftest import ROOT
from patience import HANG_MS
from qa.settings import Settings
from qa.web.ui.widget import integrity
from serving import DEPLOY, free_port, indexed, nginx, serving, tool

QUESTION = "what are the main considerations behind the Opinions"
PUBLIC = "https://ask.example.org/record"


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """The address of nginx, and of the server behind it."""
    home = indexed(tmp_path_factory.mktemp("proxied"))
    front, back = free_port(), free_port()
    settings = {
        "port": back,
        "public_url": f"http://127.0.0.1:{front}/record",
        "trusted_proxies": ["127.0.0.1"],
        "questions_per_minute": 3,
        "security": {"contact": ["mailto:security@example.org"]},
    }
    folder = tmp_path_factory.mktemp("nginx")
    with serving(home, **settings) as server, nginx(folder, front, {7860: back}) as address:
        yield address, server


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.browser
def test_chat_document_page_and_widget_work_behind_nginx(proxied, chromium):
    address, _ = proxied
    page = chromium.new_page()
    failed, errors = [], []
    page.on(
        "response",
        lambda r: failed.append(r.url) if r.status >= 400 and r.url.startswith(address) else None,
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}/")
    page.fill("#qa-question textarea", QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector("#qa-chat .qa-citation", timeout=HANG_MS)
    with page.context.expect_page() as opened:
        page.locator("#qa-chat .qa-links a").first.click()
    assert opened.value.url.startswith(f"{address}/documents/")
    assert opened.value.locator("mark#passage").count() == 1
    opened.value.close()
    page.goto(f"{address}/widget")
    page.locator("press-qa button.launch").click()
    page.locator("press-qa textarea").fill(QUESTION)
    page.keyboard.press("Enter")
    link = page.locator("press-qa article .links a").first
    assert link.get_attribute("href").startswith(f"{address}/documents/")
    page.close()
    assert (failed, errors) == ([], [])


@pytest.mark.slow
@pytest.mark.server
def test_clients_are_distinguished_by_the_headers_of_nginx_alone(proxied):
    address, server = proxied
    body = {"json": {"question": "who issued the document?"}}
    # The visitor's own word on who he is does not help him: nginx puts his address in its place.
    statuses = [
        httpx.post(f"{address}/api/v1/ask", headers={"X-Forwarded-For": f"192.0.2.{n}"}, **body)
        for n in range(4)
    ]
    assert statuses[-1].status_code == 429
    # But what the proxy says is taken.
    other = {"X-Forwarded-For": "198.51.100.7"}
    assert httpx.post(f"{server}/api/v1/ask", headers=other, **body).status_code == 200


@pytest.mark.slow
@pytest.mark.server
def test_behind_nginx_links_carry_the_path_and_metrics_are_closed(proxied):
    address, server = proxied
    assert httpx.get(f"{address}/metrics").status_code == 403
    script = httpx.get(f"{address}/widget.js?v=1")
    assert script.status_code == 200
    assert integrity(1) in httpx.get(f"{address}/widget").text
    page = httpx.get(f"{address}/documents/none")
    assert page.status_code == 404
    assert 'href="/record/en/"' in page.text
    assert httpx.get(address).headers["location"].endswith("/record/")
    assert httpx.get(f"{server}/healthz", headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.slow
@pytest.mark.server
def test_behind_nginx_the_root_of_the_host_serves_security_txt(proxied):
    root = proxied[0].removesuffix("/record")
    answer = httpx.get(f"{root}/.well-known/security.txt")
    assert answer.status_code == 200
    assert answer.text.startswith("Contact: mailto:security@example.org\nExpires: ")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["press-qa.service", "press-qa-update.service", "press-qa-update.timer"]
)
def test_systemd_understands_the_units(tmp_path, name):
    for path in DEPLOY.glob("press-qa*"):
        text = path.read_text("utf-8").replace("/opt/press-qa/.venv/bin/qa", sys.executable)
        (tmp_path / path.name).write_text(text, "utf-8")
    done = subprocess.run(
        [tool("systemd-analyze", "systemd"), "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.split("\n") if "press-qa" in line]
    assert ours == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unit", "left"),
    [
        ("press-qa.service", []),
        ("press-qa-update.service", ["IPAddressDeny", "SystemCallFilter_resources"]),
    ],
)
def test_a_unit_is_left_its_sockets_and_little_else(tmp_path, unit, left):
    shutil.copy(DEPLOY / unit, tmp_path)
    analyze = [tool("systemd-analyze", "systemd"), "security", "--offline=true", "--json=short"]
    done = subprocess.run(
        [*analyze, unit],
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=True,
    )
    tests = json.loads(done.stdout)
    heavy = [test["json_field"] for test in tests if float(test["exposure"] or 0) >= 0.2]
    assert sorted(heavy) == sorted(
        ["PrivateNetwork", "RestrictAddressFamilies_AF_INET_INET6", *left]
    )


def lines_of(unit):
    """Return the values of each name in the [Service] section of a unit."""
    settings = {}
    text = (DEPLOY / unit).read_text("utf-8").partition("[Service]")[2].partition("[Install]")[0]
    for name, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
        settings.setdefault(name, []).append(value)
    return settings


def test_the_unit_denies_outgoing_connections_and_devices():
    lines = lines_of("press-qa.service")
    assert (lines["IPAddressDeny"], lines["IPAddressAllow"]) == (["any"], ["localhost"])
    assert (lines["PrivateDevices"], lines["DevicePolicy"]) == (["yes"], ["closed"])
    port = Settings.model_fields["port"].default
    assert (lines["SocketBindDeny"], lines["SocketBindAllow"]) == (["any"], [f"tcp:{port}"])


def test_the_update_may_not_ask_a_cloud_for_keys():
    assert lines_of("press-qa-update.service")["IPAddressDeny"] == ["link-local multicast"]


def test_each_line_of_a_unit_is_explained():
    units = {"S": lines_of("press-qa.service"), "U": lines_of("press-qa-update.service")}
    runs = "ExecStart WorkingDirectory User Type Environment CacheDirectory Restart RestartSec "
    runs += "KillSignal TimeoutStopSec"
    denying = {mark: lines.keys() - set(runs.split()) for mark, lines in units.items()}
    table = (ROOT / "docs" / "deploying.md").read_text("utf-8").partition("| line | denies |")[2]
    rows = re.findall(r"^\| ((?:`\w+=`(?:, )?)+)( [SU])? \| .+ \|$", table, re.MULTILINE)
    explained = {"S": set(), "U": set()}
    for names, mark in rows:
        for one in mark.strip() or "SU":
            explained[one] |= set(re.findall(r"\w+", names))
    assert explained["U"] - {"IPAddressAllow"} == denying["U"]
    assert explained["S"] == denying["S"]


def test_the_compose_example_names_settings_and_files_that_there_are(monkeypatch):
    # As Compose does: ${NAME:?} is a variable that has to be set.
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    text = re.sub(r"\$\{(\w+):\?\}", lambda match: {"PUBLIC_URL": PUBLIC}.get(match[1], "x"), text)
    assert "${" not in text
    compose = yaml.safe_load(text)
    services = compose["services"]
    for name, service in services.items():
        given = {k: v for k, v in service.get("environment", {}).items() if k.startswith("QA_")}
        with monkeypatch.context() as environment:
            for variable, value in given.items():
                environment.setenv(variable, value)
            settings = Settings.load()
        known = {f"QA_{field.upper()}" for field in Settings.model_fields}
        assert given.keys() <= known, name
        if given:
            assert (settings.engine, settings.milvus_uri) == ("milvus", "http://milvus:19530")
        for volume in service.get("volumes", ()):
            source, _, rest = volume.partition(":")
            there = source in compose["volumes"] or (DEPLOY / source).exists()
            assert there or source.startswith("./tls/"), name
            if source == "./nginx-several.conf":
                assert rest == "/etc/nginx/conf.d/default.conf:ro"
        assert set(service.get("depends_on", ())) <= services.keys()
        built = service.get("build", {}).get("dockerfile_inline", "")
        for copied in re.findall(r"COPY (.+) \S+$", built, re.MULTILINE):
            assert all((ROOT / file).exists() for file in copied.split())
    ports = {services[name]["environment"]["QA_PORT"] for name in ("one", "other")}
    upstream = (DEPLOY / "nginx-several.conf").read_text("utf-8")
    assert ports == set(re.findall(r"server 127\.0\.0\.1:(\d+)", upstream))
    assert {services[name]["network_mode"] for name in ("one", "other")} == {"service:nginx"}
