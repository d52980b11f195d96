"""Numbers, days and names in an address may be anything: no such request is the server's fault."""

from urllib.parse import quote

import pytest

# What int(), a date, a path or a header chokes on: more digits than Python takes, digits of other
# scripts, what is a number for isdigit() but not for int(), weeks, lone surrogates.
VALUES = [
    "1" * 5_000,
    "-" + "1" * 5_000,
    "0" * 5_000 + "1",
    "²",
    "١",
    "1_0",
    "+1",
    "1e400",
    "nan",
    "-1",
    "\0",
    "%ED%A0%80",
    "2020-W01-1",
    "2020-13-45",
    "0000-00-00",
    "٢٠٢٠-01-01",
    "tea:1-2",
    f"tea:{'9' * 5_000}-{'9' * 5_001}",
    "0-3,0-" + "9" * 5_000,
    "../..",
    "é" * 300,
    "en;q=1e999",
    "{0.__class__}",
]
NAMES = {
    "/": ["language"],
    "/answer": ["q", "language", "previous", "snapshot", "since", "until", "section"],
    "/documents/tea": ["start", "end", "found", "later", "language"],
    "/widget": ["language"],
    "/widget.js": ["v"],
}


@pytest.fixture
def client(make_live, make_client):
    live = make_live({"tea": "Tea is hot."})
    return make_client(live, requests_per_minute=100_000, questions_per_minute=100_000)


@pytest.mark.parametrize("path", NAMES)
def test_no_value_of_a_parameter_breaks_the_server(client, path):
    found = {}
    for name in NAMES[path]:
        # What is asked and opened, so that the value is looked at; the last of a name counts.
        around = {"q": "tea", "start": "0", "end": "3"}
        rest = "&".join(f"{other}={value}" for other, value in around.items() if other != name)
        for value in VALUES:
            written = value if "%" in value else quote(value)
            address = f"{path}?{rest}&{name}={written}"
            found[address] = client.get(address, follow_redirects=False).status_code
    assert [address[:80] for address, status in found.items() if status >= 500] == []
    assert len(found) == len(NAMES[path]) * len(VALUES)


@pytest.mark.parametrize("path", ["/documents/", "/api/v1/documents/", "/style/", "/look/"])
def test_no_name_in_a_path_breaks_the_server(client, path):
    found = {v: client.get(path + quote(v, safe="%")).status_code for v in VALUES}
    assert [value[:40] for value, status in found.items() if status >= 500] == []


@pytest.mark.parametrize("version", ["1" * 5_000, "0" * 5_000 + "1", "²", "١", "+1", "1_0", " 1"])
def test_a_version_of_the_widget_that_is_no_number_is_gone(client, version):
    answer = client.get(f"/widget.js?v={quote(version)}")
    assert answer.status_code == 410
    assert answer.text.startswith(f"There is no version {version[:20]!r}; there are: 1")
    assert client.get("/widget.js?v=1").status_code == 200
