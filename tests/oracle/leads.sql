-- One row per lead with its times, then what it contributes.

CREATE TABLE lead AS
SELECT
    lead_id,
    min(time_ms) FILTER (type = 'crm.lead.created') AS created_ms,
    -- The response clock runs for leads that came to us.
    min(time_ms) FILTER (type = 'crm.lead.created' AND origin IS DISTINCT FROM 'outbound') AS clocked_ms,
    min(time_ms) FILTER (type = 'crm.lead.qualified' AND stage = 'mql') AS mql_ms,
    min(time_ms) FILTER (type = 'crm.lead.qualified' AND stage = 'accepted') AS accepted_ms,
    min(time_ms) FILTER (type = 'crm.lead.converted') AS converted_ms,
    earliest(channel, stamp) AS channel,
    earliest(segment, stamp) AS segment,
    earliest(region, stamp) AS region,
    earliest(team, stamp) AS team
FROM event
WHERE type LIKE 'crm.lead.%'
GROUP BY lead_id;

-- A contact is by a human and not inbound.
CREATE MACRO is_contact(type, actor_kind, direction) AS
    type = 'crm.lead.contacted' AND actor_kind = 'human' AND direction IS DISTINCT FROM 'inbound';

CREATE TABLE lead_answer AS
SELECT
    lead_id,
    min(time_ms) FILTER (is_contact(type, actor_kind, direction)) AS contact_ms,
    min(time_ms) FILTER (is_contact(type, actor_kind, direction)
                         OR type IN ('crm.lead.disqualified', 'crm.lead.converted')) AS closed_ms
FROM event JOIN lead USING (lead_id)
WHERE type LIKE 'crm.lead.%' AND time_ms >= clocked_ms
GROUP BY lead_id;

CREATE VIEW lead_contribution AS
SELECT
    unnest([
        {'measure': 'leads',           'value': 1, 'time_ms': created_ms},
        {'measure': 'leads_mql',       'value': 1, 'time_ms': mql_ms},
        {'measure': 'leads_accepted',  'value': 1, 'time_ms': CASE WHEN accepted_ms IS NOT NULL THEN mql_ms END},
        {'measure': 'leads_converted', 'value': 1, 'time_ms': CASE WHEN converted_ms IS NOT NULL THEN created_ms END},
        {'measure': 'conversions',     'value': 1, 'time_ms': converted_ms},
        {'measure': 'leads_waiting',   'value': 1, 'time_ms': CASE WHEN closed_ms IS NULL THEN clocked_ms END},
        {'measure': 'lead_response',   'value': contact_ms - clocked_ms, 'time_ms': contact_ms}
    ], recursive := true),
    channel, segment, region, team
FROM lead LEFT JOIN lead_answer USING (lead_id);
