"""Read and change topics, rights and users of a cluster; blocking."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, assert_never

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ConfigResourceType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.errors import (
    ClusterAuthorizationFailedError,
    NoError,
    SecurityDisabledError,
)

from streams.admin.errors import OperatingError
from streams.admin.provisioning.desired_state import Grant
from streams.admin.provisioning.plan import (
    Allow,
    Change,
    CreateTopic,
    CreateUser,
    ExistingState,
    ExistingTopic,
    RenewPassword,
    Revoke,
    SetSetting,
)
from streams.edge.kafka_client.login_check import missing_right_error
from streams.runtime.kafka.admin import KafkaAdmin

_SCRAM_MECHANISM: Final = "SCRAM-SHA-512"
_ALL_ACLS: Final = ACLFilter(
    None,
    None,
    ACLOperation.ANY,
    ACLPermissionType.ALLOW,
    ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
)

PasswordOf = Callable[[str], str]
"""Returns a user's password."""


class NotChangedError(OperatingError):
    """The broker refused a change; the message is the broker's reason."""


class ClusterAdmin(KafkaAdmin):
    """An admin client that also reads and changes rights and users."""

    def existing_state(self, topics: Iterable[str]) -> ExistingState:
        """Return the existing state of the broker; raises KafkaSecurityError if the right to read it is missing."""
        descriptions = self.describe_topics(topics)
        described = self.describe_settings(descriptions)
        # The embedded broker, which has no transactions, answers requests about rights and users without having any.
        has_authorizer = self.has_transactions()
        try:
            grants, users = (self._grants(), self._users()) if has_authorizer else (None, None)
        except ClusterAuthorizationFailedError as error:
            raise missing_right_error(self._access, "DESCRIBE the cluster, its rights and its users") from error
        return ExistingState(
            topics={
                name: ExistingTopic(topic.partitions, topic.replicas, described[name])
                for name, topic in descriptions.items()
            },
            grants=grants,
            users=users,
        )

    def apply_change(self, change: Change, password_of: PasswordOf) -> None:
        """Make a change; raises KafkaError or NotChangedError if the broker refuses it."""
        match change:
            case CreateTopic(topic):
                self.create_topic(topic)
            case SetSetting():
                self._set_topic_setting(change)
            case Allow(grant):
                self._allow(grant)
            case Revoke(grant):
                self._revoke(grant)
            case CreateUser(user) | RenewPassword(user):
                self._set_password(user, password_of(user))
            case _:
                assert_never(change)

    def _grants(self) -> frozenset[Grant] | None:
        try:
            rules, _ = self._admin.describe_acls(_ALL_ACLS)
        except SecurityDisabledError:
            return None
        return frozenset(_grant_from_acl(rule) for rule in rules)

    def _users(self) -> frozenset[str] | None:
        if not self._has_scram_login():
            return None
        described: Mapping[str, Mapping[str, list[Mapping[str, object]]]] = (
            self._admin.describe_user_scram_credentials()
        )
        return frozenset(
            user
            for user, credentials in described.items()
            if any(
                credential["mechanism"] == ScramMechanism.SCRAM_SHA_512
                for credential in credentials["credential_infos"]
            )
        )

    def _has_scram_login(self) -> bool:
        """Return whether a broker has a listener with SCRAM-SHA-512; true if the brokers do not return their settings."""
        brokers = [str(broker["broker_id"]) for broker in self._admin.describe_cluster()["brokers"]]
        resources = [ConfigResource(ConfigResourceType.BROKER, broker) for broker in brokers]
        settings_by_broker = self._admin.describe_configs(resources, config_filter="all").get("broker", {})
        mechanisms = [
            str(entry["value"])
            for settings in settings_by_broker.values()
            for name, entry in settings.items()
            if name.endswith("sasl.enabled.mechanisms")
        ]
        return not mechanisms or any(_SCRAM_MECHANISM in mechanism_list for mechanism_list in mechanisms)

    def _set_topic_setting(self, change: SetSetting) -> None:
        resource = ConfigResource(ConfigResourceType.TOPIC, change.topic, {change.setting: change.wanted})
        result = self._admin.alter_configs([resource])["topic"][change.topic]
        if result != "OK":
            raise NotChangedError(result)

    def _allow(self, grant: Grant) -> None:
        for error in self._admin.create_acls([_acl_from_grant(grant)])["failed"]:
            raise NotChangedError(error.__name__)

    def _revoke(self, grant: Grant) -> None:
        for _, _, error in self._admin.delete_acls([_acl_from_grant(grant)]):
            if error is not NoError:
                raise NotChangedError(error.__name__)

    def _set_password(self, user: str, password: str) -> None:
        credential = UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, password)
        if problem := self._admin.alter_user_scram_credentials([credential])[user]:
            raise NotChangedError(problem)


def _grant_from_acl(acl: ACL) -> Grant:
    pattern = acl.resource_pattern
    prefix = pattern.pattern_type is ACLResourcePatternType.PREFIXED
    resource = pattern.resource_type.name
    return Grant(acl.principal, resource, pattern.resource_name, acl.operation.name, prefix, acl.host)


def _acl_from_grant(grant: Grant) -> ACL:
    pattern = ACLResourcePatternType.PREFIXED if grant.prefix else ACLResourcePatternType.LITERAL
    return ACL(
        grant.principal,
        grant.host,
        ACLOperation[grant.operation],
        ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType[grant.resource], grant.name, pattern),
    )
