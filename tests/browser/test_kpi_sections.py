"""What the page of one KPI shows below its number, as a real Chromium shows it."""

import re

from playwright.async_api import Page, expect

from streams.human import format_seconds, format_value
from tests.browser.boards import live_board
from tests.browser.kpi_pages import asked, column, number, opened, rows, section
from tests.builders import (
    Event,
    customer_activated,
    deal_created,
    deal_stage_changed,
    deal_won,
    each,
    lead_contacted,
    lead_created,
    lead_disqualified,
    lead_qualified,
    ticket_created,
)
from tests.company import END_MS, told
from tests.serve.builders import NOW_MS

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
MEMBER, VALUE, SAMPLES = 0, 1, 4


def leads(channel: str, of: int, accepted: int) -> list[Event]:
    """Qualified leads of a channel, of which some were accepted."""
    qualified = each(lambda at: lead_qualified(f"{channel}-{at}", channel=channel), of)
    created = each(lambda at: lead_created(f"{channel}-{at}", channel=channel), of)
    taken = each(lambda at: lead_qualified(f"{channel}-{at}", "11:00", stage="accepted"), accepted)
    return [*created, *qualified, *taken]


# -- Slices -----------------------------------------------------------------------------------------------


async def test_slices_have_the_numbers_of_the_readings(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, *told(), now_ms=lambda: END_MS) as board:
        query = "kpi=lead_acceptance&window=365d&dimension=channel"
        found = (await asked(page, board, f"readings?{query}"))["readings"]
        await opened(page, board, "lead_acceptance", "?window=365d&dimension=channel")
        await expect(rows(page, "Slices")).to_have_count(len(found))
        shown = {
            member: (value, samples)
            for member, value, samples in zip(
                *[await column(page, "Slices", at) for at in (MEMBER, VALUE, SAMPLES)], strict=True
            )
        }
    assert len(found) > 3
    for one in found:
        [cells] = [cells for member, cells in shown.items() if member.startswith(one["member"])]
        assert cells == (format_value(one["value"], "ratio"), f"{one['samples']:,}")


async def test_slices_are_sorted_by_any_column_and_the_address_says_how(page: Page, redis_url: str) -> None:
    events = [
        *leads("web", 2, 1),
        *leads("mail", 4, 1),
        *leads("fair", 3, 3),
        lead_created("x", channel="shop"),
    ]
    async with live_board(redis_url, *events) as board:
        await opened(page, board, "lead_acceptance")
        members = section(page, "Slices").locator("tbody th")
        await expect(members).to_have_text(["mail", "fair", "web"])  # the most samples first
        await page.get_by_role("button", name="Value").click()
        await expect(members).to_have_text(["fair", "web", "mail"])
        assert page.url.endswith("?sort=-value")
        head = page.get_by_role("columnheader", name="Value")
        await expect(head).to_have_attribute("aria-sort", "descending")
        await expect(head.get_by_role("button")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(members).to_have_text(["mail", "web", "fair"])
        await expect(head).to_have_attribute("aria-sort", "ascending")
        await page.get_by_role("button", name="Member").click()
        await expect(members).to_have_text(["web", "mail", "fair"])
        await page.go_back()
        await expect(members).to_have_text(["mail", "web", "fair"])


async def test_another_dimension_and_a_member_are_chosen_in_the_table(page: Page, redis_url: str) -> None:
    events = [
        lead_created("lead-1", channel="web", region="north"),
        lead_created("lead-2", channel="web"),
        lead_created("lead-3", channel="mail", region="south"),
    ]
    async with live_board(redis_url, *events) as board:
        await opened(page, board, "lead_volume")
        slices = section(page, "Slices")
        await slices.get_by_role("link", name="region", exact=True).click()
        await expect(rows(page, "Slices")).to_have_count(3)
        await expect(slices.get_by_role("row", name="unknown")).to_contain_text("no event said which")
        await slices.get_by_role("link", name="channel", exact=True).click()
        await slices.get_by_role("link", name="web").click()
        await expect(number(page)).to_have_text("2")
        await expect(slices.locator("tr[aria-current]")).to_contain_text("web")
        await expect(page).to_have_url(re.compile("dimension=channel&member=web$"))
        await page.go_back()
        await expect(number(page)).to_have_text("3")


async def test_of_many_members_the_first_are_shown_and_then_all(page: Page, redis_url: str) -> None:
    async with live_board(
        redis_url, *each(lambda at: lead_created(f"l-{at}", channel=f"c-{at}"), 30)
    ) as board:
        await opened(page, board, "lead_volume")
        await expect(rows(page, "Slices")).to_have_count(20)
        await page.get_by_role("button", name="Show all 30").click()
        await expect(rows(page, "Slices")).to_have_count(30)


async def test_a_hostile_member_is_nothing_but_text(page: Page, redis_url: str) -> None:
    async with live_board(
        redis_url, lead_created("lead-1", channel=HOSTILE), lead_created("lead-2")
    ) as board:
        await opened(page, board, "lead_volume", "?dimension=channel")
        await section(page, "Slices").get_by_role("link", name=HOSTILE).click()
        await expect(number(page)).to_have_text("1")
        await expect(page.locator(".number-of")).to_contain_text(HOSTILE)
        assert await page.locator("main img").count() == 0
        assert "owned" not in await page.title()


# -- The funnel -------------------------------------------------------------------------------------------


async def test_the_funnel_has_the_counts_of_the_readings(page: Page, redis_url: str) -> None:
    events: list[Event] = []
    for at, stage in enumerate(["qualified"] * 4 + ["meeting"] * 3 + ["proposal"] * 2 + ["won"]):
        events.append(deal_created(f"deal-{at}", stage="qualified"))
        if stage in ("meeting", "proposal"):
            events.append(deal_stage_changed(f"deal-{at}", "11:00", to_stage=stage))
        if stage == "won":
            events.append(deal_won(f"deal-{at}", "12:00"))
    async with live_board(redis_url, *events) as board:
        query = "kpi=stage_conversion&window=24h&dimension=all"
        found = (await asked(page, board, f"readings?{query}"))["readings"]
        await opened(page, board, "stage_conversion")
        funnel = section(page, "The funnel")
        await expect(funnel.locator(".step-name")).to_have_text(
            ["qualified", "meeting", "proposal", "negotiation", "won"]
        )
        counts = await funnel.locator(".step-count").all_text_contents()
        between = await funnel.locator(".step-between").all_text_contents()
        await expect(funnel).to_contain_text("From qualified to won: 10.0 % (1 of 10).")
    assert counts == ["10", "6", "3", "1", "1"]
    assert counts == [str(found[0]["denominator"]), *(str(one["numerator"]) for one in found)]
    assert between[1] == "60.0 % went on · 4 dropped off (40.0 %)"
    assert [text.split(" went")[0] for text in between[1:]] == [
        format_value(one["value"], "ratio") for one in found
    ]


async def test_a_kpi_without_stages_has_no_funnel_and_one_without_waiters_no_list(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        await opened(page, board, "lead_volume")
        await expect(section(page, "Definition")).to_be_visible()
        for title in ("The funnel", "Who is waiting", "Percentiles together"):
            await expect(section(page, title)).to_have_count(0)


# -- Who is waiting ---------------------------------------------------------------------------------------


async def test_the_longest_waiting_are_listed_with_the_way_to_each(page: Page, redis_url: str) -> None:
    events = [
        lead_created("lead/7?", NOW_MS - 30 * 3_600_000),
        lead_created("lead-8", NOW_MS - 10 * 60_000),
        lead_created("lead-9", NOW_MS - 5 * 60_000),
        lead_disqualified("lead-9", NOW_MS - 60_000),
    ]
    async with live_board(redis_url, *events) as board:
        found = await asked(page, board, "waiting?measure=leads_waiting")
        await opened(page, board, "leads_waiting", "?gauge=crm_leads_waiting_oldest_seconds")
        waiting = section(page, "Who is waiting")
        await expect(waiting).to_contain_text("2 are waiting now.")
        await expect(waiting.locator("tbody th")).to_have_text(["lead/7?", "lead-8"])
        link = waiting.get_by_role("link", name="lead/7?")
        assert await link.get_attribute("href") == "https://crm.example/leads/lead%2F7%3F"
        assert (await column(page, "Who is waiting", 1))[0] == format_seconds(30 * 3_600)
        numbers = await waiting.locator(".age-number").all_text_contents()
        assert numbers == [str(span["number"]) for span in found["ages"]] and sum(map(int, numbers)) == 2
        await board.take(lead_contacted("lead/7?", NOW_MS - 1_000))
        await expect(waiting.locator("tbody th")).to_have_text(["lead-8"], timeout=10_000)
        alert = section(page, "Alerts").get_by_role("link", name="Crm")
        assert await alert.get_attribute("href") == "/docs/runbooks/CrmLeadsWaitingOldest"


async def test_when_nobody_waits_the_list_says_so(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, ticket_created("ticket-1")) as board:
        await opened(page, board, "leads_waiting")
        await expect(section(page, "Who is waiting")).to_contain_text("Nobody is waiting.")
        await opened(page, board, "backlog")
        await expect(section(page, "Who is waiting")).to_contain_text("1 is waiting now.")


# -- Why, and what beside it ------------------------------------------------------------------------------


async def test_why_has_the_formula_with_its_numbers_and_the_panes_behind_them(
    page: Page, redis_url: str
) -> None:
    async with live_board(redis_url, *leads("web", 30, 12)) as board:
        query = "kpi=lead_acceptance&window=24h"
        found = await asked(page, board, f"explain?{query}")
        await opened(page, board, "lead_acceptance", "?window=24h")
        why = section(page, "Why this number")
        await expect(why.locator(".formula dd")).to_have_text(
            [found["formula"], found["filled"], format_value(found["value"], "ratio")]
        )
        assert found["filled"] == "12 / 30"
        await why.get_by_text("leads_accepted").last.click()
        await expect(why.locator("details[open]")).to_contain_text("2024-04-15 10:00+00:00")
        await expect(why.locator("details[open] li").first).to_contain_text("12")


async def test_why_says_what_would_change_the_verdict(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1")) as board:
        gauge = "gauge=crm_leads_waiting_oldest_seconds"
        found = await asked(page, board, f"explain?kpi=leads_waiting&{gauge}")
        assert found["would_change"].startswith("Warn begins above")
        await opened(page, board, "leads_waiting", f"?{gauge}")
        await expect(section(page, "Why this number")).to_contain_text(found["would_change"])


async def test_a_breached_guardrail_is_said_beside_the_number_and_beside_its_course(
    page: Page, redis_url: str
) -> None:
    def day(name: str, of: int, accepted: int, ago_h: int) -> list[Event]:
        at = NOW_MS - ago_h * 3_600_000
        return [
            *each(lambda one: lead_created(f"{name}-{one}", at), of),
            *each(lambda one: lead_qualified(f"{name}-{one}", at), of),
            *each(lambda one: lead_qualified(f"{name}-{one}", at + 1, stage="accepted"), accepted),
        ]

    async with live_board(redis_url, *day("old", 50, 40, 30), *day("new", 100, 20, 3)) as board:
        query = "kpi=lead_volume&window=24h&dimension=all"
        [found] = (await asked(page, board, f"readings?{query}"))["readings"]
        [sentence] = [one["sentence"] for one in found["guardrails"] if one["breached"]]
        await opened(page, board, "lead_volume", "?window=24h")
        await expect(page.locator(".number-breach")).to_have_text(f"Guardrail: {sentence}.")
        pair = section(page, "Guardrails")
        await expect(pair.locator(".rail-state")).to_have_text(f"Breached: {sentence}.")
        await expect(pair.get_by_role("slider")).to_have_count(2)
        guard = pair.get_by_role("slider").last
        for key in ("End", "ArrowLeft", "ArrowLeft", "ArrowLeft"):
            await guard.press(key)
        await expect(guard).to_have_attribute("aria-valuetext", re.compile("15:00; 20.0 %, .* 100 samples$"))


async def test_what_an_alert_judges_is_told_whichever_number_is_chosen(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, lead_created("lead-1", NOW_MS - 6 * 24 * 3_600_000)) as board:
        await opened(page, board, "leads_waiting")
        elsewhere = page.locator(".number-elsewhere")
        await expect(elsewhere).to_have_text("oldest, now: 6 d 0 hcritical")
        await expect(rows(page, "Alerts").locator(".states")).to_have_text("now: 6 d 0 hcritical")
        await elsewhere.get_by_role("link").click()
        await expect(number(page)).to_have_text("6 d 0 h")
        await expect(page.locator(".headline .number-line .verdict")).to_have_text("critical")
        await expect(elsewhere).to_be_hidden()


async def test_percentiles_stand_together_in_one_chart(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, *told(), now_ms=lambda: END_MS) as board:
        query = "kpi=first_response&span=365d&clock=business"
        series = (await asked(page, board, f"series?{query}"))["series"]
        await opened(page, board, "first_response", "?window=365d&quantile=0.9&clock=business")
        slider = section(page, "Percentiles together").get_by_role("slider")
        await slider.press("End")
        at = len(series[0]["times"]) - 1
        while series[0]["values"][at] is None:
            at -= 1
            await slider.press("ArrowLeft")
        said = await slider.get_attribute("aria-valuetext") or ""
    for one in series:
        value = format_value(one["values"][at], "seconds")
        quantile = one["labels"].get("quantile")
        assert f"{f'p{100 * float(quantile):g}' if quantile else 'mean'} {value}" in said


async def test_what_the_catalog_says_of_it_stands_there(page: Page, redis_url: str) -> None:
    async with live_board(redis_url, customer_activated("customer-1")) as board:
        await opened(page, board, "lead_response")
        definition = section(page, "Definition")
        await expect(definition).to_contain_text("The first contact by a human that is not inbound")
        await expect(definition).to_contain_text("Means hide the leads that nobody answered")
        link = definition.get_by_role("link", name="reference")
        assert await link.get_attribute("href") == "/docs/kpis/lead_response"
        alerts = section(page, "Alerts")
        await expect(alerts.get_by_role("row").last).to_contain_text("above 2 h 0 min")
        await expect(alerts.get_by_role("row").last).to_contain_text("from 20")
