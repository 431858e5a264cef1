-- The business clock: Monday to Friday, 9 to 17 by the clock on the wall, less the days in `holiday`.
-- Time is laid out in quarters of an hour, each open or shut, and an instant is told by all that was open before
-- it: no intervals are added, cut or moved when clocks change.

CREATE TABLE office AS
SELECT at_ms, is_open, coalesce(sum(is_open::INT * 900000) OVER before, 0)::BIGINT AS open_before_ms
FROM (
    SELECT at_ms, isodow(local_at) <= 5 AND hour(local_at) BETWEEN 9 AND 16
                  AND local_at::DATE NOT IN (SELECT holiday::DATE FROM holiday) AS is_open
    FROM quarter_hours((SELECT min(from_ms) FROM business_span), (SELECT max(to_ms) + 1 FROM business_span)))
WINDOW before AS (ORDER BY at_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);

CREATE MACRO told(office, time_ms) AS
    office.open_before_ms + CASE WHEN office.is_open THEN time_ms - office.at_ms ELSE 0 END;

INSERT INTO contribution BY NAME
SELECT subject, subject_id, measure, to_ms AS time_ms, told(last, to_ms) - told(first, from_ms) AS value
FROM business_span
ASOF JOIN office AS first ON from_ms >= first.at_ms
ASOF JOIN office AS last ON to_ms >= last.at_ms;
