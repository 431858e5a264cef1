-- One row per ticket with its times, then what it contributes.

CREATE TABLE ticket_step AS
SELECT
    ticket_id,
    min(time_ms) FILTER (type = 'crm.ticket.created') AS created_ms,
    -- A ticket that an agent opened begins with that agent's own message: its second reply is the answer.
    CASE WHEN coalesce(bool_or(created_by = 'agent') FILTER (type = 'crm.ticket.created'), false)
         THEN 2 ELSE 1 END AS answering_reply,
    min(time_ms) FILTER (type = 'crm.ticket.resolved') AS first_resolved_ms,
    min(time_ms) FILTER (type = 'crm.ticket.escalated') AS first_escalated_ms,
    max(time_ms) FILTER (type = 'crm.ticket.reopened') AS last_reopened_ms,
    earliest(channel, stamp) AS channel,
    earliest(product_id, stamp) AS product_id,
    earliest(segment, stamp) AS segment,
    earliest(region, stamp) AS region,
    earliest(team, stamp) AS team
FROM event
WHERE type LIKE 'crm.ticket.%'
GROUP BY ticket_id;

-- It stands resolved since the first resolved after the last reopening.
CREATE TABLE ticket_resolution AS
SELECT ticket_id, min(time_ms) AS stands_resolved_ms
FROM event JOIN ticket_step USING (ticket_id)
WHERE type = 'crm.ticket.resolved' AND (last_reopened_ms IS NULL OR time_ms > last_reopened_ms)
GROUP BY ticket_id;

-- Public replies of human agents, each once.
CREATE TABLE agent_reply AS
SELECT DISTINCT ticket_id, stamp, time_ms
FROM event
WHERE type = 'crm.ticket.replied' AND is_public AND author_role = 'agent' AND actor_kind = 'human';

CREATE TABLE ticket_reply AS
SELECT
    ticket_id,
    list_sort(list(time_ms) FILTER (time_ms >= created_ms)) AS replies_ms,
    count(*) FILTER (time_ms < first_resolved_ms) AS replies_before_resolved
FROM agent_reply JOIN ticket_step USING (ticket_id)
GROUP BY ticket_id;

CREATE TABLE ticket AS
SELECT
    ticket_step.*,
    replies_ms[answering_reply] AS answered_ms,
    coalesce(replies_before_resolved, 0) AS replies_before_resolved,
    CASE WHEN stands_resolved_ms >= created_ms THEN stands_resolved_ms END AS settled_ms
FROM ticket_step
LEFT JOIN ticket_resolution USING (ticket_id)
LEFT JOIN ticket_reply USING (ticket_id);

CREATE MACRO reopened_later(ticket) AS coalesce(ticket.last_reopened_ms > ticket.first_resolved_ms, false);
CREATE MACRO one_touch(ticket) AS
    ticket.replies_before_resolved <= 1
    AND NOT reopened_later(ticket)
    AND NOT coalesce(ticket.first_escalated_ms < ticket.first_resolved_ms, false);

CREATE VIEW ticket_contribution AS
SELECT
    unnest([
        {'measure': 'tickets_resolved', 'value': 1, 'time_ms': first_resolved_ms},
        {'measure': 'tickets_reopened', 'value': 1,
         'time_ms': CASE WHEN reopened_later(ticket) THEN first_resolved_ms END},
        {'measure': 'tickets_first_contact', 'value': 1,
         'time_ms': CASE WHEN one_touch(ticket) THEN first_resolved_ms END},
        {'measure': 'tickets_open', 'value': 1, 'time_ms': CASE WHEN settled_ms IS NULL THEN created_ms END},
        {'measure': 'first_response', 'value': answered_ms - created_ms, 'time_ms': answered_ms},
        {'measure': 'resolution', 'value': settled_ms - created_ms, 'time_ms': settled_ms}
    ], recursive := true),
    channel, product_id, segment, region, team
FROM ticket;
