"""What Mudda says about itself to whoever asks."""

from __future__ import annotations

from bot.slack.ids import COMMAND_COMPONENTS, COMMAND_MUDDA, COMMAND_WORKFLOWS

_USES = f"""\
• `{COMMAND_MUDDA} Water is coming up through the road at 5th and Main` drafts a plan and shows it in the channel.
• `{COMMAND_MUDDA}` alone opens a form with place and urgency.
• `@mudda` and what has happened does the same, and answers in the thread of your message.
• `{COMMAND_WORKFLOWS}` lists the plans; add `open`, `mine`, `waiting`, or a word, or a number: `#12`, \
or `#12.1` for a run.
• The *Home* tab of my own page has what waits for you, and you can decide it there.
• `{COMMAND_MUDDA} approvers` says who may decide, and lets them change it.
• `{COMMAND_MUDDA} notes` shows what plans are told to mind, and lets approvers change it.
• `{COMMAND_COMPONENTS}` lists what plans can be made of; add a word to search."""

HELP = f"""\
*Mudda turns a civic issue into a plan that people can review.*
Say what has happened, in your own words; nothing is sent to anyone before a person has agreed.
{_USES}"""

EMPTY_MENTION = f"""\
Hello! Tell me what has happened, in the same message as `@mudda`, and I draft a plan for it.
{_USES}"""
