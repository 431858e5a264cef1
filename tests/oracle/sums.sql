-- One windowing for all: every measure over every scope, for the whole and each member of each dimension.
-- In:  `contribution`, `outage`, `then_and_now`, `scope`, `edge`.
-- Out: `quantity`: per scope, slice and measure the sum and the number of contributions, and the level at the
--      edges; `duration`, `open_since`: what quantiles and ages are read from.

DELETE FROM contribution WHERE time_ms IS NULL OR value IS NULL OR time_ms > getvariable('as_of_ms');

-- 1. Slices: the whole, and one member of each dimension. The plan is the one of that time.

CREATE MACRO escaped(member) AS replace(replace(member, '\', '\\'), ',', '\,');
CREATE MACRO slices(channel, product_id, segment, region, team, campaign_id, component, plan) AS [
    {'dimension': 'all',             'member': 'all'},
    {'dimension': 'channel',         'member': channel},
    {'dimension': 'product_id',      'member': product_id},
    {'dimension': 'segment',         'member': segment},
    {'dimension': 'region',          'member': region},
    {'dimension': 'team',            'member': team},
    {'dimension': 'campaign_id',     'member': campaign_id},
    {'dimension': 'component',       'member': component},
    {'dimension': 'plan',            'member': plan},
    {'dimension': 'channel_segment', 'member': escaped(channel) || ',' || escaped(segment)}];
CREATE MACRO known(member) AS coalesce(member, 'unknown');

CREATE TABLE counted AS
SELECT
    contribution.subject, contribution.subject_id, measure, contribution.time_ms, value, edge_no,
    known(channel) AS channel, known(product_id) AS product_id, known(segment) AS segment,
    known(region) AS region, known(team) AS team, known(campaign_id) AS campaign_id,
    known(component) AS component, coalesce(contribution.plan, plan_step.plan, 'unknown') AS plan
FROM contribution
LEFT JOIN dimension_of USING (subject, subject_id)
ASOF LEFT JOIN plan_step
    ON contribution.subject = plan_step.subject AND contribution.subject_id = plan_step.subject_id
    AND contribution.time_ms >= plan_step.time_ms
-- Between which two edges it lies.
ASOF JOIN edge ON contribution.time_ms >= edge.at_ms;

-- 2. Sums between neighbouring edges, then running ones: what was counted before each edge.

CREATE TABLE between_edges AS
SELECT measure, edge_no, dimension, member, sum(total) AS total, sum(n) AS n
FROM (
    SELECT subject, measure, edge_no, total, n,
        unnest(slices(channel, product_id, segment, region, team, campaign_id, component, plan), recursive := true)
    FROM (
        SELECT * EXCLUDE (subject_id, time_ms, value), sum(value) AS total, count(*) AS n
        FROM counted GROUP BY ALL))
SEMI JOIN sliced_by USING (subject, dimension)
GROUP BY ALL;

CREATE TABLE before_edge AS
SELECT
    measure, dimension, member, edge_no,
    coalesce(sum(total) OVER earlier, 0) AS total, coalesce(sum(n) OVER earlier, 0) AS n
FROM (SELECT DISTINCT measure, dimension, member FROM between_edges)
CROSS JOIN edge
LEFT JOIN between_edges USING (measure, dimension, member, edge_no)
WINDOW earlier AS (
    PARTITION BY measure, dimension, member ORDER BY edge_no
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);

-- Few measures are read when they have matured.
CREATE TABLE read_when AS
SELECT maturity, unnest(string_split(measures, ' ')) AS measure
FROM (VALUES
    ('30d', 'leads leads_converted_30d'),
    ('1h',  'leads_clocked leads_answered_1h'),
    ('5m',  'leads_clocked leads_answered_5m'),
    ('14d', 'surveys_sent surveys_answered_14d'),
    ('7d',  'tickets_resolved tickets_first_contact_7d tickets_reopened_7d delivered clicked_7d unsubscribed_7d complained_7d')
) AS matured(maturity, measures);

CREATE TABLE quantity AS
SELECT
    "window", maturity, side, dimension, member, measure, covered_ms,
    finish.total - start.total AS total, finish.n - start.n AS n,
    start.total AS at_start, finish.total AS at_end
FROM scope
JOIN edge AS first ON first.at_ms = scope.start_ms
JOIN edge AS last ON last.at_ms = scope.end_ms
JOIN before_edge AS start ON start.edge_no = first.edge_no
JOIN before_edge AS finish USING (measure, dimension, member)
WHERE finish.edge_no = last.edge_no
  AND (maturity = '' OR (maturity, measure) IN (SELECT (maturity, measure) FROM read_when))
  -- Of the window before, only growth asks for the one before that.
  AND (side NOT IN ('then', 'before then') OR measure = 'revenue');

-- 3. What is no sum of contributions: outages cut to the window; then against now.

INSERT INTO quantity BY NAME
SELECT "window", maturity, side, covered_ms, dimension, member, 'downtime' AS measure, sum(cut_ms) AS total
FROM (
    SELECT "window", maturity, side, covered_ms,
        least(to_ms, start_ms + covered_ms) - greatest(from_ms, start_ms) AS cut_ms,
        unnest([{'dimension': 'all', 'member': 'all'}, {'dimension': 'component', 'member': component}],
               recursive := true)
    FROM outage JOIN dimension_of USING (subject, subject_id)
    JOIN scope ON from_ms < start_ms + covered_ms AND to_ms > start_ms
    WHERE maturity = '' AND side IN ('now', 'whole', 'before'))
GROUP BY ALL
UNION ALL BY NAME
SELECT "window", maturity, side, covered_ms, dimension, member, measure, sum(value) AS total
FROM (
    SELECT subject, "window", maturity, side, covered_ms, measure, value, unnest(slices(
        known(channel), known(product_id), known(segment), known(region), known(team), known(campaign_id),
        known(component), known(plan)), recursive := true)
    FROM then_and_now
    JOIN scope USING ("window", maturity, side)
    LEFT JOIN dimension_of USING (subject, subject_id)
    WHERE counts)
SEMI JOIN sliced_by USING (subject, dimension)
GROUP BY ALL;

-- 4. Durations one by one; and what is open, since when.

CREATE TABLE open_since AS
SELECT measure, dimension, member, min(since_ms) AS oldest_ms
FROM (
    SELECT subject, measure, since_ms,
        unnest(slices(channel, product_id, segment, region, team, campaign_id, component, plan), recursive := true)
    FROM (
        SELECT * EXCLUDE (value, time_ms, edge_no), max(time_ms) AS since_ms
        FROM counted
        WHERE measure IN ('leads_waiting', 'tickets_open', 'erasures_waiting')
        GROUP BY ALL
        HAVING sum(value) > 0))
SEMI JOIN sliced_by USING (subject, dimension)
GROUP BY ALL;

CREATE TABLE duration AS
SELECT "window", maturity, side, dimension, member, measure, list_sort(list(value)) AS durations_ms
FROM (
    SELECT subject, "window", maturity, side, measure, value,
        unnest(slices(channel, product_id, segment, region, team, campaign_id, component, plan), recursive := true)
    FROM counted JOIN scope ON time_ms >= start_ms AND time_ms < end_ms
    WHERE maturity = '' AND side IN ('now', 'whole', 'before') AND "window" <> 'now'
      AND measure IN (
          'lead_response', 'lead_response_business', 'lead_to_customer', 'deal_cycle', 'first_response',
          'first_response_business', 'resolution', 'request_time', 'erasure_time'))
SEMI JOIN sliced_by USING (subject, dimension)
GROUP BY ALL;
