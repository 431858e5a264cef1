-- Who the events are about: the subjects, what was removed of them, and their dimensions.

CREATE MACRO in_days(n) AS (n)::BIGINT * 86400000;

-- Before every event: when a level had its first value already, as far as anybody knows.
CREATE MACRO always() AS -1000000000000000::BIGINT;

CREATE TABLE about AS
SELECT subject, unnest(string_split(types, ' ')) AS type
FROM (VALUES
    ('lead',        'crm.lead.created crm.lead.assigned crm.lead.contacted crm.lead.qualified crm.lead.disqualified crm.lead.converted crm.x.lead.described'),
    ('deal',        'crm.deal.created crm.deal.stage_changed crm.deal.won crm.deal.lost crm.x.deal.described'),
    ('customer',    'crm.lead.created crm.x.lead.described crm.customer.activated crm.customer.churned crm.subscription.changed crm.order.paid crm.interaction.logged crm.referral.made crm.reference.changed crm.consent.changed'),
    ('order',       'crm.order.paid crm.refund.issued'),
    ('cost',        'crm.cost.recorded'),
    ('benefit',     'crm.benefit.recorded'),
    ('touch',       'crm.campaign.touched'),
    ('conversion',  'crm.campaign.converted'),
    ('interaction', 'crm.interaction.logged'),
    ('ticket',      'crm.ticket.created crm.ticket.replied crm.ticket.escalated crm.ticket.resolved crm.ticket.reopened crm.x.ticket.described'),
    ('answer',      'crm.survey.answered'),
    ('invitation',  'crm.survey.sent crm.survey.answered'),
    ('user',        'crm.user.licensed crm.user.acted'),
    ('training',    'crm.training.changed'),
    ('task',        'crm.task.completed'),
    ('incident',    'crm.incident.opened crm.incident.resolved'),
    ('component',   'crm.incident.opened crm.incident.resolved'),
    ('request',     'crm.request.sampled'),
    ('record_check', 'crm.record.checked'),
    ('erasure',     'crm.erasure.requested crm.erasure.completed')
) AS kind(subject, types);

-- Fields that only together tell subjects apart are joined; where one is missing there is no subject.
CREATE TABLE story AS
SELECT
    subject,
    nullif(CASE subject
        WHEN 'lead'        THEN lead_id
        WHEN 'deal'        THEN deal_id
        WHEN 'customer'    THEN customer_id
        WHEN 'order'       THEN order_id
        WHEN 'cost'        THEN cost_id
        WHEN 'benefit'     THEN benefit_id
        WHEN 'touch'       THEN campaign_id || chr(31) || recipient_ref
        WHEN 'conversion'  THEN conversion_id
        WHEN 'interaction' THEN interaction_id
        WHEN 'ticket'      THEN ticket_id
        WHEN 'answer'      THEN response_id
        WHEN 'invitation'  THEN invitation_id
        WHEN 'user'        THEN user_id
        WHEN 'training'    THEN user_id || chr(31) || course_id
        WHEN 'task'        THEN task_id
        WHEN 'incident'    THEN incident_id
        WHEN 'component'   THEN component
        WHEN 'request'     THEN request_id
        WHEN 'record_check' THEN check_id
        WHEN 'erasure'     THEN request_id
    END, '') AS subject_id,
    event.*
FROM event JOIN about USING (type);

-- What was removed has never been; one id names no subject of several fields.
DELETE FROM story
WHERE subject_id IS NULL
   OR (subject NOT IN ('touch', 'training')
       AND (subject, subject_id) IN (SELECT (entity, id) FROM event WHERE type = 'crm.record.removed'));

-- Who is erased is unknown from then on: what comes later, in the order of the lines, says nothing of the
-- customer. (The one place where order counts: a tombstone remembers nothing that it could be compared with.)
CREATE TABLE erased AS
SELECT customer_id AS subject_id, arg_min(time_ms, line_no) AS erased_ms, min(line_no) AS line_no
FROM event
WHERE type = 'crm.customer.erased'
GROUP BY customer_id;

DELETE FROM story
WHERE subject = 'customer'
  AND line_no > (SELECT erased.line_no FROM erased WHERE erased.subject_id = story.subject_id);

-- A subject's dimension is that of its earliest event that names one. A customer's come from its lead and its
-- joining: another event of a customer tells of itself (an interaction's channel is not the customer's).
CREATE MACRO earliest(member, stamp) AS coalesce(arg_min(nullif(member, ''), stamp), 'unknown');

CREATE TABLE dimension_of AS
SELECT
    subject, subject_id,
    earliest(channel, stamp) AS channel,
    earliest(product_id, stamp) AS product_id,
    earliest(segment, stamp) AS segment,
    earliest(region, stamp) AS region,
    earliest(team, stamp) AS team,
    earliest(campaign_id, stamp) AS campaign_id,
    earliest(component, stamp) AS component
FROM story
WHERE subject <> 'customer' OR type IN ('crm.lead.created', 'crm.x.lead.described', 'crm.customer.activated')
GROUP BY subject, subject_id;

-- What each subject's numbers are sliced by; a pair's members are those of both together.
CREATE TABLE sliced_by AS
SELECT subject, unnest(string_split('all ' || dimensions, ' ')) AS dimension
FROM (VALUES
    ('lead',         'channel segment region team channel_segment'),
    ('deal',         'channel product_id segment region team'),
    ('customer',     'channel segment region plan'),
    ('order',        'channel product_id segment region'),
    ('cost',         'channel segment region campaign_id'),
    ('benefit',      'region'),
    ('touch',        'channel segment campaign_id'),
    ('conversion',   'channel segment campaign_id'),
    ('interaction',  'channel segment region team'),
    ('ticket',       'channel product_id segment region team'),
    ('answer',       'channel product_id segment region team'),
    ('invitation',   'channel product_id segment region team'),
    ('user',         'region team'),
    ('training',     'region team'),
    ('task',         'region team'),
    ('incident',     'component'),
    ('component',    'component'),
    ('request',      'component'),
    ('record_check', 'region team'),
    ('erasure',      'region')
) AS cut(subject, dimensions);

-- Of several events that give a value, the greatest (revision, time, digest) counts.
CREATE MACRO winning(value, revision, stamp) AS arg_max(value, {'revision': revision, 'stamp': stamp});

-- What a subject contributes. No time, no contribution: the step it waits for has not come. `plan` is given
-- where a level moves from plan to plan; elsewhere it is that of the contribution's time.
CREATE TABLE contribution (
    subject VARCHAR, subject_id VARCHAR, measure VARCHAR, time_ms BIGINT, value HUGEINT, plan VARCHAR);

-- Durations by the business clock, to be measured (business.sql).
CREATE TABLE business_span (subject VARCHAR, subject_id VARCHAR, measure VARCHAR, from_ms BIGINT, to_ms BIGINT);
