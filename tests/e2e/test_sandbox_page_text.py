"""What the page makes of text: Slack's markup, and text that means harm."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from bot.sandbox.slack import SlackStandIn
from bot.sandbox.slack.state.workspace import DEFAULT_CHANNELS
from tests.support.blocks import button, plain, rich
from tests.support.tiny_bot import Payload, TinyBot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WORKS = DEFAULT_CHANNELS[0][0]
HOSTILE = (
    "<img src=x onerror=window.harmed=1><script>window.harmed=1</script>"
    '"><svg onload=window.harmed=1> [x](javascript:window.harmed=1) *_~`<!channel>`~_*'
)
PARSE = """async ([module, name, texts]) => {
  const parse = (await import(`/static/js/${module}.js`))[name];
  const names = { me: "U1", user: (id) => ({ U1: { real_name: "Ann" }, U2: { real_name: "Bo" } })[id],
                  channelById: (id) => ({ C1: { name: "works" } })[id],
                  groups: new Map() };
  return texts.map((text) => {
    const root = document.createElement("div");
    root.append(parse(text, names));
    return root.innerHTML;
  });
}"""

MRKDWN = {
    "*bold* _it_ ~no~ `a*b*`": '<strong>bold</strong> <em>it</em> <s>no</s> <code class="code">a*b*</code>',
    "*_both_*": "<strong><em>both</em></strong>",
    "5 * 3 * 2, snake_case_name, a*b*c": "5 * 3 * 2, snake_case_name, a*b*c",
    "*open _never closed*": "<strong>open _never closed</strong>",
    "*over\nlines*": "*over\nlines*",
    "&lt;b&gt; &amp;amp; &quot;": "&lt;b&gt; &amp;amp; &amp;quot;",
    "<b>literal</b>": "&lt;b&gt;literal&lt;/b&gt;",
    "<@U1> <@U2> <@U9|gone> <#C1> <#C9|old>": (
        '<span class="mention mention-me">@Ann</span> <span class="mention">@Bo</span> '
        '<span class="mention">@gone</span> <span class="mention">#works</span> <span class="mention">#old</span>'
    ),
    "&gt; a *b*\n&gt; c\nd": '<blockquote class="quote">a <strong>b</strong>\nc</blockquote>d',
    "a\n```\nx *y*\n&lt;z&gt;\n```\nb": 'a<pre class="pre">x *y*\n&lt;z&gt;</pre>b',
    "```unclosed": "```unclosed",
    "10:42:30 :nosuch:": "10:42:30 :nosuch:",
    "<javascript:alert(1)|click>": "&lt;javascript:alert(1)|click&gt;",
    "<!date^notatime^{date}|some day>": "<time>some day</time>",
    "<!subteam^S1|@crew>": '<span class="mention">@crew</span>',
}
LINK = '<a href="{0}" target="_blank" rel="noopener noreferrer nofollow" class="link">{1}</a>'
MRKDWN["<https://a.example/?a=1&amp;b=2|*A*>"] = LINK.format("https://a.example/?a=1&amp;b=2", "*A*")
MRKDWN["See https://a.example/b_c_d."] = (
    f"See {LINK.format('https://a.example/b_c_d', 'https://a.example/b_c_d')}."
)

MARKDOWN = {
    "**b** *i* ~~s~~ `c` \\*": '<p><strong>b</strong> <em>i</em> <s>s</s> <code class="code">c</code> *</p>',
    "# One\ntext": '<h2 class="md-heading" data-level="1">One</h2><p>text</p>',
    "- a\n  - b\n- c": '<ul class="list"><li>a<ul class="list"><li>b</li></ul></li><li>c</li></ul>',
    "3. x\n4. y": '<ol class="list" start="3"><li>x</li><li>y</li></ol>',
    "<i>no</i>": "<p>&lt;i&gt;no&lt;/i&gt;</p>",
    "[x](javascript:alert)": "<p><span>x</span></p>",
    "```\n**raw**\n```": '<pre class="pre">**raw**</pre>',
    "> q": '<blockquote class="quote"><p>q</p></blockquote>',
}


async def parsed(page: Page, module: str, name: str, texts: list[str]) -> dict[str, Any]:
    return dict(zip(texts, await page.evaluate(PARSE, [module, name, texts]), strict=True))


async def test_mrkdwn_reads_as_in_slack(page: Page) -> None:
    assert await parsed(page, "mrkdwn", "mrkdwn", list(MRKDWN)) == MRKDWN


async def test_markdown_is_a_small_safe_subset(page: Page) -> None:
    html = await parsed(page, "markdown", "markdown", list(MARKDOWN))
    assert html == {text: f'<div class="markdown">{inner}</div>' for text, inner in MARKDOWN.items()}


async def test_dates_stand_in_the_readers_words(page: Page) -> None:
    texts = ["<!date^1700000000^{date_num} {nosuch}|x>"]
    html = await parsed(page, "mrkdwn", "mrkdwn", texts)
    assert ">2023-11-14 {nosuch}</time>" in html[texts[0]] or ">2023-11-15 {nosuch}</time>" in html[texts[0]]


@pytest.mark.parametrize("unit", ["*a _b ~c ", "<", "<!", "`", "[", "**a ", "- ", "```\n", ":a", "&gt;"])
async def test_forty_thousand_characters_of_markup_are_still_text(page: Page, unit: str) -> None:
    long = unit * (40_000 // len(unit))
    html = await parsed(page, "mrkdwn", "mrkdwn", [long])
    assert html[long]
    short = long[:12_000]
    assert await parsed(page, "markdown", "markdown", [short])


async def test_text_that_means_harm_is_shown_as_it_is(page: Page, slack: SlackStandIn, bot: TinyBot) -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain(HOSTILE[:150])},
        {"type": "section", "text": plain(HOSTILE)},
        {"type": "section", "text": {"type": "mrkdwn", "text": HOSTILE}, "fields": [plain(HOSTILE)]},
        rich(HOSTILE),
        {"type": "context", "elements": [plain(HOSTILE)]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": HOSTILE}]]},
        {
            "type": "plan",
            "title": HOSTILE,
            "tasks": [
                {
                    "type": "task_card",
                    "task_id": "1",
                    "title": HOSTILE,
                    "status": "pending",
                    "output": rich(HOSTILE),
                }
            ],
        },
        {"type": "actions", "elements": [button(HOSTILE[:75], "x")]},
    ]
    await bot.client.chat_postMessage(channel=WORKS, text=HOSTILE, blocks=blocks)
    await bot.client.chat_postMessage(channel=WORKS, blocks=[{"type": "markdown", "text": HOSTILE}], text="x")
    await bot.client.chat_postMessage(channel=WORKS, text=HOSTILE)
    await page.get_by_test_id("composer").fill(HOSTILE)
    await page.keyboard.press("Enter")
    rows = page.get_by_test_id("messages").get_by_test_id("message")
    await expect(rows).to_have_count(4)
    await expect(rows.first.get_by_test_id("block-section").first).to_have_text(HOSTILE)
    await expect(rows.first.get_by_test_id("block-rich_text")).to_have_text(HOSTILE)
    await expect(rows.first.get_by_test_id("task")).to_contain_text(HOSTILE)
    await expect(rows.last).to_contain_text("<img src=x onerror=window.harmed=1><script>")
    assert await page.evaluate("window.harmed") is None
    assert await rows.locator("img, script, svg:not(.icon), a[href^=javascript]").count() == 0
    # What the person wrote is escaped on its way in, so it pings nobody.
    assert "&lt;!channel&gt;" in slack.messages("works")[-1].text


async def test_a_ping_to_everyone_can_not_be_overlooked(page: Page, bot: TinyBot) -> None:
    await bot.client.chat_postMessage(channel=WORKS, text="Careful <!channel>")
    await expect(page.get_by_test_id("broadcast")).to_have_text("@channel")


async def test_harm_in_a_form_is_only_text(page: Page, bot: TinyBot) -> None:
    async def open_form(command: Payload) -> None:
        hostile = {"type": "section", "text": {"type": "mrkdwn", "text": command["text"]}}
        view = {"type": "modal", "title": plain(HOSTILE[:24]), "blocks": [hostile]}
        await bot.client.views_open(trigger_id=command["trigger_id"], view=view)

    bot.on("command", open_form)
    await page.get_by_test_id("composer").fill(f"/mudda {HOSTILE}")
    await page.keyboard.press("Enter")
    modal = page.get_by_test_id("modal")
    await expect(modal.get_by_role("heading")).to_have_text(HOSTILE[:24])
    assert await modal.locator("img, script, svg:not(.icon)").count() == 0
    assert await page.evaluate("window.harmed") is None
