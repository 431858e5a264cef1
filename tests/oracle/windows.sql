-- Where each window begins and ends, in panes of the business time zone.
-- In:  the variables `as_of_ms` and `time_zone`.
-- Out: `day` (local days and their first instants), `scope` (every window, as it is now, in whole panes, the
--      ones before, and the same for readings that mature), `edge` (all their edges in order).

SET TimeZone = 'UTC';

CREATE MACRO local_time(at_ms) AS timezone(getvariable('time_zone'), make_timestamptz((at_ms)::BIGINT * 1000));

-- 1. Local days, whatever clocks do: a day begins at the first instant that bears its date. No zone has moved
--    its clocks by less than a quarter of an hour since 1972.

CREATE MACRO quarter_hours(from_ms, to_ms) AS TABLE
    SELECT at_ms, local_time(at_ms) AS local_at
    FROM range((from_ms)::BIGINT // 900000 * 900000, (to_ms)::BIGINT, 900000) AS quarter(at_ms);

CREATE TABLE day AS
SELECT local_at::DATE AS day, min(at_ms) AS start_ms, lead(min(at_ms)) OVER (ORDER BY day) AS end_ms
FROM quarter_hours(getvariable('as_of_ms') - in_days(840), getvariable('as_of_ms') + in_days(2))
GROUP BY day;

-- 2. Panes, numbered. Hours are counted from the day's first instant.

CREATE TABLE pane AS
SELECT tier, start_ms, row_number() OVER (PARTITION BY tier ORDER BY start_ms) AS n
FROM (
    SELECT 'day' AS tier, start_ms FROM day
    UNION ALL
    SELECT 'hour', unnest(range(start_ms, end_ms, 3600000))
    FROM day WHERE start_ms > getvariable('as_of_ms') - in_days(120)
    UNION ALL
    SELECT 'minute', unnest(range(as_of // 60000 * 60000 - 36000000, as_of + 120000, 60000))
    FROM (SELECT getvariable('as_of_ms')::BIGINT AS as_of));

CREATE VIEW day_pane AS SELECT day, n FROM day JOIN pane USING (start_ms) WHERE tier = 'day';

-- 3. When a reading is taken: now, and for those that mature at the start of the pane that was then.

CREATE TABLE reading_time AS
SELECT maturity, tier, arg_max(n, start_ms) AS n, max(start_ms) AS pane_ms
FROM pane, (VALUES
    ('', 0), ('5m', 300000), ('1h', 3600000), ('7d', in_days(7)), ('14d', in_days(14)), ('30d', in_days(30))
) AS mature(maturity, after_ms)
WHERE start_ms <= getvariable('as_of_ms') - after_ms
GROUP BY maturity, tier;

-- 4. Windows as numbers of panes: a length, or the part of a month, quarter or year that has passed. Growth is
--    compared with that of the window before, which takes the one before that.

CREATE TABLE stretch AS
SELECT
    "window", maturity, tier, n - length AS start_n, n AS now_n,
    n - length AS whole_n, length AS whole_len, n - 2 * length AS before_n, n - 3 * length AS earlier_n,
    length AS earlier_len
FROM reading_time JOIN (VALUES
    ('5m', 'minute', 5), ('15m', 'minute', 15), ('1h', 'minute', 60), ('24h', 'hour', 24), ('7d', 'hour', 168),
    ('28d', 'day', 28), ('30d', 'day', 30), ('90d', 'day', 90), ('365d', 'day', 365)
) AS length("window", tier, length) USING (tier)
UNION ALL BY NAME
-- Both sides are as long as the shorter: 30 days of March are compared with the 29 of February, 29 with 29.
SELECT
    "window", maturity, 'day' AS tier, start_n, now_n, start_n AS whole_n, whole_len, before_n, earlier_n,
    least(whole_len, before_n - earlier_n) AS earlier_len
FROM (
    SELECT *, least(now_n - start_n, start_n - before_n) AS whole_len
    FROM (
        SELECT "window", maturity, now.n AS now_n, start.n AS start_n, before.n AS before_n, earlier.n AS earlier_n
        FROM (
            SELECT maturity, n, day, unnest([
                {'window': 'mtd', 'part': 'month',   'long': INTERVAL 1 MONTH},
                {'window': 'qtd', 'part': 'quarter', 'long': INTERVAL 3 MONTH},
                {'window': 'ytd', 'part': 'year',    'long': INTERVAL 1 YEAR}
            ], recursive := true)
            FROM reading_time JOIN day ON pane_ms = start_ms
            WHERE tier = 'day') AS now
        JOIN day_pane AS start ON start.day = date_trunc(part, now.day)
        JOIN day_pane AS before ON before.day = start.day - long
        LEFT JOIN day_pane AS earlier ON earlier.day = start.day - long - long));

-- 5. Scopes, as far back as panes are kept: an end is outside, but for the as-of time, which is inside the
--    windows that end with it.

CREATE TABLE scope AS
WITH side AS (
    SELECT "window", maturity, tier, unnest([
        {'side': 'now',    'from_n': start_n,   'to_n': CASE WHEN maturity <> '' THEN now_n END},
        {'side': 'whole',  'from_n': whole_n,   'to_n': whole_n + whole_len},
        {'side': 'before', 'from_n': before_n,  'to_n': before_n + whole_len},
        {'side': 'then',   'from_n': before_n,  'to_n': before_n + earlier_len},
        {'side': 'before then', 'from_n': earlier_n, 'to_n': earlier_n + earlier_len}
    ], recursive := true)
    FROM stretch)
SELECT
    "window", maturity, side, first.start_ms,
    coalesce(last.start_ms, getvariable('as_of_ms') + 1) AS end_ms,
    coalesce(last.start_ms, getvariable('as_of_ms')) - first.start_ms AS covered_ms
FROM side
JOIN pane AS first ON first.tier = side.tier AND first.n = from_n
LEFT JOIN pane AS last ON last.tier = side.tier AND last.n = to_n
JOIN (VALUES ('minute', 10800000), ('hour', in_days(50)), ('day', in_days(800))) AS kept(tier, kept_ms)
    ON kept.tier = side.tier AND first.start_ms > getvariable('as_of_ms') - kept_ms
-- On a month's first day no whole day of it is over, and there is nothing to compare.
WHERE side = 'now' OR from_n < to_n
UNION ALL BY NAME
-- What is open or in force now, however long ago it began.
SELECT 'now' AS "window", '' AS maturity, 'now' AS side, always() AS start_ms, getvariable('as_of_ms') + 1 AS end_ms;

CREATE TABLE edge AS
SELECT at_ms, row_number() OVER (ORDER BY at_ms) AS edge_no
FROM (SELECT start_ms AS at_ms FROM scope UNION SELECT end_ms FROM scope);
