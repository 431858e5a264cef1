"""Durations that an event tells, and those of the business clock."""

from streams.engine.buckets import bucket
from tests.builders import Ledger, deal_won, in_any_order, survey_answered, ticket_created, ticket_replied
from tests.engine.catalogs import plan

TIMED = plan(
    """\
    id: deal_id
    steps:
      won: {event: crm.deal.won}
    registers:
      told: {event: crm.deal.won, fields: [amount_minor]}
    measures:
      took: {timed: told.amount_minor, at: won}
    """,
    kpi="""\
    took:
      title: Time
      group: health
      goal: Fast.
      owner: all
      unit: seconds
      good: down
      windows: [24h]
      gauge: crm_took_seconds
      series:
        - {formula: mean(took), gauge: crm_took_seconds_mean}
        - {formula: "quantile(took, 0.9)"}
    """,
)


def test_a_duration_that_is_told_has_sum_bucket_and_number_at_its_time() -> None:
    ledger = Ledger(TIMED).take(deal_won("a", at="10:00", amount_minor=1_500), deal_won("b", amount_minor=0))
    assert ledger.sum("took.sum", "10:00", "10:01", "minute") == 1_500
    assert ledger.sum(f"took.b{bucket(1_500)}") == ledger.sum("took.b0") == 1
    assert ledger.sum("took.n") == 2


def test_a_duration_that_is_corrected_leaves_its_bucket() -> None:
    corrected = deal_won("a", at="10:00", amount_minor=90_000, revision=1)
    ledger = in_any_order([deal_won("a", at="10:00", amount_minor=1_500), corrected], TIMED)
    assert (ledger.sum("took.sum"), ledger.sum("took.n")) == (90_000, 1)
    assert ledger.sum(f"took.b{bucket(1_500)}") == 0


def test_a_duration_that_is_told_reads_as_mean_and_quantile() -> None:
    ledger = Ledger(TIMED).take(*(deal_won(f"{n}", amount_minor=1_000 * n) for n in range(1, 10)))
    mean = ledger.reading("took", "24h", gauge="crm_took_seconds_mean")
    assert (mean.value, mean.samples) == (5.0, 9)
    p90 = ledger.value("took", "24h", gauge="crm_took_seconds")
    assert p90 is not None and abs(p90 - 9) < 0.9


def test_a_negative_duration_says_nothing() -> None:
    told = plan("""\
        id: response_id
        steps:
          answered: {event: crm.survey.answered}
        registers:
          told: {event: crm.survey.answered, fields: [score]}
        measures:
          took: {timed: told.score, at: answered}
    """)
    ledger = Ledger(told).take(survey_answered("a", kind="csat", score=-5, scale_min=-10))
    assert not ledger.rejects and not ledger.panes


BUSINESS = plan(
    """\
    id: ticket_id
    steps:
      created: {event: crm.ticket.created}
      replied: {event: crm.ticket.replied}
    measures:
      response: {duration: created, to: replied}
      response_business: {duration: created, to: replied, clock: business}
    """,
    business_hours="{time_zone: Europe/Berlin, week: {mon: [09:00-17:00], fri: [09:00-17:00]}}",
)


def test_one_response_has_both_clocks() -> None:
    """Friday 16:30 to Monday 9:30 in Berlin, over the end of summer time."""
    response = [ticket_created("t", "2023-10-27 14:30"), ticket_replied("t", "2023-10-30 08:30")]
    ledger = in_any_order(response, BUSINESS)
    assert ledger.sum("response.sum") == 66 * 3_600_000
    assert ledger.sum("response_business.sum") == 3_600_000
    assert ledger.sum(f"response_business.b{bucket(3_600_000)}") == 1


def test_a_response_out_of_hours_took_no_business_time() -> None:
    ledger = Ledger(BUSINESS).take(
        ticket_created("t", "2023-10-28 14:30"), ticket_replied("t", "2023-10-28 15:30")
    )
    assert (ledger.sum("response_business.sum"), ledger.sum("response_business.b0")) == (0, 1)
