-- Customers: what they are at each moment, what they did last, and who is lost since a window began.

-- 1. Steps.

CREATE TABLE plan_step AS
SELECT subject, subject_id, time_ms, arg_max(plan, stamp) AS plan
FROM story
WHERE subject = 'customer' AND type IN ('crm.lead.created', 'crm.customer.activated') AND nullif(plan, '') IS NOT NULL
GROUP BY ALL;

INSERT INTO contribution BY NAME
-- New is whose first joining does not say that the customer came back.
SELECT 'customer' AS subject, subject_id, 'customers_new' AS measure, first_ms AS time_ms, 1 AS value
FROM (
    SELECT subject_id, min(time_ms) AS first_ms, arg_min(coalesce(kind, 'new'), stamp) AS first_kind
    FROM story
    WHERE subject = 'customer' AND type = 'crm.customer.activated'
    GROUP BY subject_id)
WHERE first_kind <> 'reactivated'
UNION ALL BY NAME
SELECT subject, subject_id, unnest([
    {'measure': 'references_asked',  'value': 1, 'time_ms': asked_ms},
    {'measure': 'references_agreed', 'value': 1, 'time_ms': CASE WHEN agreed_ms IS NOT NULL THEN asked_ms END}
], recursive := true)
FROM (
    SELECT
        subject, subject_id,
        min(time_ms) FILTER (state = 'requested') AS asked_ms,
        min(time_ms) FILTER (state = 'agreed') AS agreed_ms
    FROM story
    WHERE type = 'crm.reference.changed'
    GROUP BY ALL);

-- 2. Monthly amounts. A subscription is worth its latest `after`, nothing while it is paused; before its first
--    event it was worth what that event says. Where several events of one moment differ and one of them leaves
--    all as it was, that one stands; else the last by digest does.

CREATE TABLE subscription_course AS
WITH told AS (
    SELECT
        subject_id, subscription_id, time_ms,
        list(DISTINCT now_usd) AS said, arg_max(now_usd, stamp) AS last_said,
        arg_min(mrr_before_usd, stamp) AS before_usd
    FROM (
        SELECT *, CASE WHEN change = 'paused' THEN 0 ELSE mrr_after_usd END AS now_usd
        FROM story
        WHERE subject = 'customer' AND type = 'crm.subscription.changed')
    GROUP BY ALL
    UNION ALL
    -- Of an erased customer nothing goes on.
    SELECT subject_id, subscription_id, greatest(erased_ms, max(time_ms) + 1), [0], 0, NULL
    FROM story JOIN erased USING (subject_id)
    WHERE subject = 'customer' AND type = 'crm.subscription.changed'
    GROUP BY subject_id, subscription_id, erased_ms),
resolved AS (
    SELECT *, coalesce(lag(last_said) OVER by_time, before_usd) AS was FROM told
    WINDOW by_time AS (PARTITION BY subject_id, subscription_id ORDER BY time_ms))
SELECT
    subject_id, subscription_id, time_ms,
    CASE WHEN list_contains(said, was) THEN was ELSE last_said END AS amount_usd
FROM resolved
UNION ALL
SELECT subject_id, subscription_id, always(), arg_min(before_usd, time_ms) FROM told GROUP BY ALL;

-- The sum over a customer's subscriptions, net at each moment.
CREATE TABLE mrr_course AS
SELECT subject_id, time_ms, sum(sum(change)) OVER (PARTITION BY subject_id ORDER BY time_ms) AS mrr
FROM (
    SELECT subject_id, time_ms, amount_usd - coalesce(lag(amount_usd) OVER by_time, 0) AS change
    FROM subscription_course
    WINDOW by_time AS (PARTITION BY subject_id, subscription_id ORDER BY time_ms))
GROUP BY subject_id, time_ms;

INSERT INTO contribution BY NAME
SELECT
    'customer' AS subject, subject_id, time_ms, abs(mrr - was) AS value,
    CASE
        WHEN was = 0 AND NOT had_before THEN 'mrr_new'
        WHEN was = 0 THEN 'mrr_reactivated'
        WHEN mrr = 0 THEN 'mrr_churned'
        WHEN mrr > was THEN 'mrr_expansion'
        ELSE 'mrr_contraction'
    END AS measure
FROM (
    SELECT *, lag(mrr) OVER by_time AS was, coalesce(bool_or(mrr > 0) OVER earlier, false) AS had_before
    FROM mrr_course
    WINDOW
        by_time AS (PARTITION BY subject_id ORDER BY time_ms),
        earlier AS (PARTITION BY subject_id ORDER BY time_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
WHERE mrr <> was;

-- 3. Levels, moment by moment: of their own, whether the customer is a member, and of which plan.

CREATE TABLE own_course AS
SELECT subject_id, 'customers' AS measure, time_ms, is_on::HUGEINT AS own, false AS of_members
FROM switched WHERE key = 'member'
UNION ALL
SELECT subject_id, 'mrr', time_ms, mrr, false FROM mrr_course
UNION ALL
SELECT subject_id, key, time_ms, is_on::HUGEINT, true
FROM switched WHERE subject = 'customer' AND key <> 'member'
UNION ALL
-- Consent to anything: at each moment the number of purposes that are granted, at most 1.
SELECT subject_id, 'consented', time_ms, least(sum(sum(change)) OVER (PARTITION BY subject_id ORDER BY time_ms), 1), true
FROM (
    SELECT subject_id, time_ms, is_on::HUGEINT - coalesce(lag(is_on::HUGEINT) OVER by_time, 0) AS change
    FROM switched
    WHERE key LIKE 'consented\_%' ESCAPE '\'
    WINDOW by_time AS (PARTITION BY subject_id, key ORDER BY time_ms))
GROUP BY subject_id, time_ms;

CREATE TABLE customer_course AS
WITH moment AS (
    SELECT subject_id, measure, of_members, time_ms FROM own_course
    UNION
    SELECT subject_id, measure, of_members, other.time_ms
    FROM (SELECT DISTINCT subject_id, measure, of_members FROM own_course)
    JOIN (
        SELECT subject_id, time_ms FROM switched WHERE key = 'member'
        UNION SELECT subject_id, time_ms FROM plan_step) AS other USING (subject_id)),
filled AS (
    SELECT
        subject_id, measure, of_members, time_ms,
        coalesce(last_value(own IGNORE NULLS) OVER so_far, 0) AS own,
        coalesce(last_value(is_on IGNORE NULLS) OVER so_far, false) AS is_member,
        coalesce(last_value(plan IGNORE NULLS) OVER so_far, 'unknown') AS plan
    FROM moment
    LEFT JOIN own_course USING (subject_id, measure, of_members, time_ms)
    LEFT JOIN (SELECT subject_id, time_ms, is_on FROM switched WHERE key = 'member') USING (subject_id, time_ms)
    LEFT JOIN plan_step USING (subject_id, time_ms)
    WINDOW so_far AS (PARTITION BY subject_id, measure ORDER BY time_ms ROWS UNBOUNDED PRECEDING))
SELECT subject_id, measure, time_ms, plan, CASE WHEN of_members AND NOT is_member THEN 0 ELSE own END AS value
FROM filled;

INSERT INTO contribution BY NAME
SELECT 'customer' AS subject, subject_id, measure, time_ms, value, plan FROM customer_course
UNION ALL BY NAME
SELECT
    'customer' AS subject, subject_id, measure, time_ms,
    -lag(value) OVER by_time AS value, lag(plan) OVER by_time AS plan
FROM customer_course
WINDOW by_time AS (PARTITION BY subject_id, measure ORDER BY time_ms)
QUALIFY value IS NOT NULL;

-- 4. What a customer did last, if it lies in the window that ends now; in the slices of now.

INSERT INTO contribution BY NAME
WITH last_act AS (
    SELECT
        subject_id,
        max(time_ms) FILTER (type = 'crm.interaction.logged' AND meaningful) AS active_ms,
        max(time_ms) FILTER (type = 'crm.order.paid') AS ordered_ms,
        max(time_ms) FILTER (type = 'crm.referral.made') AS referred_ms,
        count(DISTINCT order_id) FILTER (type = 'crm.order.paid') AS orders
    FROM story
    WHERE subject = 'customer'
    GROUP BY subject_id),
member AS (
    SELECT subject_id, arg_max(is_on, time_ms) AS is_member FROM switched WHERE key = 'member' GROUP BY subject_id),
plan AS (
    SELECT subject_id, arg_max(plan, time_ms) AS plan FROM plan_step GROUP BY subject_id)
SELECT 'customer' AS subject, subject_id, coalesce(plan, 'unknown') AS plan, unnest([
    {'measure': 'engaged',      'value': 1, 'time_ms': CASE WHEN is_member THEN active_ms END},
    {'measure': 'referrers',    'value': 1, 'time_ms': CASE WHEN is_member THEN referred_ms END},
    {'measure': 'buyers',       'value': 1, 'time_ms': ordered_ms},
    {'measure': 'buyers_again', 'value': 1, 'time_ms': CASE WHEN orders >= 2 THEN ordered_ms END}
], recursive := true)
FROM last_act LEFT JOIN member USING (subject_id) LEFT JOIN plan USING (subject_id);

-- 5. Then and now: what customers were when a window began, and what they are when it ends, in the slice of the
--    plan that they had then. The kind is that of the last leaving before the end.

CREATE TABLE then_and_now AS
WITH cohort AS (
    SELECT "window", maturity, side, start_ms, end_ms, subject_id, measure,
        arg_max(value, time_ms) FILTER (time_ms < start_ms) AS value_then,
        arg_max(plan, time_ms) FILTER (time_ms < start_ms) AS plan,
        arg_max(value, time_ms) AS value_now
    FROM customer_course JOIN scope ON time_ms < end_ms
    WHERE measure IN ('customers', 'mrr') AND maturity = ''
      AND (("window" IN ('30d', '90d', '365d') AND side IN ('now', 'whole', 'before'))
           OR ("window" = 'ytd' AND side = 'now'))
    GROUP BY ALL
    HAVING value_then > 0),
leaving AS (
    -- Of several leavings at once, the first by digest; it counts if there was a member to leave.
    -- To be erased is to leave for an unknown reason.
    SELECT switched.subject_id, switched.time_ms, coalesce(arg_min(churn_kind, stamp), 'unknown') AS kind
    FROM switched
    LEFT JOIN (FROM story WHERE subject = 'customer' AND type = 'crm.customer.churned') AS churned
        USING (subject_id, time_ms)
    WHERE switched.subject = 'customer' AND key = 'member' AND offs AND (was_on OR ons)
    GROUP BY ALL)
SELECT "window", maturity, side, 'customer' AS subject, cohort.subject_id, plan, unnest([
    {'measure': 'customers_lost', 'value': 1::HUGEINT, 'counts': measure = 'customers' AND value_now = 0},
    {'measure': 'customers_lost_' || kind, 'value': 1, 'counts': measure = 'customers' AND value_now = 0},
    {'measure': 'mrr_kept', 'value': value_now, 'counts': measure = 'mrr'},
    {'measure': 'mrr_kept_gross', 'value': least(value_then, value_now), 'counts': measure = 'mrr'}
], recursive := true)
FROM cohort
ASOF LEFT JOIN leaving ON cohort.subject_id = leaving.subject_id AND leaving.time_ms < cohort.end_ms;
