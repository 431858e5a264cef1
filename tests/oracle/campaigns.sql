-- Campaigns, recipient by recipient; what people told of themselves and of others.

-- 1. Touches. A machine's click is none.

INSERT INTO contribution BY NAME
SELECT subject, subject_id, delivered_ms AS time_ms, 1 AS value, unnest(measures) AS measure
FROM (
    SELECT
        subject, subject_id,
        min(time_ms) FILTER (touch = 'delivered') AS delivered_ms,
        list_distinct(list(touch) FILTER (machine IS DISTINCT FROM true)) AS measures
    FROM (SELECT * REPLACE (CASE WHEN touch = 'delivered' THEN false ELSE machine END AS machine) FROM story)
    WHERE subject = 'touch'
    GROUP BY ALL);

INSERT INTO contribution BY NAME
SELECT DISTINCT subject, subject_id, touch || '_7d' AS measure, delivered_ms AS time_ms, 1 AS value
FROM story
JOIN (SELECT subject_id, time_ms AS delivered_ms FROM contribution WHERE measure = 'delivered') USING (subject_id)
WHERE subject = 'touch' AND touch IN ('clicked', 'unsubscribed', 'complained') AND machine IS DISTINCT FROM true
  AND time_ms BETWEEN delivered_ms AND delivered_ms + in_days(7);

-- 2. Conversions.

INSERT INTO contribution BY NAME
SELECT subject, subject_id, converted_ms AS time_ms, unnest([
    {'measure': 'campaign_conversions', 'value': 1::HUGEINT},
    {'measure': 'campaign_revenue',     'value': amount_usd}
], recursive := true)
FROM (
    SELECT subject, subject_id, min(time_ms) AS converted_ms, winning(amount_usd, revision, stamp) AS amount_usd
    FROM story
    WHERE subject = 'conversion'
    GROUP BY ALL);

-- 3. Interactions.

INSERT INTO contribution BY NAME
SELECT subject, subject_id, 1 AS value, unnest([
    {'measure': 'interactions',            'time_ms': min(time_ms)},
    {'measure': 'interactions_meaningful', 'time_ms': min(time_ms) FILTER (meaningful)}
], recursive := true)
FROM story
WHERE subject = 'interaction'
GROUP BY subject, subject_id;
