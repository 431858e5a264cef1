-- The CRM itself: who works with it, whether it is up, and what it holds.

-- 1. Users. Licensed is a level, active who did something meaningful last in the window and is licensed now.

INSERT INTO contribution BY NAME
SELECT subject, subject_id, 'users_licensed' AS measure, time_ms, is_on::INT - was_on::INT AS value
FROM switched
WHERE key = 'licensed' AND subject = 'user'
UNION ALL BY NAME
SELECT 'user' AS subject, subject_id, 'users_active' AS measure, max(time_ms) AS time_ms, 1 AS value
FROM story
JOIN (
    SELECT subject_id, arg_max(is_on, time_ms) AS is_licensed
    FROM switched WHERE key = 'licensed' AND subject = 'user'
    GROUP BY subject_id) USING (subject_id)
WHERE type = 'crm.user.acted' AND meaningful AND is_licensed
GROUP BY subject_id;

-- 2. Trainings, tasks, requests and record checks, each placed where it first was so.

INSERT INTO contribution BY NAME
SELECT subject, subject_id, 1 AS value, unnest([
    {'measure': 'trainings', 'time_ms': assigned_ms},
    {'measure': 'trainings_completed', 'time_ms': CASE WHEN is_completed THEN assigned_ms END}
], recursive := true)
FROM (
    SELECT
        subject, subject_id,
        min(time_ms) FILTER (state = 'assigned') AS assigned_ms, bool_or(state = 'completed') AS is_completed
    FROM story
    WHERE subject = 'training'
    GROUP BY ALL)
UNION ALL BY NAME
SELECT subject, subject_id, 1 AS value, unnest([
    {'measure': 'tasks', 'time_ms': min(time_ms)},
    {'measure': 'tasks_automated', 'time_ms': min(time_ms) FILTER (automated)}
], recursive := true)
FROM story WHERE subject = 'task'
GROUP BY subject, subject_id
UNION ALL BY NAME
SELECT subject, subject_id, unnest([
    {'measure': 'requests', 'value': 1, 'time_ms': min(time_ms)},
    {'measure': 'requests_failed', 'value': 1, 'time_ms': min(time_ms) FILTER (NOT ok)},
    {'measure': 'request_time', 'value': winning(duration_ms, revision, stamp), 'time_ms': min(time_ms)}
], recursive := true)
FROM story WHERE subject = 'request'
GROUP BY subject, subject_id
UNION ALL BY NAME
SELECT subject, subject_id, 1 AS value, unnest([
    {'measure': 'records', 'time_ms': min(time_ms)},
    {'measure': 'records_good', 'time_ms': min(time_ms) FILTER (complete AND valid)},
    {'measure': 'records_duplicate', 'time_ms': min(time_ms) FILTER (duplicate)}
], recursive := true)
FROM story WHERE subject = 'record_check'
GROUP BY subject, subject_id;

-- 3. Incidents, each for itself; and outages, the union of a component's incidents.

INSERT INTO contribution BY NAME
SELECT subject, subject_id, unnest([
    {'measure': 'incidents', 'value': 1, 'time_ms': opened_ms},
    {'measure': 'incidents_open', 'value': 1, 'time_ms': opened_ms},
    {'measure': 'incidents_open', 'value': -1,
     'time_ms': list_min(list_filter(resolved_ms, lambda t: t >= opened_ms))}
], recursive := true)
FROM (
    SELECT
        subject, subject_id,
        min(time_ms) FILTER (type = 'crm.incident.opened' AND impact IS DISTINCT FROM 'maintenance') AS opened_ms,
        list(time_ms) FILTER (type = 'crm.incident.resolved') AS resolved_ms
    FROM story
    WHERE subject = 'incident'
    GROUP BY ALL)
UNION ALL BY NAME
SELECT subject, subject_id, 'components' AS measure, min(time_ms) AS time_ms, 1 AS value
FROM story
WHERE subject = 'component'
GROUP BY ALL;

-- An outage lasts while any incident does: it begins where none lasted and ends where none does.
CREATE TABLE outage AS
SELECT subject, subject_id, from_ms, to_ms
FROM (
    SELECT
        subject, subject_id, time_ms AS from_ms, lasting,
        lead(time_ms, 1, getvariable('as_of_ms')::BIGINT) OVER by_time AS to_ms
    FROM (
        SELECT subject, subject_id, time_ms, sum(sum(is_on::INT - was_on::INT)) OVER (
            PARTITION BY subject_id ORDER BY time_ms) AS lasting
        FROM switched
        WHERE subject = 'component'
        GROUP BY subject, subject_id, time_ms)
    WINDOW by_time AS (PARTITION BY subject_id ORDER BY time_ms))
WHERE lasting > 0;

-- 4. Erasures: overdue from the time that was promised, unless it was done by then.

INSERT INTO contribution BY NAME
SELECT subject, subject_id, unnest([
    {'measure': 'erasures', 'value': 1, 'time_ms': requested_ms},
    {'measure': 'erasure_time', 'value': done_ms - requested_ms, 'time_ms': done_ms},
    {'measure': 'erasures_waiting', 'value': 1, 'time_ms': requested_ms},
    {'measure': 'erasures_waiting', 'value': -1, 'time_ms': done_ms},
    {'measure': 'erasures_overdue', 'value': 1, 'time_ms': CASE WHEN done_ms <= due_ms THEN NULL ELSE due_ms END},
    {'measure': 'erasures_overdue', 'value': -1, 'time_ms': CASE WHEN done_ms > due_ms THEN done_ms END}
], recursive := true)
FROM (
    SELECT
        subject, subject_id, requested_ms, list_min(list_filter(completed_ms, lambda t: t >= requested_ms)) AS done_ms,
        coalesce(due_ms, requested_ms + in_days(30)) AS due_ms
    FROM (
        SELECT
            subject, subject_id,
            min(time_ms) FILTER (type = 'crm.erasure.requested') AS requested_ms,
            list(time_ms) FILTER (type = 'crm.erasure.completed') AS completed_ms,
            winning(CASE WHEN type = 'crm.erasure.requested' THEN {'ms': due_ms} END, revision, stamp).ms AS due_ms
        FROM story
        WHERE subject = 'erasure'
        GROUP BY ALL));
