import pytest

from tests.support import components


def test_what_is_missing_is_skipped_where_nobody_requires_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(components.REQUIRE_VARIABLE, "prometheus")

    with pytest.raises(pytest.skip.Exception, match="no Java"):
        components.require_component("apache-kafka", "no Java")


def test_what_is_missing_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(components.REQUIRE_VARIABLE, "apache-kafka prometheus")

    with pytest.raises(pytest.fail.Exception, match="apache-kafka is required here: no Java"):
        components.require_component("apache-kafka", "no Java")


def test_a_requirement_that_nobody_knows_is_no_requirement_that_nobody_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(components.REQUIRE_VARIABLE, "apache-kafak")

    with pytest.raises(ValueError, match="got apache-kafak"):
        components.require_component("apache-kafka", "no Java")


def test_a_program_that_is_not_installed_is_missed_as_its_component(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(components.REQUIRE_VARIABLE, "prometheus")
    monkeypatch.setenv("PATH", "")

    with pytest.raises(pytest.fail.Exception, match="apt-get install prometheus"):
        components.program_path("promtool")
