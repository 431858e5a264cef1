-- Orders and their refunds, which count at the order; costs spread over their days; benefits.

-- 1. Orders.

CREATE TABLE refund AS
SELECT subject_id, sum(amount_usd) AS refunded_usd
FROM (
    -- A refund without an id is known by its event.
    SELECT subject_id, winning(amount_usd, revision, stamp) AS amount_usd
    FROM story
    WHERE type = 'crm.refund.issued'
    GROUP BY subject_id, coalesce(nullif(refund_id, ''), digest))
GROUP BY subject_id;

INSERT INTO contribution BY NAME
SELECT subject, subject_id, paid_ms AS time_ms, unnest([
    {'measure': 'orders',      'value': 1::HUGEINT},
    {'measure': 'sales_gross', 'value': payment.amount_usd},
    {'measure': 'refunds',     'value': coalesce(refunded_usd, 0)},
    {'measure': 'sales',       'value': payment.amount_usd - coalesce(refunded_usd, 0)},
    -- Only of orders whose cost of goods is known.
    {'measure': 'sales_costed',
     'value': CASE WHEN payment.cost_of_goods_usd IS NOT NULL THEN payment.amount_usd - coalesce(refunded_usd, 0) END},
    {'measure': 'cost_of_goods', 'value': payment.cost_of_goods_usd}
], recursive := true)
FROM (
    SELECT
        subject, subject_id, min(time_ms) AS paid_ms,
        winning({'amount_usd': amount_usd, 'cost_of_goods_usd': cost_of_goods_usd}, revision, stamp) AS payment
    FROM story
    WHERE subject = 'order' AND type = 'crm.order.paid'
    GROUP BY ALL)
LEFT JOIN refund USING (subject_id);

-- 2. Costs: one event per cost decides. Day d of a period gets what the first d + 1 days make together, less
--    what the first d do: whole numbers that add up. It counts from the first instant of its day.

INSERT INTO contribution BY NAME
SELECT
    subject, subject_id, day.start_ms AS time_ms,
    amount_usd * (d + 1) // days - amount_usd * d // days AS value,
    'cost_' || CASE WHEN category IN ('crm_software', 'crm_people') THEN 'crm' ELSE category END AS measure
FROM (
    SELECT subject, subject_id, unnest(booking), unnest(range(booking.days)) AS d
    FROM (
        SELECT subject, subject_id, winning({
            'category': category, 'amount_usd': amount_usd,
            'first_day': coalesce(period_start, local_time(time_ms)::DATE),
            'days': coalesce(period_end - period_start + 1, 1)}, revision, stamp) AS booking
        FROM story
        WHERE subject = 'cost'
        GROUP BY ALL))
JOIN day ON day.day = first_day + d::INTEGER;

-- 3. Benefits.

INSERT INTO contribution BY NAME
SELECT
    subject, subject_id, 'benefits' AS measure, min(time_ms) AS time_ms,
    winning(amount_usd, revision, stamp) AS value
FROM story
WHERE subject = 'benefit'
GROUP BY ALL;
