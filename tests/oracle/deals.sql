-- One row per deal with its times, then what it contributes.

CREATE TABLE deal_step AS
SELECT
    deal_id,
    min(time_ms) FILTER (type = 'crm.deal.created') AS created_ms,
    max(time_ms) FILTER (type = 'crm.deal.won') AS last_won_ms,
    max(time_ms) FILTER (type = 'crm.deal.lost') AS last_lost_ms,
    max(time_ms) FILTER (type = 'crm.deal.stage_changed') AS last_stage_ms,
    -- The amount is a register: the greatest revision, then time, then digest wins.
    arg_max(amount_usd, {'revision': revision, 'stamp': stamp}) FILTER (type = 'crm.deal.won') AS won_usd,
    earliest(channel, stamp) AS channel,
    earliest(product_id, stamp) AS product_id,
    earliest(segment, stamp) AS segment,
    earliest(region, stamp) AS region,
    earliest(team, stamp) AS team
FROM event
WHERE type LIKE 'crm.deal.%'
GROUP BY deal_id;

-- It stands won since its first won after the last lost and not before the last change of stage; lost likewise.
CREATE TABLE deal AS
SELECT
    deal_id,
    min(time_ms) FILTER (type = 'crm.deal.won' AND (last_lost_ms IS NULL OR time_ms > last_lost_ms))
        AS stands_won_ms,
    min(time_ms) FILTER (type = 'crm.deal.lost' AND (last_won_ms IS NULL OR time_ms > last_won_ms))
        AS stands_lost_ms
FROM event JOIN deal_step USING (deal_id)
WHERE type IN ('crm.deal.won', 'crm.deal.lost') AND (last_stage_ms IS NULL OR time_ms >= last_stage_ms)
GROUP BY deal_id;

CREATE VIEW deal_contribution AS
SELECT
    unnest([
        {'measure': 'deals_won',  'time_ms': stands_won_ms,  'value': 1::HUGEINT},
        {'measure': 'deals_lost', 'time_ms': stands_lost_ms, 'value': 1},
        {'measure': 'revenue',    'time_ms': stands_won_ms,  'value': won_usd},
        {'measure': 'deal_cycle', 'time_ms': CASE WHEN stands_won_ms >= created_ms THEN stands_won_ms END,
                                  'value': stands_won_ms - created_ms}
    ], recursive := true),
    channel, product_id, segment, region, team
FROM deal JOIN deal_step USING (deal_id);
