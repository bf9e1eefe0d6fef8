"""The `safeclock admin` commands.

Start with plan_apply.py.
Imports the rest of admin, each command only when it runs.
"""

from streams.admin.commands.backup_restore import accept_source_reset, backup, restore
from streams.admin.commands.plan_apply import admin
from streams.admin.commands.replay_refused import replay

for _command in (accept_source_reset, backup, restore):
    admin.add_command(_command)

__all__ = ["admin", "replay"]
