-- From lines of text to valid events, each once, and the words that the other files use.
-- In:  the table `line(line, n)`, and the variable `as_of_ms`; events of a later time are left out.
-- Out: the table `event`, one row per accepted event, one column per field that some KPI needs; an optional
--      text that is empty says nothing, and money is in minor units of USD (`.._usd`).

-- 1. Lines that are JSON objects. DuckDB's parser lets NaN, Infinity and trailing commas pass, so they
--    are looked for with the strings taken out.

CREATE MACRO lenient_only(line) AS regexp_matches(line, '(?i)nan|inf|,\s*[}\]]');
CREATE MACRO without_strings(line) AS regexp_replace(line, '"(?:[^"\\]|\\.)*"', '""', 'g');
CREATE MACRO strictly_json(line) AS
    json_valid(line) AND (NOT lenient_only(line) OR NOT lenient_only(without_strings(line)));

CREATE TABLE envelope AS
SELECT line AS envelope, n AS line_no
FROM line
WHERE strictly_json(line) AND json_type(line) = 'OBJECT';

-- 2. Of a repeated field the last wins (DuckDB would take the first).

CREATE MACRO repeats(object) AS len(json_keys(object)) > len(list_distinct(json_keys(object)));
CREATE MACRO last_of_each(object) AS (
    SELECT '{' || string_agg(to_json(key)::VARCHAR || ':' || value, ',') || '}'
    FROM (SELECT key, arg_max(value::VARCHAR, id) AS value FROM json_each(object) GROUP BY key));

UPDATE envelope SET envelope = last_of_each(envelope) WHERE repeats(envelope);

-- 3. The envelope: CloudEvents 1.0, a time with a zone, nothing empty.

CREATE MACRO is_rfc3339(t) AS regexp_matches(
    t, '^\d{4}-\d{2}-\d{2}[Tt ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$');
CREATE MACRO whole_second(t) AS TRY_CAST(left(t, 10) || ' ' || substr(t, 12, 8) AS TIMESTAMP);
CREATE MACRO millisecond(t) AS rpad(left(regexp_extract(t, '\.(\d+)', 1), 3), 3, '0')::BIGINT;
CREATE MACRO offset_minutes(t) AS
    CASE WHEN right(t, 1) IN ('Z', 'z') THEN 0
         ELSE (left(right(t, 6), 1) || '1')::BIGINT
              * (substr(right(t, 6), 2, 2)::BIGINT * 60 + right(t, 2)::BIGINT)
    END;
CREATE MACRO time_in_ms(t) AS
    CASE WHEN is_rfc3339(t)
         THEN epoch_ms(whole_second(t)) + millisecond(t) - offset_minutes(t) * 60000 END;

CREATE TABLE message AS
SELECT
    envelope ->> '$.type' AS type,
    time_in_ms(envelope ->> '$.time') AS time_ms,
    left(sha256((envelope ->> '$.source') || chr(10) || (envelope ->> '$.id')), 16) AS digest,
    (envelope -> '$.data')::VARCHAR AS data,
    line_no
FROM envelope
WHERE json_type(envelope, ['$.specversion', '$.source', '$.id', '$.type', '$.time', '$.data'])
      = ['VARCHAR', 'VARCHAR', 'VARCHAR', 'VARCHAR', 'VARCHAR', 'OBJECT']
  AND envelope ->> '$.specversion' = '1.0'
  AND length(envelope ->> '$.source') BETWEEN 1 AND 200
  AND length(envelope ->> '$.id') BETWEEN 1 AND 200;

DELETE FROM message WHERE time_ms IS NULL OR time_ms > getvariable('as_of_ms');
UPDATE message SET data = last_of_each(data) WHERE repeats(data);

-- 4. The contract (EVENTS.md): what each type must carry, and, with a question mark, may carry.

CREATE TABLE contract AS
SELECT type, unnest(string_split(fields, ' ')) AS field, form
FROM (VALUES
    ('crm.lead.created',       'lead_id customer_id',     'id'),
    ('crm.lead.created',       'origin?',                 'inbound|outbound|referral|event|partner|other'),
    ('crm.lead.created',       'owner_id? referrer_customer_id?', 'text'),
    ('crm.lead.assigned',      'lead_id customer_id owner_id', 'id'),
    ('crm.lead.contacted',     'lead_id customer_id',     'id'),
    ('crm.lead.contacted',     'actor_kind',              'human|bot|sequence'),
    ('crm.lead.contacted',     'direction?',              'inbound|outbound'),
    ('crm.lead.qualified',     'lead_id customer_id',     'id'),
    ('crm.lead.qualified',     'stage',                   'mql|sql|accepted'),
    ('crm.lead.disqualified',  'lead_id customer_id',     'id'),
    ('crm.lead.disqualified',  'reason',                  'text'),
    ('crm.lead.converted',     'lead_id customer_id',     'id'),
    ('crm.lead.converted',     'deal_id?',                'text'),
    ('crm.deal.created',       'deal_id customer_id',     'id'),
    ('crm.deal.created',       'lead_id? stage? owner_id?', 'text'),
    ('crm.deal.created',       'amount_minor?',           'amount'),
    ('crm.deal.created',       'currency?',               'USD|EUR|GBP'),
    ('crm.deal.stage_changed', 'deal_id customer_id',     'id'),
    ('crm.deal.stage_changed', 'to_stage from_stage?',    'text'),
    ('crm.deal.stage_changed', 'amount_minor?',           'amount'),
    ('crm.deal.stage_changed', 'currency?',               'USD|EUR|GBP'),
    ('crm.deal.won',           'deal_id customer_id',     'id'),
    ('crm.deal.won',           'amount_minor',            'amount'),
    ('crm.deal.won',           'currency',                'USD|EUR|GBP'),
    ('crm.deal.won',           'is_new_customer?',        'flag'),
    ('crm.deal.won',           'lead_id?',                'text'),
    ('crm.deal.lost',          'deal_id customer_id',     'id'),
    ('crm.deal.lost',          'reason?',                 'text'),
    ('crm.deal.lost',          'amount_minor?',           'amount'),
    ('crm.deal.lost',          'currency?',               'USD|EUR|GBP'),
    ('crm.x.lead.described',   'lead_id customer_id',     'id'),
    ('crm.x.deal.described',   'deal_id customer_id',     'id'),
    ('crm.x.deal.described',   'amount_minor?',           'amount'),
    ('crm.x.deal.described',   'currency?',               'USD|EUR|GBP'),
    ('crm.x.ticket.described', 'ticket_id customer_id',   'id'),
    ('crm.customer.activated', 'customer_id',             'id'),
    ('crm.customer.activated', 'kind?',                   'new|reactivated'),
    ('crm.customer.activated', 'acquired_via?',           'text'),
    ('crm.customer.churned',   'customer_id',             'id'),
    ('crm.customer.churned',   'churn_kind',              'voluntary|involuntary|unknown'),
    ('crm.customer.churned',   'reason?',                 'text'),
    ('crm.cost.recorded',      'cost_id',                 'id'),
    ('crm.cost.recorded',      'category',                'marketing|sales|crm_software|crm_people|training|other'),
    ('crm.cost.recorded',      'amount_minor',            'amount'),
    ('crm.cost.recorded',      'currency',                'USD|EUR|GBP'),
    ('crm.cost.recorded',      'period_start? period_end?', 'date'),
    ('crm.ticket.created',     'ticket_id customer_id',   'id'),
    ('crm.ticket.created',     'created_by?',             'customer|agent|proactive'),
    ('crm.ticket.created',     'priority? topic?',        'text'),
    ('crm.ticket.replied',     'ticket_id customer_id',   'id'),
    ('crm.ticket.replied',     'actor_kind',              'human|bot|sequence'),
    ('crm.ticket.replied',     'public',                  'flag'),
    ('crm.ticket.replied',     'author_role',             'agent|customer'),
    ('crm.ticket.escalated',   'ticket_id customer_id',   'id'),
    ('crm.ticket.escalated',   'to_team?',                'text'),
    ('crm.ticket.resolved',    'ticket_id customer_id',   'id'),
    ('crm.ticket.resolved',    'resolution?',             'text'),
    ('crm.ticket.reopened',    'ticket_id customer_id',   'id'),
    ('crm.ticket.reopened',    'reason?',                 'text'),
    ('crm.survey.sent',        'invitation_id',           'id'),
    ('crm.survey.sent',        'kind',                    'nps|csat|ces'),
    ('crm.survey.sent',        'customer_id? ticket_id?', 'text'),
    ('crm.survey.answered',    'response_id',             'id'),
    ('crm.survey.answered',    'kind',                    'nps|csat|ces'),
    ('crm.survey.answered',    'score scale_min scale_max', 'whole'),
    ('crm.survey.answered',    'invitation_id? customer_id? ticket_id?', 'text'),
    ('crm.survey.answered',    'has_comment?',            'flag'),
    ('crm.customer.erased',    'customer_id',             'id'),
    ('crm.customer.erased',    'request_id?',             'text'),
    ('crm.subscription.changed', 'subscription_id customer_id', 'id'),
    ('crm.subscription.changed', 'mrr_before_minor mrr_after_minor', 'amount'),
    ('crm.subscription.changed', 'currency',              'USD|EUR|GBP'),
    ('crm.subscription.changed', 'change',                'started|expanded|contracted|paused|resumed|ended'),
    ('crm.order.paid',         'order_id customer_id',    'id'),
    ('crm.order.paid',         'amount_minor cost_of_goods_minor?', 'amount'),
    ('crm.order.paid',         'currency',                'USD|EUR|GBP'),
    ('crm.refund.issued',      'order_id customer_id',    'id'),
    ('crm.refund.issued',      'amount_minor',            'amount'),
    ('crm.refund.issued',      'currency',                'USD|EUR|GBP'),
    ('crm.refund.issued',      'refund_id?',              'text'),
    ('crm.benefit.recorded',   'benefit_id',              'id'),
    ('crm.benefit.recorded',   'amount_minor',            'amount'),
    ('crm.benefit.recorded',   'currency',                'USD|EUR|GBP'),
    ('crm.benefit.recorded',   'method',                  'measured|attributed|estimated'),
    ('crm.campaign.touched',   'campaign_id recipient_ref', 'id'),
    ('crm.campaign.touched',   'touch',                   'delivered|opened|clicked|unsubscribed|complained|bounced'),
    ('crm.campaign.touched',   'machine?',                'flag'),
    ('crm.campaign.converted', 'campaign_id conversion_id', 'id'),
    ('crm.campaign.converted', 'amount_minor',            'amount'),
    ('crm.campaign.converted', 'currency',                'USD|EUR|GBP'),
    ('crm.campaign.converted', 'customer_id? recipient_ref?', 'text'),
    ('crm.referral.made',      'referral_id customer_id lead_id', 'id'),
    ('crm.interaction.logged', 'interaction_id customer_id', 'id'),
    ('crm.interaction.logged', 'direction',               'inbound|outbound'),
    ('crm.interaction.logged', 'actor_kind?',             'human|bot|sequence'),
    ('crm.interaction.logged', 'topic?',                  'text'),
    ('crm.interaction.logged', 'meaningful?',             'flag'),
    ('crm.reference.changed',  'customer_id',             'id'),
    ('crm.reference.changed',  'state',                   'requested|agreed|declined|fulfilled|withdrawn'),
    ('crm.reference.changed',  'deal_id?',                'text'),
    ('crm.user.licensed',      'user_id',                 'id'),
    ('crm.user.licensed',      'active',                  'flag'),
    ('crm.user.acted',         'user_id',                 'id'),
    ('crm.user.acted',         'action',                  'login|record_created|record_updated|report_run|other'),
    ('crm.user.acted',         'meaningful?',             'flag'),
    ('crm.training.changed',   'user_id course_id',       'id'),
    ('crm.training.changed',   'state',                   'assigned|completed|failed'),
    ('crm.task.completed',     'task_id',                 'id'),
    ('crm.task.completed',     'automated',               'flag'),
    ('crm.task.completed',     'workflow?',               'text'),
    ('crm.incident.opened',    'incident_id component',   'id'),
    ('crm.incident.opened',    'impact?',                 'full|partial|maintenance'),
    ('crm.incident.resolved',  'incident_id component',   'id'),
    ('crm.incident.resolved',  'impact?',                 'full|partial|maintenance'),
    ('crm.request.sampled',    'request_id component',    'id'),
    ('crm.request.sampled',    'duration_ms',             'amount'),
    ('crm.request.sampled',    'ok',                      'flag'),
    ('crm.record.checked',     'check_id',                'id'),
    ('crm.record.checked',     'complete valid duplicate?', 'flag'),
    ('crm.consent.changed',    'customer_id purpose',     'id'),
    ('crm.consent.changed',    'granted',                 'flag'),
    ('crm.consent.changed',    'basis?',                  'text'),
    ('crm.erasure.requested',  'request_id customer_id',  'id'),
    ('crm.erasure.requested',  'due_at?',                 'time'),
    ('crm.erasure.completed',  'request_id customer_id',  'id'),
    ('crm.erasure.completed',  'due_at?',                 'time'),
    ('crm.record.removed',     'entity id customer_id',   'id'),
    ('crm.record.removed',     'reason?',                 'text')
) AS rule(type, fields, form);

CREATE MACRO is_whole(value) AS regexp_matches(value::VARCHAR, '^-?\d+$');
CREATE MACRO as_whole(value) AS TRY_CAST(value::VARCHAR AS HUGEINT);
CREATE MACRO as_date(word) AS
    CASE WHEN regexp_matches(word, '^\d{4}-\d{2}-\d{2}$') THEN TRY_CAST(word AS DATE) END;
CREATE MACRO is_word(value) AS json_type(value) = 'VARCHAR';

CREATE MACRO well_formed(form, value) AS
    CASE form
        WHEN 'id'     THEN is_word(value) AND length(value ->> '$') BETWEEN 1 AND 200
        WHEN 'text'   THEN is_word(value)
        WHEN 'flag'   THEN json_type(value) = 'BOOLEAN'
        WHEN 'whole'  THEN is_whole(value)
        WHEN 'amount' THEN is_whole(value) AND coalesce(as_whole(value) BETWEEN 0 AND 1000000000000000, false)
        WHEN 'date'   THEN is_word(value) AND as_date(value ->> '$') IS NOT NULL
        WHEN 'time'   THEN is_word(value) AND time_in_ms(value ->> '$') IS NOT NULL
        ELSE               is_word(value) AND list_contains(string_split(form, '|'), value ->> '$')
    END;

CREATE TABLE kept AS
SELECT
    row_number() OVER () AS n, type, time_ms, digest, data, line_no,
    -- Compares like the pair (time, digest): which of two events is the earlier one.
    time_ms::HUGEINT * 18446744073709551616 + ('0x' || digest)::UBIGINT AS stamp
FROM (SELECT type, time_ms, digest, data, min(line_no) AS line_no FROM message GROUP BY ALL)
WHERE type IN (SELECT type FROM contract);

CREATE TABLE broken AS
SELECT DISTINCT n
FROM (
    SELECT n, form, field LIKE '%?' AS optional, json_extract(data, '$.' || rtrim(field, '?')) AS value
    FROM kept JOIN contract USING (type))
WHERE CASE WHEN value IS NULL OR json_type(value) = 'NULL' THEN NOT optional
           ELSE NOT well_formed(form, value) END;

DELETE FROM kept WHERE n IN (FROM broken);

-- What every data may carry: the dimensions, which are words, and the revision, which is a whole number.

DELETE FROM kept
WHERE len(list_filter(
          json_type(data, ['$.channel', '$.product_id', '$.segment', '$.region', '$.plan', '$.team',
                           '$.campaign_id']),
          lambda t: t NOT IN ('VARCHAR', 'NULL'))) > 0
   OR NOT (coalesce(json_type(data, '$.revision'), 'NULL') = 'NULL' OR is_whole(data -> '$.revision'));

-- 5. Events. Money is converted once, to USD minor units, rounded half to even; all three currencies
--    have two digits, so a rate is a number of hundredths.

CREATE MACRO hundredths_of_usd(currency) AS
    CASE currency WHEN 'USD' THEN 100 WHEN 'EUR' THEN 108 WHEN 'GBP' THEN 127 END;
CREATE MACRO half_even(hundredths) AS
    hundredths // 100
    + CASE WHEN hundredths % 100 > 50 THEN 1
           WHEN hundredths % 100 = 50 THEN (hundredths // 100) % 2
           ELSE 0 END;
CREATE MACRO usd(minor, currency) AS half_even(minor::HUGEINT * hundredths_of_usd(currency));

CREATE TABLE event AS
SELECT
    * EXCLUDE (amount_minor, cost_of_goods_minor, mrr_before_minor, mrr_after_minor, due_at),
    usd(amount_minor, currency) AS amount_usd,
    usd(cost_of_goods_minor, currency) AS cost_of_goods_usd,
    usd(mrr_before_minor, currency) AS mrr_before_usd,
    usd(mrr_after_minor, currency) AS mrr_after_usd,
    time_in_ms(due_at) AS due_ms
FROM (
    SELECT
        type, time_ms, digest, stamp, line_no,
        unnest(from_json(data, '{
            "lead_id": "VARCHAR", "deal_id": "VARCHAR", "customer_id": "VARCHAR", "cost_id": "VARCHAR",
            "ticket_id": "VARCHAR", "response_id": "VARCHAR", "invitation_id": "VARCHAR",
            "subscription_id": "VARCHAR", "order_id": "VARCHAR", "refund_id": "VARCHAR",
            "benefit_id": "VARCHAR", "recipient_ref": "VARCHAR", "conversion_id": "VARCHAR",
            "referral_id": "VARCHAR", "interaction_id": "VARCHAR", "user_id": "VARCHAR",
            "course_id": "VARCHAR", "task_id": "VARCHAR", "incident_id": "VARCHAR", "component": "VARCHAR",
            "request_id": "VARCHAR", "check_id": "VARCHAR", "entity": "VARCHAR", "id": "VARCHAR",
            "channel": "VARCHAR", "product_id": "VARCHAR", "segment": "VARCHAR", "region": "VARCHAR",
            "plan": "VARCHAR", "team": "VARCHAR", "campaign_id": "VARCHAR",
            "origin": "VARCHAR", "actor_kind": "VARCHAR", "direction": "VARCHAR", "stage": "VARCHAR",
            "to_stage": "VARCHAR", "kind": "VARCHAR", "churn_kind": "VARCHAR", "created_by": "VARCHAR",
            "author_role": "VARCHAR", "public": "BOOLEAN", "category": "VARCHAR", "currency": "VARCHAR",
            "change": "VARCHAR", "touch": "VARCHAR", "machine": "BOOLEAN", "meaningful": "BOOLEAN",
            "state": "VARCHAR", "active": "BOOLEAN", "automated": "BOOLEAN", "impact": "VARCHAR",
            "ok": "BOOLEAN", "complete": "BOOLEAN", "valid": "BOOLEAN", "duplicate": "BOOLEAN",
            "purpose": "VARCHAR", "granted": "BOOLEAN", "has_comment": "BOOLEAN",
            "revision": "HUGEINT", "score": "BIGINT", "scale_min": "BIGINT", "scale_max": "BIGINT",
            "amount_minor": "BIGINT", "cost_of_goods_minor": "BIGINT", "mrr_before_minor": "BIGINT",
            "mrr_after_minor": "BIGINT", "duration_ms": "BIGINT",
            "period_start": "DATE", "period_end": "DATE", "due_at": "VARCHAR"
        }'))
    FROM kept);
UPDATE event SET revision = 0 WHERE revision IS NULL;

-- Rules between two fields.

DELETE FROM event
WHERE type = 'crm.survey.answered'
  AND (score IS NULL OR scale_min IS NULL OR scale_max IS NULL
       OR score NOT BETWEEN scale_min AND scale_max
       OR (kind = 'nps' AND (scale_min, scale_max) <> (0, 10))
       OR (kind = 'ces' AND (scale_min, scale_max) <> (1, 7)));

DELETE FROM event
WHERE type = 'crm.cost.recorded'
  AND ((period_start IS NULL) <> (period_end IS NULL)
       OR period_end < period_start
       OR period_end - period_start + 1 > 800);
