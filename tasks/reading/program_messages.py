"""Messages of a chat that its program wrote: who joined, what was pinned. Nobody said them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

NOBODYS: Final = "no message of a person: the program wrote it ({}: {})"
# Of DiscordChatExporter, and of Slack.
_DISCORD: Final = frozenset(
    (
        *("RecipientAdd", "RecipientRemove", "Call", "ChannelNameChange", "ChannelIconChange"),
        *("ChannelPinnedMessage", "GuildMemberJoin", "ThreadCreated"),
    )
)
_SLACK: Final = frozenset(
    (
        *("channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name", "channel_archive"),
        *("channel_unarchive", "channel_convert_to_private", "group_join", "group_leave", "group_topic"),
        *("group_purpose", "group_name", "group_archive", "pinned_item", "unpinned_item", "bot_add", "bot_remove"),
        *("reminder_add", "huddle_thread", "tombstone"),
    )
)
# The columns by which a program's records are known, the one that says what a record is, and what it then says.
_PROGRAMS: Final = (
    (frozenset({"timestampEdited", "isPinned", "type"}), "type", _DISCORD),
    (frozenset({"ts", "subtype"}), "subtype", _SLACK),
)


@dataclass(frozen=True, slots=True)
class ProgramMessages:
    """Tells which records of one program are no messages of a person."""

    column: str
    values: frozenset[str]

    def reason_against(self, record: Mapping[str, object]) -> str | None:
        """Why a record is no message of a person; None where it is one."""
        value = record.get(self.column)
        return NOBODYS.format(self.column, value) if isinstance(value, str) and value in self.values else None


def program_messages(columns: Sequence[str]) -> ProgramMessages | None:
    """What tells them among records with these columns; None for the records of other programs."""
    for signs, column, values in _PROGRAMS:
        if signs <= set(columns):
            return ProgramMessages(column, values)
    return None
