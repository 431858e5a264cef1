-- One row per deal with its times, then what it contributes.

CREATE TABLE stage AS
FROM (VALUES ('qualified', 1, 10), ('meeting', 2, 30), ('proposal', 3, 50), ('negotiation', 4, 75))
    AS declared(stage, place, percent);

CREATE TABLE deal_step AS
SELECT
    subject, subject_id,
    min(time_ms) FILTER (type = 'crm.deal.created') AS created_ms,
    max(time_ms) FILTER (type = 'crm.deal.won') AS last_won_ms,
    max(time_ms) FILTER (type = 'crm.deal.lost') AS last_lost_ms,
    max(time_ms) FILTER (type = 'crm.deal.stage_changed') AS last_stage_ms,
    -- What tells no amount leaves the amount as it was.
    winning(CASE WHEN type IN ('crm.deal.won', 'crm.x.deal.described') THEN amount_usd END, revision, stamp) AS won_usd,
    winning(CASE WHEN type IN ('crm.deal.lost', 'crm.x.deal.described') THEN amount_usd END, revision, stamp) AS lost_usd
FROM story
WHERE subject = 'deal'
GROUP BY subject, subject_id;

-- It stands won since its first won after the last lost and not before the last change of stage; lost likewise.
CREATE TABLE deal_standing AS
SELECT
    subject, subject_id,
    min(time_ms) FILTER (type = 'crm.deal.won' AND (last_lost_ms IS NULL OR time_ms > last_lost_ms)) AS won_ms,
    min(time_ms) FILTER (type = 'crm.deal.lost' AND (last_won_ms IS NULL OR time_ms > last_won_ms)) AS lost_ms
FROM story JOIN deal_step USING (subject, subject_id)
WHERE type IN ('crm.deal.won', 'crm.deal.lost') AND (last_stage_ms IS NULL OR time_ms >= last_stage_ms)
GROUP BY subject, subject_id;

-- Where a deal stood and what it was worth at each moment. A stage that is not declared says nothing.
CREATE TABLE deal_course AS
SELECT
    subject, subject_id, time_ms,
    last_value(amount_usd IGNORE NULLS) OVER so_far AS amount_usd,
    last_value(percent IGNORE NULLS) OVER so_far AS percent
FROM (
    SELECT
        subject, subject_id, time_ms,
        arg_max(amount_usd, stamp) AS amount_usd, arg_max(percent, stamp) AS percent, max(place) AS place
    FROM story
    LEFT JOIN stage ON stage.stage = CASE WHEN type = 'crm.deal.created' THEN story.stage ELSE to_stage END
    WHERE type IN ('crm.deal.created', 'crm.deal.stage_changed', 'crm.x.deal.described')
    GROUP BY ALL)
WINDOW so_far AS (PARTITION BY subject_id ORDER BY time_ms ROWS UNBOUNDED PRECEDING);

CREATE TABLE deal AS
SELECT deal_step.*, won_ms, lost_ms, least(won_ms, lost_ms) AS closed_ms, coalesce(farthest, 0) AS farthest
FROM deal_step
LEFT JOIN deal_standing USING (subject, subject_id)
LEFT JOIN (
    SELECT subject_id, max(place) AS farthest
    FROM story
    JOIN stage ON stage.stage = CASE WHEN type = 'crm.deal.created' THEN story.stage ELSE to_stage END
    WHERE type IN ('crm.deal.created', 'crm.deal.stage_changed')
    GROUP BY subject_id) USING (subject_id);

CREATE MACRO at_creation(holds, deal) AS CASE WHEN holds THEN deal.created_ms END;

INSERT INTO contribution BY NAME
SELECT subject, subject_id, unnest([
    {'measure': 'deals',                     'value': 1::HUGEINT, 'time_ms': created_ms},
    {'measure': 'deals_won',                 'value': 1, 'time_ms': won_ms},
    {'measure': 'deals_lost',                'value': 1, 'time_ms': lost_ms},
    {'measure': 'deals_won_of_created',      'value': 1, 'time_ms': at_creation(won_ms IS NOT NULL, deal)},
    {'measure': 'deals_reached_qualified',   'value': 1, 'time_ms': at_creation(won_ms IS NOT NULL OR farthest >= 1, deal)},
    {'measure': 'deals_reached_meeting',     'value': 1, 'time_ms': at_creation(won_ms IS NOT NULL OR farthest >= 2, deal)},
    {'measure': 'deals_reached_proposal',    'value': 1, 'time_ms': at_creation(won_ms IS NOT NULL OR farthest >= 3, deal)},
    {'measure': 'deals_reached_negotiation', 'value': 1, 'time_ms': at_creation(won_ms IS NOT NULL OR farthest >= 4, deal)},
    {'measure': 'revenue',                   'value': won_usd, 'time_ms': won_ms},
    {'measure': 'revenue_lost',              'value': lost_usd, 'time_ms': lost_ms},
    {'measure': 'deal_cycle',                'value': won_ms - created_ms,
     'time_ms': CASE WHEN won_ms >= created_ms THEN won_ms END}
], recursive := true)
FROM deal;

-- The pipeline follows amount and stage until the deal is closed, as it stands now: who was lost and is open
-- again was never gone.
INSERT INTO contribution BY NAME
WITH worth AS (
    SELECT subject, subject_id, time_ms, unnest([
        {'measure': 'pipeline', 'now': coalesce(amount_usd, 0)},
        {'measure': 'pipeline_weighted', 'now': coalesce(amount_usd * percent // 100, 0)}
    ], recursive := true)
    FROM (
        SELECT subject, subject_id, time_ms, amount_usd, percent
        FROM deal_course JOIN deal USING (subject, subject_id)
        WHERE closed_ms IS NULL OR time_ms < closed_ms
        UNION ALL
        SELECT subject, subject_id, closed_ms, 0, 0 FROM deal WHERE closed_ms IS NOT NULL))
SELECT
    subject, subject_id, measure, time_ms,
    now - coalesce(lag(now) OVER (PARTITION BY subject_id, measure ORDER BY time_ms), 0) AS value
FROM worth;
