"""Every command that is given a secret, on a broker that refuses it: told within seconds, and the secret nowhere."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from safeclock import main
from tests.support.broker.ports import LOOPBACK, free_port
from tests.support.broker.security.secured_kafka import SecuredKafka
from tests.system.security.secured_chain import PASSWORDS, SCRAPER_PASSWORD, SecuredChain, run_to_end

pytestmark = pytest.mark.slow

WRONG = "hush-wrong-0b5e"
NEEDS_NO_BROKER = {"measure", "check", "clocks", "simulate", "demo", "broker"}
COMMANDS = (
    *("worker", "board", "publish", "status", "replay"),
    *("plan", "apply", "accept-source-reset", "backup", "restore"),
)
# How long a refused process may take, its start on a busy machine included.
WITHIN_SECONDS = 15.0

HEARTBEAT = (
    '{"specversion":"1.0","type":"safeclock.heartbeat.v1","source":"/platforms/harbor","id":"heartbeat-1",'
    '"time":"2026-01-05T10:00:00Z","data":{"complete_through":"2026-01-05T09:59:30Z","sequence":1}}\n'
)


@pytest.fixture(scope="module")
def secured_chain(secured_kafka: SecuredKafka, tmp_path_factory: pytest.TempPathFactory) -> SecuredChain:
    made = SecuredChain(secured_kafka, tmp_path_factory.mktemp("secrets"))
    made.admin_terminal.run_successfully("admin", "backup", made.folder / "backup")
    (made.folder / "events.jsonl").write_text(HEARTBEAT, encoding="utf-8")
    return made


def arguments(command: str, standing: SecuredChain) -> tuple[str | Path, ...]:
    """Return a call of the command that comes as far as the broker."""
    folder = standing.folder
    calls: dict[str, tuple[str | Path, ...]] = {
        "worker": ("worker",),
        "board": ("board",),
        "publish": ("publish", folder / "events.jsonl", "--history", "--registry", standing.registry("harbor")),
        "status": ("status", "--platform", "harbor", "--registry", standing.registry("harbor")),
        "replay": ("replay", "--refused", "--dry-run"),
        "plan": ("admin", "plan", *standing.plan_arguments),
        "apply": ("admin", "apply", *standing.plan_arguments),
        "accept-source-reset": ("admin", "accept-source-reset", "behind-tls-filed.harbor", "--from", "end"),
        "backup": ("admin", "backup", folder / "another-backup"),
        "restore": ("admin", "restore", folder / "backup"),
    }
    return calls[command]


Fault = Callable[[dict[str, str], SecuredKafka], None]


def wrong_password(environment: dict[str, str], secured: SecuredKafka) -> None:
    """Give a password in the environment that is not the user's."""
    assert secured
    del environment["SAFECLOCK_PASSWORD_FILE"]
    environment["SAFECLOCK_PASSWORD"] = WRONG


def unknown_authority(environment: dict[str, str], secured: SecuredKafka) -> None:
    """Trust another authority than the broker's."""
    environment["SAFECLOCK_CA_FILE"] = str(secured.unknown_authority.file)


def ended_certificate(environment: dict[str, str], secured: SecuredKafka) -> None:
    """Go to the listener whose certificate has expired."""
    environment["SAFECLOCK_BOOTSTRAP"] = secured.listeners["expired"]


def other_host(environment: dict[str, str], secured: SecuredKafka) -> None:
    """Go to the listener whose certificate is another host's."""
    environment["SAFECLOCK_BOOTSTRAP"] = secured.listeners["elsewhere"]


def other_protocol(environment: dict[str, str], secured: SecuredKafka) -> None:
    """Go to a listener that speaks no TLS."""
    environment["SAFECLOCK_BOOTSTRAP"] = secured.listeners["open"]


def no_protocol(environment: dict[str, str], secured: SecuredKafka) -> None:
    """Speak something that there is not."""
    assert secured
    environment["SAFECLOCK_PROTOCOL"] = "SASL_TLS"


def no_file(environment: dict[str, str], secured: SecuredKafka) -> None:
    """Name a password file that is not there, beside a password."""
    assert secured
    environment["SAFECLOCK_PASSWORD"] = WRONG
    environment["SAFECLOCK_PASSWORD_FILE"] = "/nowhere/at/all"  # noqa: S105 - a name


FAULTS: dict[Fault, str] = {
    wrong_password: "USERNAME, {prefix}PASSWORD: expected a user of",
    unknown_authority: "CA_FILE: expected the authority that signed",
    ended_certificate: "BOOTSTRAP: expected a broker with a valid certificate",
    other_host: "BOOTSTRAP: expected an address that is in the broker's certificate",
    other_protocol: "PROTOCOL: expected the protocol of the listener at",
    no_protocol: "PROTOCOL: expected one of PLAINTEXT",
    no_file: "PASSWORD_FILE: expected a file to read",
}


# Every command signs in, and each of the ways in which a process does so sees every fault.
CASES: list[tuple[str, Fault]] = [(command, wrong_password) for command in COMMANDS]
CASES += [(command, fault) for command in ("worker", "board", "publish", "plan") for fault in list(FAULTS)[1:]]


def run_with_fault(command: str, fault: Fault, standing: SecuredChain) -> tuple[str, dict[str, str]]:
    """Return how the command's variables begin, and all that it is told."""
    own = standing.secured.environment("safeclock-worker", PASSWORDS["safeclock-worker"])
    fault(own, standing.secured)
    if command not in {"publish", "status"}:
        return "SAFECLOCK_", {
            **standing.admin_terminal.environment,
            **standing.page_environment(),
            "SAFECLOCK_MECHANISM": "",
            **own,
        }
    prefix = "SAFECLOCK_PUBLISH_"
    return prefix, {name.replace("SAFECLOCK_", prefix): text for name, text in own.items()}


def test_no_command_was_left_out() -> None:
    context = click.Context(main)
    first = set(main.list_commands(context)) - NEEDS_NO_BROKER - {"admin"}
    admin = main.get_command(context, "admin")
    assert isinstance(admin, click.Group)

    assert first | set(admin.list_commands(context)) == set(COMMANDS)


@pytest.mark.parametrize(("command", "fault"), CASES, ids=lambda each: getattr(each, "__name__", each))
def test_a_fault_is_reported_by_the_setting_and_without_the_secret(
    command: str, fault: Fault, secured_chain: SecuredChain
) -> None:
    prefix, environment = run_with_fault(command, fault, secured_chain)

    end = run_to_end(environment, *arguments(command, secured_chain), timeout_seconds=WITHIN_SECONDS)

    assert end.code in {1, 2, 3}, end.output
    assert prefix + FAULTS[fault].format(prefix=prefix) in end.output
    assert "Traceback" not in end.output
    assert "-m safeclock" in end.output, "what the system shows of a process was looked at"
    for secret in (WRONG, SCRAPER_PASSWORD, *PASSWORDS.values()):
        assert secret not in end.output


@pytest.mark.parametrize("command", ["board", "publish"])
def test_a_broker_that_is_away_is_no_reason_to_tell_a_secret(command: str, secured_chain: SecuredChain) -> None:
    def away(own: dict[str, str], _: SecuredKafka) -> None:
        own["SAFECLOCK_BOOTSTRAP"] = f"{LOOPBACK}:{free_port()}"

    _, environment = run_with_fault(command, away, secured_chain)

    end = run_to_end(environment, *arguments(command, secured_chain))

    assert end.code in {1, 2}, end.output
    for secret in (SCRAPER_PASSWORD, *PASSWORDS.values()):
        assert secret not in end.output
