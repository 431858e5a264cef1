-- The KPIs (KPIS.md, section 2): every series of every gauge, as formulas over the quantities of one scope and slice.

-- Windows and slices by letter; a list of words stands for itself.
CREATE TABLE windows_of AS
SELECT windows, unnest(string_split(words, ' ')) AS "window"
FROM (VALUES
    ('M', '5m 15m 1h 24h 7d 28d 30d 90d 365d mtd qtd'),
    ('W', '1h 24h 7d 28d 30d 90d 365d mtd qtd'),
    ('Y', '1h 24h 7d 28d 30d 90d 365d mtd qtd ytd'),
    ('F', '24h 7d 28d 30d 90d 365d mtd qtd'),   -- what matures has left the minutes
    ('K', '28d 30d 90d 365d mtd qtd ytd'),      -- costs are spread over days
    ('C', '30d 90d 365d ytd'),
    ('R', '5m 15m 1h 24h 7d 28d 30d 90d'),
    ('A', '30d 90d 365d'),
    ('B', '90d 365d'),
    ('now', 'now')
) AS meaning(windows, words);

CREATE TABLE dimensions_of AS
SELECT dimensions, unnest(string_split('all ' || words, ' ')) AS dimension
FROM (VALUES
    ('L', 'channel segment region team channel_segment'),
    ('D', 'channel product_id segment region team'),
    ('T', 'channel segment region team'),
    ('C', 'channel segment region plan'),
    ('O', 'channel product_id segment region'),
    ('K', 'channel segment region'),
    ('S', 'segment region'),
    ('G', 'campaign_id channel segment'),
    ('U', 'region team'),
    ('R', 'region'),
    ('P', 'component')
) AS meaning(dimensions, words);

-- One row per scope and slice, one column per measure.

CREATE TABLE measure AS SELECT unnest(regexp_split_to_array(trim('
    answers answers_with_comment benefits buyers buyers_again campaign_conversions campaign_revenue
    ces_answers ces_points clicked clicked_7d complained complained_7d components consented consented_analytics
    consented_marketing consented_profiling conversions cost_crm cost_marketing cost_of_goods cost_sales
    cost_training csat_answers csat_satisfied customers customers_lost customers_lost_involuntary
    customers_lost_unknown customers_lost_voluntary customers_new deal_cycle deals_lost
    deals_reached_meeting deals_reached_negotiation deals_reached_proposal deals_reached_qualified
    deals_won deals_won_of_created delivered downtime engaged erasures_overdue erasures_waiting
    first_response first_response_business incidents incidents_open interactions interactions_meaningful
    lead_response lead_response_business lead_to_customer leads leads_accepted leads_answered_1h
    leads_answered_5m leads_clocked leads_converted leads_converted_30d leads_mql leads_referred
    leads_waiting mrr mrr_churned mrr_contraction mrr_expansion mrr_kept mrr_kept_gross mrr_new
    mrr_reactivated nps_answers nps_detractors nps_promoters orders pipeline pipeline_weighted records
    records_duplicate records_good references references_agreed references_asked referrers refunds requests
    requests_failed resolution revenue revenue_lost sales sales_costed sales_gross surveys_answered
    surveys_answered_14d surveys_sent tasks tasks_automated tickets tickets_escalated tickets_first_contact
    tickets_first_contact_7d tickets_open tickets_reopened tickets_reopened_7d tickets_resolved trainings
    trainings_completed unsubscribed unsubscribed_7d users_active users_licensed
'), '\s+')) AS measure;

CREATE MACRO pivoted(matures) AS TABLE
    SELECT "window", maturity, side, dimension, member, covered_ms, measure,
        {'total': total, 'n': n, 'at_start': at_start, 'at_end': at_end} AS figures
    FROM quantity SEMI JOIN measure USING (measure)
    WHERE (maturity <> '') = matures
    UNION ALL
    -- Every scope and every measure is there, even over nothing.
    SELECT "window", maturity, side, 'all' AS dimension, 'all' AS member, covered_ms, measure, NULL
    FROM (FROM scope CROSS JOIN measure)
    ANTI JOIN (FROM quantity WHERE dimension = 'all') USING ("window", maturity, side, measure)
    WHERE (maturity <> '') = matures
      AND (NOT matures OR (maturity, measure) IN (SELECT (maturity, measure) FROM read_when));

CREATE TABLE measured AS
PIVOT (FROM pivoted(false)) ON measure USING first(figures)
GROUP BY "window", maturity, side, dimension, member, covered_ms;

CREATE TABLE measured_later AS
PIVOT (FROM pivoted(true)) ON measure USING first(figures)
GROUP BY "window", maturity, side, dimension, member, covered_ms;

-- Words of formulas: a sum over the scope, how many made it, a level at its edges and in between.
CREATE MACRO total(m) AS coalesce(m.total, 0)::HUGEINT;
CREATE MACRO number(m) AS coalesce(m.n, 0)::HUGEINT;
CREATE MACRO at_start(m) AS coalesce(m.at_start, 0)::HUGEINT;
CREATE MACRO at_end(m) AS coalesce(m.at_end, 0)::HUGEINT;
CREATE MACRO average(m) AS (at_start(m) + at_end(m)) / 2.0::DOUBLE;
CREATE MACRO per(a, b) AS (a)::DOUBLE / nullif(b, 0)::DOUBLE;

-- form: ratio n/d · score n/d in points · points 100 n/d · price n/d in money · cost the same, none if nothing
--       was spent · count, money, seconds: n · mean n/d of a duration · quantile · oldest · formula: a value
-- compares: with the window before always, or `never` (who was last active then cannot be known any more, and
--       what is open now was not so before), or `over`: only windows of a length that the past is kept for.
CREATE MACRO series(kpi, gauge, labels, form, windows, dimensions, n, d, v, maturity, compares) AS {
    'kpi': kpi, 'gauge': gauge, 'labels': labels, 'form': form,
    'windows': windows, 'dimensions': dimensions,
    'numerator': (n)::HUGEINT, 'denominator': (d)::HUGEINT, 'value': (v)::DOUBLE,
    'maturity': maturity, 'compares': compares,
    -- Of ratios that are no proportions, for what is counted above is no part of what is below.
    'bounds': CASE WHEN form = 'points' THEN 'adjusted wald'
                   WHEN form = 'ratio' AND kpi NOT IN (
                       'lead_conversion_in_period', 'refund_rate', 'net_revenue_retention',
                       'gross_revenue_retention', 'interactions_per_engaged', 'campaign_conversion',
                       'campaign_roi', 'crm_roi') THEN 'wilson' END};
CREATE MACRO divided(form, kpi, gauge, labels, windows, dimensions, n, d) AS
    series(kpi, gauge, labels, form, windows, dimensions, n, d, NULL, '', 'always');
CREATE MACRO matured(maturity, kpi, gauge, labels, windows, dimensions, n, d) AS
    series(kpi, gauge, labels, 'ratio', windows, dimensions, n, d, NULL, maturity, 'always');
CREATE MACRO of_last(kpi, gauge, windows, dimensions, n, d) AS
    series(kpi, gauge, '', 'ratio', windows, dimensions, n, d, NULL, '', 'never');
CREATE MACRO then_now(kpi, gauge, labels, n, d) AS
    series(kpi, gauge, labels, 'ratio', 'C', 'C', n, d, NULL, '', 'over');
CREATE MACRO amount(form, kpi, gauge, labels, windows, dimensions, n) AS
    series(kpi, gauge, labels, form, windows, dimensions, n, NULL, NULL, '', 'always');
CREATE MACRO level(form, kpi, gauge, labels, dimensions, n, d) AS
    series(kpi, gauge, labels, form, 'now', dimensions, n, d, NULL, '', 'never');
CREATE MACRO composed(kpi, gauge, labels, windows, dimensions, v, compares) AS
    series(kpi, gauge, labels, 'formula', windows, dimensions, NULL, NULL, v, '', compares);
CREATE MACRO mean(kpi, gauge, labels, windows, dimensions, m) AS
    series(kpi, gauge, labels, 'mean', windows, dimensions, total(m), number(m), NULL, '', 'always');

-- Parts of more than one formula. Money in major units.
CREATE VIEW composed_of AS
SELECT
    *,
    per(total(sales), total(orders)) / 100 * frequency * lifespan AS clv_revenue,
    per(total(sales), total(orders)) / 100 * frequency * lifespan * margin AS clv_margin,
    per(nullif(total(cost_marketing) + total(cost_sales), 0), total(customers_new)) / 100 AS cac
FROM (
    SELECT
        *,
        per(total(orders), average(customers)) * 365 / nullif(days, 0) AS frequency,
        per(total(sales_costed) - total(cost_of_goods), total(sales_costed)) AS margin,
        CASE WHEN at_start(customers) = 0 THEN NULL
             WHEN total(customers_lost) = 0 THEN 5
             ELSE least(5, days / 365 * at_start(customers) / total(customers_lost)) END AS lifespan
    FROM (SELECT *, covered_ms / 86400000.0::DOUBLE AS days FROM measured));

CREATE TABLE evaluated AS
SELECT kpi, gauge, labels, form, "window", side, dimension, member, numerator, denominator, value, compares, bounds,
    polar
FROM (
    SELECT "window", side, dimension, member, total(nps_promoters) + total(nps_detractors) AS polar, unnest([
        -- Leads
        divided('ratio', 'lead_conversion', 'crm_lead_conversion_ratio', 'state=provisional', 'W', 'L', total(leads_converted), total(leads)),
        divided('ratio', 'lead_conversion_in_period', 'crm_lead_conversion_in_period_ratio', '', 'W', 'L', total(conversions), total(leads)),
        divided('ratio', 'lead_acceptance', 'crm_lead_acceptance_ratio', '', 'W', 'L', total(leads_accepted), total(leads_mql)),
        amount('count', 'lead_volume', 'crm_leads', '', 'W', 'L', total(leads)),
        mean('lead_response', 'crm_lead_response_seconds_mean', 'clock=calendar', 'M', 'L', lead_response),
        mean('lead_response', 'crm_lead_response_seconds_mean', 'clock=business', 'M', 'L', lead_response_business),
        divided('ratio', 'lead_answered', 'crm_lead_answered_ratio', 'within=1h state=provisional', 'W', 'L', total(leads_answered_1h), total(leads_clocked)),
        divided('ratio', 'lead_answered', 'crm_lead_answered_ratio', 'within=5m state=provisional', 'W', 'L', total(leads_answered_5m), total(leads_clocked)),
        level('count', 'leads_waiting', 'crm_leads_waiting', '', 'L', at_end(leads_waiting), NULL),
        divided('cost', 'cost_per_lead', 'crm_cost_per_lead', 'currency=USD', 'K', 'K', total(cost_marketing), total(leads)),
        divided('cost', 'cost_per_qualified_lead', 'crm_cost_per_qualified_lead', 'currency=USD', 'K', 'K', total(cost_marketing), total(leads_mql)),
        divided('price', 'revenue_per_lead', 'crm_revenue_per_lead', 'currency=USD', 'Y', 'T', total(revenue), total(leads)),
        divided('ratio', 'referral_share', 'crm_referral_ratio', '', 'W', 'L', total(leads_referred), total(leads)),
        of_last('referral_rate', 'crm_referrers_ratio', 'W', 'C', total(referrers), at_end(customers)),
        mean('lead_to_customer', 'crm_lead_to_customer_seconds_mean', '', 'W', 'L', lead_to_customer),
        -- Deals
        divided('ratio', 'win_rate', 'crm_win_ratio', '', 'W', 'D', total(deals_won), total(deals_won) + total(deals_lost)),
        divided('ratio', 'stage_conversion', 'crm_stage_conversion_ratio', 'stage=qualified', 'W', 'D', total(deals_reached_meeting), total(deals_reached_qualified)),
        divided('ratio', 'stage_conversion', 'crm_stage_conversion_ratio', 'stage=meeting', 'W', 'D', total(deals_reached_proposal), total(deals_reached_meeting)),
        divided('ratio', 'stage_conversion', 'crm_stage_conversion_ratio', 'stage=proposal', 'W', 'D', total(deals_reached_negotiation), total(deals_reached_proposal)),
        divided('ratio', 'stage_conversion', 'crm_stage_conversion_ratio', 'stage=negotiation', 'W', 'D', total(deals_won_of_created), total(deals_reached_negotiation)),
        mean('sales_cycle', 'crm_sales_cycle_seconds_mean', '', 'W', 'D', deal_cycle),
        amount('money', 'revenue', 'crm_revenue', 'currency=USD', 'Y', 'D', total(revenue)),
        amount('money', 'revenue_lost', 'crm_revenue_lost', 'currency=USD', 'Y', 'D', total(revenue_lost)),
        level('money', 'pipeline', 'crm_pipeline', 'currency=USD', 'D', at_end(pipeline), NULL),
        level('money', 'pipeline_weighted', 'crm_pipeline_weighted', 'currency=USD', 'D', at_end(pipeline_weighted), NULL),
        -- Money
        divided('cost', 'cac', 'crm_cac', 'currency=USD', 'C', 'K', total(cost_marketing) + total(cost_sales), total(customers_new)),
        divided('price', 'average_order', 'crm_average_order', 'currency=USD', 'Y', 'O', total(sales_gross), total(orders)),
        amount('money', 'sales', 'crm_sales', 'currency=USD', 'Y', 'O', total(sales)),
        divided('ratio', 'refund_rate', 'crm_refund_ratio', '', 'Y', 'O', total(refunds), total(sales_gross)),
        of_last('repeat_purchase', 'crm_repeat_purchase_ratio', 'W', 'C', total(buyers_again), total(buyers)),
        composed('purchase_frequency', 'crm_purchase_frequency', '', 'A', 'S', frequency, 'always'),
        composed('customer_lifespan', 'crm_customer_lifespan_years', '', 'A', 'C', lifespan, 'over'),
        composed('clv', 'crm_clv', 'basis=revenue currency=USD', 'B', 'S', clv_revenue, 'over'),
        composed('clv', 'crm_clv', 'basis=margin currency=USD', 'B', 'S', clv_margin, 'over'),
        composed('clv_to_cac', 'crm_clv_to_cac_ratio', '', 'B', 'S', per(clv_margin, cac), 'over'),
        composed('cac_payback', 'crm_cac_payback_months', '', 'B', 'S',
            per(cac, total(sales) / 100.0::DOUBLE * margin / nullif(average(customers), 0) / nullif(days * 12 / 365, 0)), 'always'),
        divided('ratio', 'crm_roi', 'crm_roi_ratio', '', 'K', 'R',
            total(benefits) - total(cost_crm) - total(cost_training), total(cost_crm) + total(cost_training)),
        -- Customers
        level('count', 'customers', 'crm_customers', '', 'C', at_end(customers), NULL),
        amount('count', 'customers_new', 'crm_customers_new', '', 'Y', 'C', total(customers_new)),
        then_now('retention', 'crm_retention_ratio', '', at_start(customers) - total(customers_lost), at_start(customers)),
        then_now('churn', 'crm_churn_ratio', 'kind=all', total(customers_lost), at_start(customers)),
        then_now('churn', 'crm_churn_ratio', 'kind=voluntary', total(customers_lost_voluntary), at_start(customers)),
        then_now('churn', 'crm_churn_ratio', 'kind=involuntary', total(customers_lost_involuntary), at_start(customers)),
        then_now('churn', 'crm_churn_ratio', 'kind=unknown', total(customers_lost_unknown), at_start(customers)),
        then_now('net_revenue_retention', 'crm_net_revenue_retention_ratio', '', total(mrr_kept), at_start(mrr)),
        then_now('gross_revenue_retention', 'crm_gross_revenue_retention_ratio', '', total(mrr_kept_gross), at_start(mrr)),
        level('money', 'mrr', 'crm_mrr', 'currency=USD', 'C', at_end(mrr), NULL),
        amount('money', 'mrr_movements', 'crm_mrr_movement', 'movement=new currency=USD', 'Y', 'C', total(mrr_new)),
        amount('money', 'mrr_movements', 'crm_mrr_movement', 'movement=reactivated currency=USD', 'Y', 'C', total(mrr_reactivated)),
        amount('money', 'mrr_movements', 'crm_mrr_movement', 'movement=expansion currency=USD', 'Y', 'C', total(mrr_expansion)),
        amount('money', 'mrr_movements', 'crm_mrr_movement', 'movement=contraction currency=USD', 'Y', 'C', total(mrr_contraction)),
        amount('money', 'mrr_movements', 'crm_mrr_movement', 'movement=churned currency=USD', 'Y', 'C', total(mrr_churned)),
        of_last('engagement', 'crm_engagement_ratio', 'W', 'C', total(engaged), at_end(customers)),
        of_last('interactions_per_engaged', 'crm_interactions_per_engaged', 'W', 'S', total(interactions_meaningful), total(engaged)),
        divided('ratio', 'interaction_quality', 'crm_interaction_quality_ratio', '', 'W', 'T', total(interactions_meaningful), total(interactions)),
        level('ratio', 'referenceability', 'crm_referenceability_ratio', '', 'C', at_end("references"), at_end(customers)),
        divided('ratio', 'reference_acceptance', 'crm_reference_acceptance_ratio', '', 'W', 'C', total(references_agreed), total(references_asked)),
        level('ratio', 'consent', 'crm_consent_ratio', 'purpose=any', 'C', at_end(consented), at_end(customers)),
        level('ratio', 'consent', 'crm_consent_ratio', 'purpose=marketing', 'C', at_end(consented_marketing), at_end(customers)),
        level('ratio', 'consent', 'crm_consent_ratio', 'purpose=analytics', 'C', at_end(consented_analytics), at_end(customers)),
        level('ratio', 'consent', 'crm_consent_ratio', 'purpose=profiling', 'C', at_end(consented_profiling), at_end(customers)),
        -- Surveys
        divided('points', 'nps', 'crm_nps_points', '', 'W', 'D', total(nps_promoters) - total(nps_detractors), total(nps_answers)),
        divided('ratio', 'csat', 'crm_csat_ratio', '', 'W', 'D', total(csat_satisfied), total(csat_answers)),
        divided('score', 'ces', 'crm_ces_points', '', 'W', 'D', total(ces_points), total(ces_answers)),
        divided('ratio', 'survey_response', 'crm_survey_response_ratio', 'state=provisional', 'W', 'D', total(surveys_answered), total(surveys_sent)),
        divided('ratio', 'comments', 'crm_survey_comment_ratio', '', 'W', 'D', total(answers_with_comment), total(answers)),
        -- Tickets
        amount('count', 'tickets', 'crm_tickets', '', 'M', 'D', total(tickets)),
        mean('first_response', 'crm_first_response_seconds_mean', 'clock=calendar', 'M', 'D', first_response),
        mean('first_response', 'crm_first_response_seconds_mean', 'clock=business', 'M', 'D', first_response_business),
        mean('resolution', 'crm_resolution_seconds_mean', '', 'M', 'D', resolution),
        divided('ratio', 'first_contact_resolution', 'crm_first_contact_resolution_ratio', 'state=provisional', 'W', 'D', total(tickets_first_contact), total(tickets_resolved)),
        divided('ratio', 'reopen_rate', 'crm_reopen_ratio', 'state=provisional', 'W', 'D', total(tickets_reopened), total(tickets_resolved)),
        divided('ratio', 'escalation_rate', 'crm_escalation_ratio', '', 'W', 'D', total(tickets_escalated), total(tickets)),
        level('count', 'backlog', 'crm_tickets_open', '', 'D', at_end(tickets_open), NULL),
        -- Campaigns
        divided('ratio', 'click_rate', 'crm_campaign_click_ratio', 'state=provisional', 'W', 'G', total(clicked), total(delivered)),
        divided('ratio', 'unsubscribe_rate', 'crm_campaign_unsubscribe_ratio', 'state=provisional', 'W', 'G', total(unsubscribed), total(delivered)),
        divided('ratio', 'complaint_rate', 'crm_campaign_complaint_ratio', 'state=provisional', 'W', 'G', total(complained), total(delivered)),
        divided('ratio', 'campaign_conversion', 'crm_campaign_conversion_ratio', '', 'W', 'G', total(campaign_conversions), total(delivered)),
        divided('ratio', 'campaign_roi', 'crm_campaign_roi_ratio', '', 'K', 'G', total(campaign_revenue) - total(cost_marketing), total(cost_marketing)),
        -- Operations
        composed('availability', 'crm_availability_ratio', '', 'W', 'P',
            1 - per(total(downtime), at_end(components) * covered_ms), 'always'),
        amount('seconds', 'downtime', 'crm_downtime_seconds', '', 'W', 'P', total(downtime)),
        amount('count', 'incidents', 'crm_incidents', '', 'W', 'P', total(incidents)),
        level('count', 'incidents_open', 'crm_incidents_open', '', 'P', at_end(incidents_open), NULL),
        divided('ratio', 'request_failures', 'crm_request_failure_ratio', '', 'R', 'P', total(requests_failed), total(requests)),
        of_last('adoption', 'crm_adoption_ratio', 'W', 'U', total(users_active), at_end(users_licensed)),
        divided('ratio', 'training', 'crm_training_ratio', '', 'W', 'U', total(trainings_completed), total(trainings)),
        divided('ratio', 'automation', 'crm_automation_ratio', '', 'W', 'U', total(tasks_automated), total(tasks)),
        divided('ratio', 'data_quality', 'crm_data_quality_ratio', '', 'W', 'U', total(records_good), total(records)),
        divided('ratio', 'record_duplicates', 'crm_record_duplicate_ratio', '', 'W', 'U', total(records_duplicate), total(records)),
        level('count', 'erasures_waiting', 'crm_erasures_waiting', '', 'R', at_end(erasures_waiting), NULL),
        level('count', 'erasures_overdue', 'crm_erasures_overdue', '', 'R', at_end(erasures_overdue), NULL)
    ], recursive := true)
    FROM composed_of)
SEMI JOIN windows_of USING (windows, "window")
SEMI JOIN dimensions_of USING (dimensions, dimension);

INSERT INTO evaluated BY NAME
SELECT kpi, gauge, labels, form, "window", side, dimension, member, numerator, denominator, value, compares, bounds
FROM (
    SELECT "window", maturity AS scope_maturity, side, dimension, member, unnest([
        matured('30d', 'lead_conversion', 'crm_lead_conversion_ratio', 'state=final', 'F', 'L', total(leads_converted_30d), total(leads)),
        matured('1h', 'lead_answered', 'crm_lead_answered_ratio', 'within=1h state=final', 'W', 'L', total(leads_answered_1h), total(leads_clocked)),
        matured('5m', 'lead_answered', 'crm_lead_answered_ratio', 'within=5m state=final', 'W', 'L', total(leads_answered_5m), total(leads_clocked)),
        matured('14d', 'survey_response', 'crm_survey_response_ratio', 'state=final', 'F', 'D', total(surveys_answered_14d), total(surveys_sent)),
        matured('7d', 'first_contact_resolution', 'crm_first_contact_resolution_ratio', 'state=final', 'F', 'D', total(tickets_first_contact_7d), total(tickets_resolved)),
        matured('7d', 'reopen_rate', 'crm_reopen_ratio', 'state=final', 'F', 'D', total(tickets_reopened_7d), total(tickets_resolved)),
        matured('7d', 'click_rate', 'crm_campaign_click_ratio', 'state=final', 'F', 'G', total(clicked_7d), total(delivered)),
        matured('7d', 'unsubscribe_rate', 'crm_campaign_unsubscribe_ratio', 'state=final', 'F', 'G', total(unsubscribed_7d), total(delivered)),
        matured('7d', 'complaint_rate', 'crm_campaign_complaint_ratio', 'state=final', 'F', 'G', total(complained_7d), total(delivered))
    ], recursive := true)
    FROM measured_later)
SEMI JOIN windows_of USING (windows, "window")
SEMI JOIN dimensions_of USING (dimensions, dimension)
WHERE maturity = scope_maturity;
