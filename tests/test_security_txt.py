"""``security.txt`` names the contacts for vulnerabilities (RFC 9116)."""

import datetime

import pytest

from qa.errors import SettingsError
from qa.settings import SecurityContact, Settings
from qa.web.server.security_txt import PATH, security_txt

DAY = datetime.date(2030, 12, 31)
MAIL = "mailto:security@example.org"


def test_without_the_setting_there_is_nothing(make_live, make_client):
    answer = make_client(make_live({"tea": "Tea is hot."})).get(PATH)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "There is nothing here."


def test_with_the_setting_it_is_served_as_plain_text(make_live, make_client):
    client = make_client(make_live({"tea": "Tea is hot."}), security={"contact": [MAIL]})
    before = datetime.datetime.now(datetime.UTC)
    answer = client.get(PATH)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert (list(fields), fields["Contact"]) == (["Contact", "Expires"], MAIL)
    ahead = datetime.datetime.fromisoformat(fields["Expires"]) - before
    assert datetime.timedelta(days=7) < ahead < datetime.timedelta(days=365)


def test_every_field_that_is_set_has_its_line():
    security = SecurityContact(
        contact=(MAIL, "https://example.org/report"),
        policy="https://example.org/policy",
        languages=("en", "zh-Hant"),
    )
    assert security_txt(security, "https://ask.example.org:8443/record", DAY) == (
        "Contact: mailto:security@example.org\n"
        "Contact: https://example.org/report\n"
        "Expires: 2031-01-30T00:00:00Z\n"
        "Preferred-Languages: en, zh-Hant\n"
        "Canonical: https://ask.example.org:8443/.well-known/security.txt\n"
        "Policy: https://example.org/policy\n"
    )


@pytest.mark.parametrize("address", [None, "http://ask.example.org"])
def test_an_address_without_tls_is_not_canonical(address):
    assert "Canonical" not in security_txt(SecurityContact(contact=(MAIL,)), address, DAY)


@pytest.mark.parametrize(
    "security",
    [
        {},
        {"contact": []},
        {"contact": ["security@example.org"]},
        {"contact": ["http://example.org"]},
        {"contact": [f"{MAIL}\nPolicy: https://evil.example"]},
        {"contact": [f"{MAIL}\r"]},
        {"contact": [MAIL], "policy": "http://example.org"},
        {"contact": [MAIL], "policy": "https://example.org\n"},
        {"contact": [MAIL], "languages": ["en\nContact: mailto:evil@example.org"]},
        {"contact": [MAIL], "languages": ["English please"]},
        {"contact": [MAIL], "expires": "2031-01-01"},
    ],
)
def test_values_that_the_file_cannot_hold_are_refused(security):
    with pytest.raises(SettingsError, match="security"):
        Settings.load(security=security)


def test_a_table_in_the_environment_is_json(monkeypatch):
    monkeypatch.setenv("QA_SECURITY", f'{{"contact": ["{MAIL}"]}}')
    assert Settings.load().security == SecurityContact(contact=(MAIL,))
    monkeypatch.setenv("QA_SECURITY", "{contact}")
    with pytest.raises(SettingsError, match="QA_SECURITY is not a table in JSON"):
        Settings.load()


def test_the_table_stands_in_the_file_under_its_name(tmp_path):
    config = tmp_path / "qa.toml"
    config.write_text(f'title = "Said"\n[security]\ncontact = ["{MAIL}"]\n', "utf-8")
    assert Settings.load(config).security == SecurityContact(contact=(MAIL,))
