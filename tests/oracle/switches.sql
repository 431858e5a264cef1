-- States that are on or off: who is a member, has agreed, has a licence; which incident lasts. At one moment
-- on and off together change nothing, and nothing is off that was not on.
CREATE TABLE switch (subject VARCHAR, subject_id VARCHAR, key VARCHAR, time_ms BIGINT, turns_on BOOLEAN);

INSERT INTO switch
SELECT subject, subject_id, 'member', time_ms, type = 'crm.customer.activated'
FROM story WHERE subject = 'customer' AND type IN ('crm.customer.activated', 'crm.customer.churned')
UNION ALL
SELECT subject, subject_id, 'references', time_ms, state = 'agreed'
FROM story WHERE type = 'crm.reference.changed' AND state IN ('agreed', 'withdrawn')
UNION ALL
SELECT subject, subject_id, 'consented_' || purpose, time_ms, granted
FROM story WHERE type = 'crm.consent.changed'
UNION ALL
SELECT subject, subject_id, 'licensed', time_ms, active
FROM story WHERE type = 'crm.user.licensed'
UNION ALL
SELECT subject, subject_id, incident_id, time_ms, type = 'crm.incident.opened'
FROM story
WHERE subject = 'component'
  -- An outage whose impact is not told counts; only maintenance does not.
  AND (type = 'crm.incident.resolved' OR impact IS DISTINCT FROM 'maintenance');

-- Whoever is erased leaves all that lasts then, or right after the last that is known.
INSERT INTO switch
SELECT subject, subject_id, key, greatest(erased_ms, max(time_ms) + 1), false
FROM switch JOIN erased USING (subject_id)
WHERE subject = 'customer'
GROUP BY subject, subject_id, key, erased_ms;

CREATE TABLE switched AS
SELECT *, coalesce(lag(is_on) OVER (PARTITION BY subject, subject_id, key ORDER BY time_ms), false) AS was_on
FROM (
    SELECT
        *, coalesce(last_value(CASE WHEN ons <> offs THEN ons END IGNORE NULLS) OVER so_far, false) AS is_on
    FROM (
        SELECT
            subject, subject_id, key, time_ms,
            bool_or(turns_on) AS ons, bool_or(NOT turns_on) AS offs
        FROM switch
        GROUP BY ALL)
    WINDOW so_far AS (PARTITION BY subject, subject_id, key ORDER BY time_ms ROWS UNBOUNDED PRECEDING));
