-- One row per lead with its times, then what it contributes.

-- A contact is by a human and not inbound.
CREATE MACRO is_contact(type, actor_kind, direction) AS
    type = 'crm.lead.contacted' AND actor_kind = 'human' AND direction IS DISTINCT FROM 'inbound';

CREATE TABLE lead AS
SELECT
    subject, subject_id,
    min(time_ms) FILTER (type = 'crm.lead.created') AS created_ms,
    -- The response clock runs for leads that came to us.
    min(time_ms) FILTER (type = 'crm.lead.created' AND origin IS DISTINCT FROM 'outbound') AS clocked_ms,
    min(time_ms) FILTER (type = 'crm.lead.created' AND origin = 'referral') AS referred_ms,
    min(time_ms) FILTER (type = 'crm.lead.qualified' AND stage = 'mql') AS mql_ms,
    min(time_ms) FILTER (type = 'crm.lead.qualified' AND stage = 'sql') AS sql_ms,
    min(time_ms) FILTER (type = 'crm.lead.qualified' AND stage = 'accepted') AS accepted_ms,
    min(time_ms) FILTER (type = 'crm.lead.disqualified') AS disqualified_ms,
    min(time_ms) FILTER (type = 'crm.lead.converted') AS converted_ms
FROM story
WHERE subject = 'lead'
GROUP BY subject, subject_id;

-- What came after: the first contact, and the first end, not before the lead itself.
CREATE TABLE lead_answer AS
SELECT
    subject_id,
    min(time_ms) FILTER (is_contact(type, actor_kind, direction) AND time_ms >= clocked_ms) AS contact_ms,
    min(time_ms) FILTER (
        time_ms >= clocked_ms
        AND (is_contact(type, actor_kind, direction)
             OR type IN ('crm.lead.disqualified', 'crm.lead.converted'))) AS closed_ms,
    min(time_ms) FILTER (type = 'crm.lead.converted' AND time_ms >= created_ms) AS then_converted_ms
FROM story JOIN lead USING (subject, subject_id)
GROUP BY subject_id;

INSERT INTO contribution BY NAME
SELECT subject, subject_id, unnest([
    {'measure': 'leads',              'value': 1, 'time_ms': created_ms},
    {'measure': 'leads_clocked',      'value': 1, 'time_ms': clocked_ms},
    {'measure': 'leads_referred',     'value': 1, 'time_ms': referred_ms},
    {'measure': 'leads_mql',          'value': 1, 'time_ms': mql_ms},
    {'measure': 'leads_sql',          'value': 1, 'time_ms': sql_ms},
    {'measure': 'leads_accepted',     'value': 1, 'time_ms': CASE WHEN accepted_ms IS NOT NULL THEN mql_ms END},
    {'measure': 'leads_disqualified', 'value': 1, 'time_ms': CASE WHEN disqualified_ms IS NOT NULL THEN created_ms END},
    {'measure': 'leads_converted',    'value': 1, 'time_ms': CASE WHEN converted_ms IS NOT NULL THEN created_ms END},
    {'measure': 'leads_converted_30d', 'value': 1,
     'time_ms': CASE WHEN then_converted_ms - created_ms <= in_days(30) THEN created_ms END},
    {'measure': 'conversions',        'value': 1, 'time_ms': converted_ms},
    {'measure': 'leads_answered_5m',  'value': 1, 'time_ms': CASE WHEN contact_ms - clocked_ms <= 300000 THEN clocked_ms END},
    {'measure': 'leads_answered_1h',  'value': 1, 'time_ms': CASE WHEN contact_ms - clocked_ms <= 3600000 THEN clocked_ms END},
    {'measure': 'leads_waiting',      'value': 1, 'time_ms': clocked_ms},
    {'measure': 'leads_waiting',      'value': -1, 'time_ms': closed_ms},
    {'measure': 'lead_to_customer',   'value': then_converted_ms - created_ms, 'time_ms': then_converted_ms},
    {'measure': 'lead_response',      'value': contact_ms - clocked_ms, 'time_ms': contact_ms}
], recursive := true)
FROM lead LEFT JOIN lead_answer USING (subject_id);

INSERT INTO business_span
SELECT subject, subject_id, 'lead_response_business', clocked_ms, contact_ms
FROM lead JOIN lead_answer USING (subject_id)
WHERE contact_ms IS NOT NULL;
