-- Where each window begins. All of them end at the as-of time, which is inside.
-- A window of length W holds the pane that the as-of time is in and the W before it in whole panes.

CREATE TABLE windows AS
WITH now AS (
    SELECT
        getvariable('as_of_ms')::BIGINT AS now_ms,
        make_timestamp(getvariable('as_of_ms')::BIGINT * 1000) AS now_at)
SELECT name AS "window", epoch_ms(start_at) AS start_ms, now_ms
FROM now, (VALUES
    ('5m',   date_trunc('minute', now_at) - INTERVAL 5 MINUTE),
    ('15m',  date_trunc('minute', now_at) - INTERVAL 15 MINUTE),
    ('1h',   date_trunc('minute', now_at) - INTERVAL 1 HOUR),
    ('24h',  date_trunc('hour', now_at) - INTERVAL 24 HOUR),
    ('7d',   date_trunc('hour', now_at) - INTERVAL 7 DAY),
    ('28d',  date_trunc('day', now_at) - INTERVAL 28 DAY),
    ('30d',  date_trunc('day', now_at) - INTERVAL 30 DAY),
    ('90d',  date_trunc('day', now_at) - INTERVAL 90 DAY),
    ('365d', date_trunc('day', now_at) - INTERVAL 365 DAY),
    ('mtd',  date_trunc('month', now_at)),
    ('qtd',  date_trunc('quarter', now_at)),
    ('ytd',  date_trunc('year', now_at)),
    -- The window of what is open at the as-of time, however long ago it began.
    ('now',  TIMESTAMP '0001-01-01')
) AS start(name, start_at);
