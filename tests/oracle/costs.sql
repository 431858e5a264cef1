-- Costs: one event per cost decides, and its amount is spread over the days of its period.

CREATE TABLE cost AS
SELECT
    cost_id,
    arg_max(
        {'category': category, 'amount_usd': amount_usd,
         'first_day': coalesce(period_start, make_timestamp(time_ms * 1000)::DATE),
         'days': coalesce(period_end - period_start + 1, 1)},
        {'revision': revision, 'stamp': stamp}) AS winner,
    earliest(channel, stamp) AS channel,
    earliest(segment, stamp) AS segment,
    earliest(region, stamp) AS region
FROM event
WHERE type = 'crm.cost.recorded'
GROUP BY cost_id;

-- Day d gets what the first d + 1 days make together, less what the first d do: whole numbers that add up.
CREATE VIEW cost_contribution AS
SELECT
    'cost_' || category AS measure,
    epoch_ms((first_day + d::INTEGER)::TIMESTAMP) AS time_ms,
    amount_usd * (d + 1) // days - amount_usd * d // days AS value,
    channel, segment, region
FROM (
    SELECT unnest(winner), unnest(range(winner.days)) AS d, channel, segment, region
    FROM cost
    WHERE winner.category IN ('marketing', 'sales'));
