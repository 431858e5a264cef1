-- Answers: the winning event says what was answered, the earliest one when. Invitations: whether it was.

INSERT INTO contribution BY NAME
SELECT subject, subject_id, time_ms, value, measure
FROM (
    SELECT subject, subject_id, unnest([
        {'measure': 'answers',              'time_ms': answered_ms, 'value': 1, 'counts': true},
        {'measure': 'answers_with_comment', 'time_ms': commented_ms, 'value': 1, 'counts': true},
        {'measure': 'nps_answers',          'time_ms': answered_ms, 'value': 1, 'counts': kind = 'nps'},
        {'measure': 'nps_promoters',        'time_ms': answered_ms, 'value': 1, 'counts': kind = 'nps' AND score >= 9},
        {'measure': 'nps_detractors',       'time_ms': answered_ms, 'value': 1, 'counts': kind = 'nps' AND score <= 6},
        {'measure': 'csat_answers',         'time_ms': answered_ms, 'value': 1, 'counts': kind = 'csat'},
        {'measure': 'csat_satisfied',       'time_ms': answered_ms, 'value': 1,
         'counts': kind = 'csat' AND 4 * (score - scale_min) >= 3 * (scale_max - scale_min)},
        {'measure': 'ces_answers',          'time_ms': answered_ms, 'value': 1, 'counts': kind = 'ces'},
        {'measure': 'ces_points',           'time_ms': answered_ms, 'value': score, 'counts': kind = 'ces'}
    ], recursive := true)
    FROM (
        SELECT
            subject, subject_id,
            min(time_ms) AS answered_ms,
            min(time_ms) FILTER (has_comment) AS commented_ms,
            unnest(winning(
                {'kind': kind, 'score': score, 'scale_min': scale_min, 'scale_max': scale_max}, revision, stamp))
        FROM story
        WHERE subject = 'answer'
        GROUP BY subject, subject_id))
WHERE counts;

INSERT INTO contribution BY NAME
SELECT subject, subject_id, 1 AS value, unnest([
    {'measure': 'surveys_sent',         'time_ms': sent_ms},
    {'measure': 'surveys_answered',     'time_ms': CASE WHEN len(answers_ms) > 0 THEN sent_ms END},
    {'measure': 'surveys_answered_14d',
     'time_ms': CASE WHEN list_min(list_filter(answers_ms, lambda t: t >= sent_ms)) <= sent_ms + in_days(14)
                     THEN sent_ms END}
], recursive := true)
FROM (
    SELECT
        subject, subject_id,
        min(time_ms) FILTER (type = 'crm.survey.sent') AS sent_ms,
        list(time_ms) FILTER (type = 'crm.survey.answered') AS answers_ms
    FROM story
    WHERE subject = 'invitation'
    GROUP BY subject, subject_id);
