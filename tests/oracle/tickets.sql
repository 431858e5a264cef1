-- One row per ticket with its times, then what it contributes.

CREATE TABLE ticket_step AS
SELECT
    subject, subject_id,
    min(time_ms) FILTER (type = 'crm.ticket.created') AS created_ms,
    -- A ticket that an agent opened begins with that agent's own message: its second reply is the answer.
    CASE WHEN coalesce(bool_or(created_by = 'agent') FILTER (type = 'crm.ticket.created'), false)
         THEN 2 ELSE 1 END AS answering_reply,
    min(time_ms) FILTER (type = 'crm.ticket.resolved') AS first_resolved_ms,
    min(time_ms) FILTER (type = 'crm.ticket.escalated') AS first_escalated_ms,
    max(time_ms) FILTER (type = 'crm.ticket.reopened') AS last_reopened_ms
FROM story
WHERE subject = 'ticket'
GROUP BY subject, subject_id;

-- It stands resolved since the first resolved after the last reopening.
CREATE TABLE ticket_resolution AS
SELECT
    subject_id,
    min(time_ms) FILTER (type = 'crm.ticket.resolved' AND (last_reopened_ms IS NULL OR time_ms > last_reopened_ms))
        AS stands_resolved_ms,
    min(time_ms) FILTER (type = 'crm.ticket.reopened' AND time_ms > first_resolved_ms) AS then_reopened_ms
FROM story JOIN ticket_step USING (subject, subject_id)
GROUP BY subject_id;

-- Public replies of human agents, each once.
CREATE TABLE agent_reply AS
SELECT DISTINCT subject_id, stamp, time_ms
FROM story
WHERE type = 'crm.ticket.replied' AND public AND author_role = 'agent' AND actor_kind = 'human';

CREATE TABLE ticket_reply AS
SELECT
    subject_id,
    list_sort(list(time_ms) FILTER (time_ms >= created_ms)) AS replies_ms,
    count(*) FILTER (time_ms < first_resolved_ms) AS replies_before_resolved
FROM agent_reply JOIN ticket_step USING (subject_id)
GROUP BY subject_id;

CREATE TABLE ticket AS
SELECT
    ticket_step.*,
    then_reopened_ms,
    replies_ms[answering_reply] AS answered_ms,
    coalesce(replies_before_resolved, 0) AS replies_before_resolved,
    CASE WHEN stands_resolved_ms >= created_ms THEN stands_resolved_ms END AS settled_ms
FROM ticket_step
LEFT JOIN ticket_resolution USING (subject_id)
LEFT JOIN ticket_reply USING (subject_id);

CREATE MACRO reopened_within(ticket, days) AS
    coalesce(ticket.then_reopened_ms - ticket.first_resolved_ms <= in_days(days), false);
CREATE MACRO at_resolution(holds, ticket) AS CASE WHEN holds THEN ticket.first_resolved_ms END;
CREATE MACRO one_touch(ticket) AS
    ticket.replies_before_resolved <= 1
    AND NOT coalesce(ticket.first_escalated_ms < ticket.first_resolved_ms, false);

INSERT INTO contribution BY NAME
SELECT subject, subject_id, unnest([
    {'measure': 'tickets',                  'value': 1, 'time_ms': created_ms},
    {'measure': 'tickets_escalated',        'value': 1,
     'time_ms': CASE WHEN first_escalated_ms IS NOT NULL THEN created_ms END},
    {'measure': 'tickets_resolved',         'value': 1, 'time_ms': first_resolved_ms},
    {'measure': 'tickets_reopened',         'value': 1,
     'time_ms': at_resolution(then_reopened_ms IS NOT NULL, ticket)},
    {'measure': 'tickets_reopened_7d',      'value': 1,
     'time_ms': at_resolution(reopened_within(ticket, 7), ticket)},
    {'measure': 'tickets_first_contact',    'value': 1,
     'time_ms': at_resolution(one_touch(ticket) AND then_reopened_ms IS NULL, ticket)},
    {'measure': 'tickets_first_contact_7d', 'value': 1,
     'time_ms': at_resolution(one_touch(ticket) AND NOT reopened_within(ticket, 7), ticket)},
    {'measure': 'tickets_open',             'value': 1, 'time_ms': created_ms},
    {'measure': 'tickets_open',             'value': -1, 'time_ms': settled_ms},
    {'measure': 'first_response',           'value': answered_ms - created_ms, 'time_ms': answered_ms},
    {'measure': 'resolution',               'value': settled_ms - created_ms, 'time_ms': settled_ms}
], recursive := true)
FROM ticket;

INSERT INTO business_span
SELECT subject, subject_id, 'first_response_business', created_ms, answered_ms
FROM ticket
WHERE answered_ms IS NOT NULL;
