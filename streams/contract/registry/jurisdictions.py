"""Country codes of ISO 3166, and the groups of countries for which figures are exported."""

from collections.abc import Iterable, Mapping
from typing import Final

UNKNOWN_JURISDICTION: Final = "ZZ"
"""The code of a report whose jurisdiction the platform does not know; the code is also a group."""

OTHER_GROUP: Final = "other"
"""The group of every country that no group names."""

# These are the officially assigned alpha-2 codes; `UK`, `EU` and `EL` are not assigned, although people often use them.
COUNTRIES: Final = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT
    MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ
    UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905 - 249 quoted strings read worse
)

JURISDICTIONS: Final = COUNTRIES | {UNKNOWN_JURISDICTION}
"""Every code that an event may contain."""

Groups = Mapping[str, frozenset[str]]
"""Names of groups, each with its countries; a country may belong to several groups."""

DEFAULT_GROUPS: Final[Groups] = {
    "AU": frozenset({"AU"}),
    "EU": frozenset(
        "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(),  # noqa: SIM905 - as above
    ),
    "IN": frozenset({"IN"}),
    "UK": frozenset({"GB"}),
    "US": frozenset({"US"}),
}


def group_names(codes: Iterable[str], groups: Groups) -> str:
    """Return the groups that contain any of `codes`, sorted and joined by `+`: `EU+UK`, `other`, `ZZ`.

    Raises ValueError for a code that is not in `JURISDICTIONS`; the message does not repeat the code.
    """
    touched: set[str] = set()
    for code in codes:
        if code not in JURISDICTIONS:
            raise ValueError("expected assigned ISO 3166 alpha-2 codes, or ZZ for unknown")
        containing = {name for name, countries in groups.items() if code in countries}
        touched |= containing or {UNKNOWN_JURISDICTION if code == UNKNOWN_JURISDICTION else OTHER_GROUP}
    return "+".join(sorted(touched))
