-- Answers: the winning event says what was answered, the earliest one when.

CREATE TABLE answer AS
SELECT
    response_id,
    min(time_ms) AS answered_ms,
    arg_max({'kind': kind, 'score': score, 'scale_min': scale_min, 'scale_max': scale_max},
            {'revision': revision, 'stamp': stamp}) AS winner,
    earliest(channel, stamp) AS channel,
    earliest(product_id, stamp) AS product_id,
    earliest(segment, stamp) AS segment,
    earliest(region, stamp) AS region,
    earliest(team, stamp) AS team
FROM event
WHERE type = 'crm.survey.answered'
GROUP BY response_id;

CREATE VIEW answer_contribution AS
SELECT measure, answered_ms AS time_ms, 1 AS value, channel, product_id, segment, region, team
FROM (
    SELECT
        unnest([
            {'measure': 'nps_answers',    'counts': kind = 'nps'},
            {'measure': 'nps_promoters',  'counts': kind = 'nps' AND score >= 9},
            {'measure': 'nps_detractors', 'counts': kind = 'nps' AND score <= 6},
            {'measure': 'csat_answers',   'counts': kind = 'csat'},
            {'measure': 'csat_satisfied', 'counts': kind = 'csat'
                                                    AND 4 * (score - scale_min) >= 3 * (scale_max - scale_min)}
        ], recursive := true), *
    FROM (SELECT * EXCLUDE (winner), unnest(winner) FROM answer))
WHERE counts;
