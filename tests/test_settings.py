"""Settings come from the file, then the environment, then flags; mistakes are named."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from qa import QA
from qa.errors import SettingsError
from qa.index.build import EXACT_ROWS
from qa.settings import ANSWER_SETTINGS, INDEX_SETTINGS, OTHER_SETTINGS, Settings
from qa.sources.remote.fetch import FetchPolicy


def test_later_sources_win(tmp_path, monkeypatch):
    config = tmp_path / "qa.toml"
    config.write_text('port = 1\ntop_k = 5\ntitle = "File"\n', "utf-8")
    monkeypatch.setenv("QA_PORT", "2")
    monkeypatch.setenv("QA_TITLE", "Environment")
    settings = Settings.load(config, title="Flag", host=None)
    assert (settings.top_k, settings.port, settings.title) == (5, 2, "Flag")
    assert settings.host == "127.0.0.1"


def test_a_former_name_of_a_setting_is_taken_everywhere(tmp_path, monkeypatch):
    (tmp_path / "qa.toml").write_text('reader = "models/mine"', "utf-8")
    monkeypatch.chdir(tmp_path)
    assert Settings.load().reranker == "models/mine"
    monkeypatch.setenv("QA_RERANKER", "bundled")
    assert Settings.load().reranker == "bundled"
    monkeypatch.delenv("QA_RERANKER")
    monkeypatch.setenv("QA_READER", "off")
    assert Settings.load().reranker == "off"
    assert Settings.load(reader="models/another").reranker == "models/another"


def test_a_setting_by_both_its_names_is_refused(monkeypatch):
    monkeypatch.setenv("QA_READER", "off")
    monkeypatch.setenv("QA_RERANKER", "bundled")
    with pytest.raises(SettingsError, match="reader is the former name of reranker"):
        Settings.load()


def test_an_unknown_search_is_refused_when_the_record_is_opened(make_index, word_encoder):
    settings = Settings.load(index=make_index({"a": "Tea."}), searches=["guesses"], reranker="off")
    with pytest.raises(SettingsError, match="There is no search 'guesses'"):
        QA.configured(settings)


def test_the_limit_of_exact_search_is_the_one_that_indexing_has():
    assert Settings.model_fields["exact_rows"].default == EXACT_ROWS


def test_manners_are_by_default_what_the_settings_say():
    names = [field.name for field in fields(FetchPolicy) if field.name != "allow_private"]
    told = {name: Settings.model_fields[name].default for name in names}
    assert told == {name: getattr(FetchPolicy(), name) for name in names}


def test_the_file_is_found_where_the_command_runs(tmp_path, monkeypatch):
    (tmp_path / "qa.toml").write_text('index = "elsewhere"', "utf-8")
    monkeypatch.chdir(tmp_path)
    assert Settings.load().index == Path("elsewhere")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("prot = 1", "prot: Extra inputs are not permitted"),
        ("port = 70000", "port: Input should be less than or equal to 65535 (got 70000)"),
        ("port = ", "is not a TOML file"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path, content, why):
    config = tmp_path / "qa.toml"
    config.write_text(content, "utf-8")
    with pytest.raises(SettingsError) as refusal:
        Settings.load(config)
    assert why in str(refusal.value)


def test_an_unknown_variable_is_named_with_the_known_ones(monkeypatch):
    monkeypatch.setenv("QA_PROT", "1")
    with pytest.raises(SettingsError, match=r"QA_PROT. Known are: .*QA_PORT"):
        Settings.load()


def test_a_list_in_the_environment_is_json(monkeypatch):
    monkeypatch.setenv("QA_SEARCHES", '["words"]')
    assert Settings.load().searches == ("words",)
    monkeypatch.setenv("QA_SEARCHES", '["words"')
    with pytest.raises(SettingsError, match="QA_SEARCHES is not a list in JSON"):
        Settings.load()
    monkeypatch.setenv("QA_SEARCHES", "words")
    with pytest.raises(SettingsError, match=r"searches: Input should be a valid tuple"):
        Settings.load()


def test_a_named_file_that_is_missing_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="There is no settings file"):
        Settings.load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"accent": "blue"}, "not a colour like #1d4ed8"),
        ({"accent": "#ffcc00"}, "contrast of 1.5 to 1, 4.5 is needed"),
        ({"logo": "missing.svg"}, "not a file that ends in .svg or .png"),
        ({"links": [{"text": "x", "url": "javascript:alert(1)"}]}, "links.0.url"),
        ({"public_url": "https://a.example/x?y"}, "not an address like"),
        ({"allowed_origins": ["https://a.example/"]}, "is not an origin like"),
        ({"frame_ancestors": ["'self'; script-src *"]}, "is not an origin like"),
        ({"api_keys": ["secret"]}, "api_keys.0"),
        ({"trusted_proxies": ["nginx"]}, "trusted_proxies.0"),
        ({"contact": "two words"}, "contact: String should match pattern"),
        ({"contact": "a\r\nHost:b"}, "contact: String should match pattern"),
        ({"fetch_delay_s": -1}, "fetch_delay_s: Input should be greater than or equal to 0"),
        ({"fetch_timeout_s": 0}, "fetch_timeout_s: Input should be greater than 0"),
        (
            {"milvus_uri": "http://127.0.0.1"},
            "not an address like https://milvus.example.org:19530",
        ),
        ({"milvus_uri": "http://127.0.0.1:abc"}, "with its port"),
        ({"milvus_uri": "http://127.0.0.1:99999"}, "with its port"),
        ({"milvus_uri": "127.0.0.1:19530"}, "not an address like"),
        ({"milvus_uri": "http://127.0.0.1:19530/db"}, "not an address like"),
        ({"milvus_name": "press-qa"}, "not a name of letters, digits and _"),
        ({"max_redirects": 21}, "max_redirects: Input should be less than or equal to 20"),
    ],
)
def test_what_would_harm_a_page_or_be_unreadable_is_refused(given, told):
    with pytest.raises(SettingsError, match=re.escape(told)):
        Settings.load(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"limits_storage": "memory://sesame"},
        {"limits_storage": "redis://:se/same@127.0.0.1:6379"},
        {"limits_storage": "redis://:sesame@127.0.0.1"},
        {"limits_storage": ["sesame"]},
        {"limit_storage": "redis://:sesame@127.0.0.1"},
        {"feedback": "mysql://qa:sesame@127.0.0.1/record"},
        {"feedback": "postgresql+psycopg://qa:se@same@127.0.0.1/record"},
        {"feedback": "postgresql+psycopg://qa:se/same@127.0.0.1/record"},
        {"feedback": ["sesame"]},
        {"milvus_token": ["sesame"]},
        {"milvus_uri": "http://root:sesame@127.0.0.1:19530"},
    ],
)
def test_a_secret_that_is_wrong_is_not_told(given):
    with pytest.raises(SettingsError) as refusal:
        Settings.load(**given)
    (name,) = given
    assert f"{name}" in str(refusal.value)
    for told in (str(refusal.value), str(refusal.value.__cause__)):
        assert "same" not in told


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("limits_storage", "redis://127.0.0.1:6379"),
        ("limits_storage", "rediss://user:p%40ss@redis.example.org:6380/1?ssl_ca_certs=ca.pem"),
        ("feedback", "postgresql+psycopg://qa:p%40ss@127.0.0.1:5432/record"),
        ("feedback", "postgresql://qa@/record?host=/run/postgresql"),
        ("feedback", "sqlite:///feedback.sqlite"),
    ],
)
def test_an_address_of_what_is_shared_is_a_secret(monkeypatch, name, url):
    monkeypatch.setenv(f"QA_{name.upper()}", url)
    settings = Settings.load()
    assert getattr(settings, name).get_secret_value() == url
    assert url not in repr(settings)


@pytest.mark.parametrize("uri", ["http://[::1]:19530", "https://milvus.example.org:443/"])
def test_an_address_of_milvus_has_a_host_and_a_port(uri):
    assert Settings(milvus_uri=uri).milvus_uri == uri.rstrip("/")


def test_feedback_without_a_scheme_is_a_file():
    assert Settings(feedback="kept/feedback.sqlite").feedback == Path("kept/feedback.sqlite")
    assert Settings(feedback=Path("feedback.sqlite")).feedback == Path("feedback.sqlite")


def test_the_address_is_the_public_one_and_its_path_goes_before_links():
    assert (Settings().address, Settings().root_path) == ("http://127.0.0.1:7860", "")
    behind = Settings(public_url="https://ask.example.org/record/")
    assert (behind.address, behind.root_path) == ("https://ask.example.org/record", "/record")
    assert Settings(host="::1").address == "http://[::1]:7860"


def test_of_every_setting_it_is_known_whether_answers_or_snapshots_depend_on_it():
    """A new setting belongs into one of the three: resumed batches rely on the first."""
    kinds = (ANSWER_SETTINGS, INDEX_SETTINGS, OTHER_SETTINGS)
    assert sorted(name for kind in kinds for name in kind) == sorted(Settings.model_fields)
