-- From contributions to readings: the KPIs as a table, one generic windowing, one generic formula.

-- 1. The KPIs (KPIS.md, section 2). A formula is a list of measures to be added, or with a minus taken away.
--    form: ratio n/d · cost n/d, money, none if nothing was spent · points 100 n/d · count · money · open
--          mean, quantile: of a duration · oldest: the age of the oldest that is open

CREATE MACRO windows_of(letter) AS string_split(
    CASE letter
        WHEN 'M' THEN '5m 15m 1h 24h 7d 28d 30d 90d 365d mtd qtd'
        WHEN 'W' THEN '1h 24h 7d 28d 30d 90d 365d mtd qtd'
        WHEN 'Y' THEN '1h 24h 7d 28d 30d 90d 365d mtd qtd ytd'
        ELSE letter
    END, ' ');

CREATE MACRO dimensions_of(letter) AS string_split(
    CASE letter
        WHEN 'L' THEN 'all channel segment region team'
        WHEN 'D' THEN 'all channel product_id segment region team'
        WHEN 'T' THEN 'all channel product_id segment region team'
        WHEN 'A' THEN 'all channel product_id segment region team'
        WHEN 'C' THEN 'all channel segment region plan'
        WHEN 'K' THEN 'all channel segment region'
    END, ' ');

CREATE TABLE kpi AS
SELECT
    kpi, gauge, labels, form, numerator, denominator,
    windows_of(windows) AS windows, dimensions_of(dimensions) AS dimensions
FROM (VALUES
    ('lead_conversion',           'crm_lead_conversion_ratio',           'state=provisional', 'ratio',
        'leads_converted',        'leads',                               'W', 'L'),
    ('lead_conversion_in_period', 'crm_lead_conversion_in_period_ratio', '',                  'ratio',
        'conversions',            'leads',                               'W', 'L'),
    ('lead_acceptance',           'crm_lead_acceptance_ratio',           '',                  'ratio',
        'leads_accepted',         'leads_mql',                           'W', 'L'),
    ('lead_volume',               'crm_leads',                           '',                  'count',
        'leads',                  '',                                    'W', 'L'),
    ('lead_response',             'crm_lead_response_seconds',           'clock=calendar',    'quantile',
        'lead_response',          '',                                    'M', 'L'),
    ('lead_response',             'crm_lead_response_seconds_mean',      'clock=calendar',    'mean',
        'lead_response',          '',                                    'M', 'L'),
    ('leads_waiting',             'crm_leads_waiting',                   '',                  'count',
        'leads_waiting',          '',                                    'now', 'L'),
    ('leads_waiting',             'crm_leads_waiting_oldest_seconds',    '',                  'oldest',
        'leads_waiting',          '',                                    'now', 'L'),
    ('win_rate',                  'crm_win_ratio',                       '',                  'ratio',
        'deals_won',              'deals_won deals_lost',                'W', 'D'),
    ('revenue',                   'crm_revenue',                         'currency=USD',      'money',
        'revenue',                '',                                    'Y', 'D'),
    ('sales_cycle',               'crm_sales_cycle_seconds',             '',                  'quantile',
        'deal_cycle',             '',                                    'W', 'D'),
    ('sales_cycle',               'crm_sales_cycle_seconds_mean',        '',                  'mean',
        'deal_cycle',             '',                                    'W', 'D'),
    ('cost_per_lead',             'crm_cost_per_lead',                   'currency=USD',      'cost',
        'cost_marketing',         'leads',                               '28d 30d 90d 365d mtd qtd ytd', 'K'),
    ('cac',                       'crm_cac',                             'currency=USD',      'cost',
        'cost_marketing cost_sales', 'customers_new',                    '30d 90d 365d ytd', 'K'),
    ('retention',                 'crm_retention_ratio',                 '',                  'ratio',
        'customers_then -customers_lost', 'customers_then',              '30d 90d 365d ytd', 'C'),
    ('churn',                     'crm_churn_ratio',                     'kind=all',          'ratio',
        'customers_lost',         'customers_then',                      '30d 90d 365d ytd', 'C'),
    ('churn',                     'crm_churn_ratio',                     'kind=voluntary',    'ratio',
        'customers_lost_voluntary', 'customers_then',                    '30d 90d 365d ytd', 'C'),
    ('churn',                     'crm_churn_ratio',                     'kind=involuntary',  'ratio',
        'customers_lost_involuntary', 'customers_then',                  '30d 90d 365d ytd', 'C'),
    ('churn',                     'crm_churn_ratio',                     'kind=unknown',      'ratio',
        'customers_lost_unknown', 'customers_then',                      '30d 90d 365d ytd', 'C'),
    ('nps',                       'crm_nps_points',                      '',                  'points',
        'nps_promoters -nps_detractors', 'nps_answers',                  'W', 'A'),
    ('csat',                      'crm_csat_ratio',                      '',                  'ratio',
        'csat_satisfied',         'csat_answers',                        'W', 'A'),
    ('first_response',            'crm_first_response_seconds',          'clock=calendar',    'quantile',
        'first_response',         '',                                    'M', 'T'),
    ('first_response',            'crm_first_response_seconds_mean',     'clock=calendar',    'mean',
        'first_response',         '',                                    'M', 'T'),
    ('resolution',                'crm_resolution_seconds',              '',                  'quantile',
        'resolution',             '',                                    'M', 'T'),
    ('resolution',                'crm_resolution_seconds_mean',         '',                  'mean',
        'resolution',             '',                                    'M', 'T'),
    ('first_contact_resolution',  'crm_first_contact_resolution_ratio',  'state=provisional', 'ratio',
        'tickets_first_contact',  'tickets_resolved',                    'W', 'T'),
    ('reopen_rate',               'crm_reopen_ratio',                    'state=provisional', 'ratio',
        'tickets_reopened',       'tickets_resolved',                    'W', 'T'),
    ('backlog',                   'crm_tickets_open',                    '',                  'count',
        'tickets_open',           '',                                    'now', 'T'),
    ('backlog',                   'crm_tickets_open_oldest_seconds',     '',                  'oldest',
        'tickets_open',           '',                                    'now', 'T')
) AS declared(kpi, gauge, labels, form, numerator, denominator, windows, dimensions);

-- A formula, term by term.
CREATE TABLE term AS
SELECT
    kpi, gauge, labels, side,
    ltrim(signed, '-') AS measure, CASE WHEN signed LIKE '-%' THEN -1 ELSE 1 END AS sign
FROM (
    SELECT kpi, gauge, labels, 'numerator' AS side, unnest(string_split(numerator, ' ')) AS signed FROM kpi
    UNION ALL
    SELECT kpi, gauge, labels, 'denominator', unnest(string_split(denominator, ' ')) FROM kpi)
WHERE signed <> '';

-- 2. One windowing for all. A contribution is in a window if it lies between its start and the as-of time.

CREATE TABLE contribution AS
SELECT * FROM lead_contribution
UNION ALL BY NAME SELECT * FROM deal_contribution
UNION ALL BY NAME SELECT * FROM customer_contribution
UNION ALL BY NAME SELECT * FROM cost_contribution
UNION ALL BY NAME SELECT * FROM ticket_contribution
UNION ALL BY NAME SELECT * FROM answer_contribution;

CREATE TABLE wanted AS
SELECT DISTINCT measure, "window", start_ms, now_ms
FROM term
JOIN (SELECT kpi, gauge, labels, unnest(windows) AS "window" FROM kpi) USING (kpi, gauge, labels)
JOIN windows USING ("window");

CREATE VIEW in_window AS
SELECT contribution.*, "window"
FROM contribution JOIN wanted USING (measure)
WHERE time_ms BETWEEN start_ms AND now_ms
UNION ALL BY NAME SELECT * FROM customer_in_window;

-- Every contribution counts in the whole and in one member of each dimension that its subject keeps.
CREATE VIEW slice AS
SELECT *
FROM (
    SELECT
        measure, "window", time_ms, value,
        unnest([
            {'dimension': 'all',        'member': 'all'},
            {'dimension': 'channel',    'member': channel},
            {'dimension': 'product_id', 'member': product_id},
            {'dimension': 'segment',    'member': segment},
            {'dimension': 'region',     'member': region},
            {'dimension': 'plan',       'member': plan},
            {'dimension': 'team',       'member': team}
        ], recursive := true)
    FROM in_window)
WHERE member IS NOT NULL;

CREATE TABLE total AS
SELECT
    measure, "window", dimension, member,
    sum(value) AS total,
    count(*) AS n,
    min(time_ms) AS oldest_ms,
    list_sort(list(value) FILTER (measure IN ('lead_response', 'deal_cycle', 'first_response', 'resolution')))
        AS durations_ms
FROM slice
GROUP BY ALL;

-- 3. Readings: every KPI in every window of its own, over the whole and every member that was seen.

CREATE TABLE place AS
SELECT DISTINCT kpi, gauge, labels, "window", dimension, member
FROM (
    SELECT kpi, gauge, labels, unnest(windows) AS "window", 'all' AS dimension, 'all' AS member FROM kpi
    UNION ALL
    SELECT kpi, gauge, labels, "window", dimension, member FROM term JOIN total USING (measure))
JOIN kpi USING (kpi, gauge, labels)
WHERE list_contains(kpi.windows, "window") AND list_contains(kpi.dimensions, dimension);

CREATE TABLE evaluated AS
SELECT
    place.*, kpi.form,
    coalesce(sum(sign * total) FILTER (side = 'numerator'), 0) AS numerator,
    coalesce(sum(sign * total) FILTER (side = 'denominator'), 0) AS denominator,
    coalesce(sum(n) FILTER (side = 'numerator'), 0) AS samples,
    min(oldest_ms) AS oldest_ms,
    any_value(durations_ms) AS durations_ms
FROM place
JOIN kpi USING (kpi, gauge, labels)
LEFT JOIN term USING (kpi, gauge, labels)
LEFT JOIN total USING (measure, "window", dimension, member)
GROUP BY ALL;

CREATE MACRO ceiling_of_hundredths(n) AS ((n + 99) // 100)::BIGINT;

CREATE VIEW reading AS
SELECT kpi, gauge, labels, "window", dimension, member, form,
    numerator,
    CASE WHEN form IN ('ratio', 'points', 'cost') THEN denominator END AS denominator,
    NULL AS samples, NULL AS duration_ms
FROM evaluated WHERE form IN ('ratio', 'points', 'cost', 'count', 'money')
UNION ALL BY NAME
SELECT kpi, gauge, labels, "window", dimension, member, form, numerator, samples AS denominator
FROM evaluated WHERE form = 'mean'
UNION ALL BY NAME
SELECT kpi, gauge, labels, "window", dimension, member, form, getvariable('as_of_ms') - oldest_ms AS numerator
FROM evaluated WHERE form = 'oldest'
UNION ALL BY NAME
SELECT kpi, gauge, 'quantile=' || quantile || ' ' || labels AS labels, "window", dimension, member, form,
    samples, durations_ms[ceiling_of_hundredths(percent * samples)] AS duration_ms
FROM evaluated, (VALUES ('0.5', 50), ('0.9', 90), ('0.99', 99)) AS quantile(quantile, percent)
WHERE form = 'quantile';
