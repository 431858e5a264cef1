-- Membership, moment by moment; who was a member when a window began and is none now.

-- 1. What happened to a customer at one moment. A joining and a leaving at the same moment change nothing.

CREATE TABLE moment AS
SELECT
    customer_id, time_ms,
    bool_or(type = 'crm.customer.activated') AS joins,
    bool_or(type = 'crm.customer.churned') AS leaves,
    -- Of several leavings at once, the first by digest is the one that counts.
    arg_min(churn_kind, stamp) FILTER (type = 'crm.customer.churned') AS leave_kind
FROM event
WHERE type IN ('crm.customer.activated', 'crm.customer.churned')
GROUP BY customer_id, time_ms;

CREATE TABLE membership AS
SELECT
    *,
    coalesce(
        last_value(CASE WHEN joins <> leaves THEN joins END IGNORE NULLS) OVER so_far, false) AS member_after
FROM moment
WINDOW so_far AS (PARTITION BY customer_id ORDER BY time_ms ROWS UNBOUNDED PRECEDING);

-- 2. What remains true at the as-of time. A leaving counts if there was a member to leave:
--    one before, or one that joined in the same moment.

CREATE TABLE customer AS
SELECT
    customer_id,
    arg_max(member_after, time_ms) AS member_now,
    arg_max(leave_kind, time_ms) FILTER (leaves AND (member_before OR joins)) AS last_leave_kind
FROM (
    SELECT *, coalesce(lag(member_after) OVER one_by_one, false) AS member_before
    FROM membership
    WINDOW one_by_one AS (PARTITION BY customer_id ORDER BY time_ms))
GROUP BY customer_id;

CREATE TABLE customer_dimension AS
SELECT
    customer_id,
    earliest(channel, stamp) AS channel,
    earliest(segment, stamp) AS segment,
    earliest(region, stamp) AS region
FROM event
WHERE type IN ('crm.lead.created', 'crm.customer.activated')
GROUP BY customer_id;

-- 3. New customers: the first joining, unless it says that the customer came back.

CREATE VIEW customer_contribution AS
SELECT 'customers_new' AS measure, first_ms AS time_ms, 1 AS value, channel, segment, region
FROM (
    SELECT customer_id, min(time_ms) AS first_ms, arg_min(coalesce(kind, 'new'), stamp) AS first_kind
    FROM event
    WHERE type = 'crm.customer.activated'
    GROUP BY customer_id)
JOIN customer_dimension USING (customer_id)
WHERE first_kind <> 'reactivated';

-- 4. For each window, its members just before it began, with the plan that they had then.

CREATE TABLE cohort AS
SELECT customer_id, "window", start_ms
FROM membership JOIN windows ON time_ms < start_ms
WHERE "window" IN ('30d', '90d', '365d', 'ytd')
GROUP BY ALL
HAVING arg_max(member_after, time_ms);

CREATE TABLE plan_then AS
SELECT customer_id, "window", arg_max(plan, stamp) AS plan
FROM cohort JOIN event USING (customer_id)
WHERE type IN ('crm.lead.created', 'crm.customer.activated') AND plan IS NOT NULL AND time_ms < start_ms
GROUP BY customer_id, "window";

CREATE VIEW customer_in_window AS
SELECT * EXCLUDE (counts)
FROM (
    SELECT
        unnest([
            {'measure': 'customers_then', 'counts': true},
            {'measure': 'customers_lost', 'counts': NOT member_now},
            {'measure': 'customers_lost_' || last_leave_kind, 'counts': NOT member_now}
        ], recursive := true),
        "window", start_ms AS time_ms, 1 AS value,
        coalesce(channel, 'unknown') AS channel,
        coalesce(segment, 'unknown') AS segment,
        coalesce(region, 'unknown') AS region,
        coalesce(plan, 'unknown') AS plan
    FROM cohort
    JOIN customer USING (customer_id)
    LEFT JOIN customer_dimension USING (customer_id)
    LEFT JOIN plan_then USING (customer_id, "window"))
WHERE counts;
