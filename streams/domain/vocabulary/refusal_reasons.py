"""The closed list of reasons for which an event is refused."""

from enum import StrEnum


class RefusalReason(StrEnum):
    """Why an event was refused."""

    NOT_JSON = "not_json"
    NOT_CLOUDEVENT = "not_cloudevent"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_PLATFORM = "unknown_platform"
    WRONG_PLATFORM = "wrong_platform"
    UNKNOWN_FIELD = "unknown_field"
    MISSING_FIELD = "missing_field"
    BAD_VALUE = "bad_value"
    BAD_TIME = "bad_time"
    FUTURE_TIME = "future_time"
    TOO_OLD = "too_old"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    KEY_MISMATCH = "key_mismatch"
    WRONG_PARTITION = "wrong_partition"
    ORPHAN = "orphan"
    CONFLICT = "conflict"
    INTERNAL = "internal"
    UNDECODABLE = "undecodable"
    OVER_CAPACITY = "over_capacity"
