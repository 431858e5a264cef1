-- Readings: what is read at the as-of time and, as sides of a comparison, over whole panes of it and before it.

-- 1. Quantiles, exactly: the duration at rank ceil(q * n).

CREATE TABLE timed AS
SELECT kpi, gauge, labels, measure, windows, dimensions
FROM (VALUES
    ('lead_response',    'crm_lead_response_seconds',    'clock=calendar', 'lead_response',           'M', 'L'),
    ('lead_response',    'crm_lead_response_seconds',    'clock=business', 'lead_response_business',  'M', 'L'),
    ('lead_to_customer', 'crm_lead_to_customer_seconds', '',               'lead_to_customer',        'W', 'L'),
    ('sales_cycle',      'crm_sales_cycle_seconds',      '',               'deal_cycle',              'W', 'D'),
    ('first_response',   'crm_first_response_seconds',   'clock=calendar', 'first_response',          'M', 'D'),
    ('first_response',   'crm_first_response_seconds',   'clock=business', 'first_response_business', 'M', 'D'),
    ('resolution',       'crm_resolution_seconds',       '',               'resolution',              'M', 'D'),
    ('request_time',     'crm_request_seconds',          '',               'request_time',            'R', 'P'),
    ('erasure',          'crm_erasure_seconds',          '',               'erasure_time',            'W', 'R')
) AS declared(kpi, gauge, labels, measure, windows, dimensions);

CREATE MACRO ceiling_of_hundredths(n) AS ((n + 99) // 100)::BIGINT;

CREATE TABLE quantiles AS
SELECT
    kpi, gauge, 'quantile=' || quantile || ' ' || labels AS labels, 'quantile' AS form,
    "window", side, dimension, member, 'always' AS compares,
    coalesce(len(durations_ms), 0) AS samples,
    durations_ms[ceiling_of_hundredths(percent * len(durations_ms))] AS duration_ms
FROM timed
JOIN windows_of USING (windows)
JOIN dimensions_of USING (dimensions)
CROSS JOIN (VALUES ('0.5', 50), ('0.9', 90), ('0.99', 99)) AS quantile(quantile, percent)
JOIN (SELECT DISTINCT "window", side, dimension, member FROM quantity
    WHERE maturity = '' AND side IN ('now', 'whole', 'before')) USING ("window", dimension)
LEFT JOIN duration USING (measure, "window", side, dimension, member)
WHERE dimension = 'all' OR (measure, dimension, member) IN (SELECT (measure, dimension, member) FROM duration);

-- 2. The age of the oldest that is open.

CREATE TABLE ages AS
SELECT kpi, gauge, '' AS labels, 'oldest' AS form, 'now' AS "window", 'now' AS side,
    dimension, member, 'never' AS compares, getvariable('as_of_ms') - oldest_ms AS numerator
FROM (VALUES
    ('leads_waiting',    'crm_leads_waiting_oldest_seconds',    'leads_waiting'),
    ('backlog',          'crm_tickets_open_oldest_seconds',     'tickets_open'),
    ('erasures_waiting', 'crm_erasures_waiting_oldest_seconds', 'erasures_waiting')
) AS waiting(kpi, gauge, measure)
LEFT JOIN (
    FROM open_since
    UNION
    SELECT unnest(['leads_waiting', 'tickets_open', 'erasures_waiting']), 'all', 'all', NULL
) USING (measure)
QUALIFY oldest_ms IS NOT NULL OR count(*) OVER (PARTITION BY measure, dimension, member) = 1;

-- 3. Growth: revenue over whole panes against the window before, less one; now, and as it was then.

CREATE TABLE growth AS
SELECT
    'sales_growth' AS kpi, 'crm_sales_growth_ratio' AS gauge, '' AS labels, 'formula' AS form, 'always' AS compares,
    "window", unnest(sides) AS side, dimension, member, later.numerator::DOUBLE / nullif(sooner.numerator, 0) - 1 AS value
FROM (VALUES (['now', 'whole'], 'whole', 'before'), (['before'], 'then', 'before then'))
    AS compared(sides, later_side, sooner_side)
JOIN (FROM evaluated WHERE kpi = 'revenue') AS later ON later.side = later_side
JOIN (FROM evaluated WHERE kpi = 'revenue') AS sooner USING ("window", dimension, member)
WHERE sooner.side = sooner_side;

-- 4. How sure a value is: Wilson's interval of a proportion, adjusted Wald's of the Net Promoter Score (three
--    quarters of an answer more on both sides, three more in all), at 95 %.

CREATE MACRO z() AS 1.959963984540054::DOUBLE;
CREATE MACRO wilson(n, d, sign) AS
    (n / d + z() * z() / (2 * d) + sign * z() * sqrt(n / d * (1 - n / d) / d + z() * z() / (4 * d * d)))
    / (1 + z() * z() / d);
CREATE MACRO adjusted_wald(n, polar, d, sign) AS greatest(-100, least(100,
    100 * (n / (d + 3) + sign * z() * sqrt(((polar + 1.5) / (d + 3) - (n / (d + 3)) ** 2) / (d + 3)))));
CREATE MACRO bound(bounds, n, polar, d, sign) AS
    CASE WHEN d = 0 THEN NULL
         WHEN bounds = 'wilson' AND n BETWEEN 0 AND d THEN wilson(n::DOUBLE, d::DOUBLE, sign)
         WHEN bounds = 'adjusted wald' THEN adjusted_wald(n::DOUBLE, polar::DOUBLE, d::DOUBLE, sign) END;

CREATE VIEW reading AS
SELECT kpi, gauge, labels, "window", dimension, member, side, form,
    numerator, denominator, samples, duration_ms, value,
    bound(bounds, numerator, polar, denominator, -1) AS lower,
    bound(bounds, numerator, polar, denominator, 1) AS upper
FROM (
    FROM evaluated WHERE side IN ('now', 'whole', 'before')
    UNION ALL BY NAME FROM quantiles
    UNION ALL BY NAME FROM ages
    UNION ALL BY NAME FROM growth)
WHERE side = 'now' OR compares = 'always' OR (compares = 'over' AND "window" IN ('30d', '90d', '365d'));
