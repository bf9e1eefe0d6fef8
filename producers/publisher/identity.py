"""The identity of a publishing platform: its name, and the secrets that turn report ids into tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from producers.publisher.errors import SettingsError
from streams.contract.events import keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One platform with its secrets.

    `key_id` names the current `secret` (at least 32 bytes, known only to the platform). A report keeps the token with
    which it was filed, so replaced secrets stay in `former_secrets` while events of their reports may follow.
    """

    platform: str
    key_id: str
    secret: bytes = field(repr=False)
    former_secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        problems = []
        for key_id, secret in {**self.former_secrets, self.key_id: self.secret}.items():
            try:
                keys.report_token(secret, key_id, "")
            except ValueError as error:
                problems.append(f"secret of key {key_id!r}: {error}")
        if problems:
            raise SettingsError(problems)

    def token(self, report_id: str, key_id: str | None = None) -> str:
        """Return the token of `report_id` under the current secret, or under the former secret `key_id`.

        Raises SettingsError for a `key_id` without a secret.
        """
        chosen = key_id or self.key_id
        secret = self.secret if chosen == self.key_id else self.former_secrets.get(chosen)
        if secret is None:
            raise SettingsError([f"key_id: expected the current key or a former key, got {chosen!r}"])
        return keys.report_token(secret, chosen, report_id)
