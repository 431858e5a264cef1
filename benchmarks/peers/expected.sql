-- The job once more, from its definition: events and pairs by hour and slice. `lines` is the file that was published.
WITH event AS (
    SELECT
        replace(substr(type, 5), '.', '_') AS kind,
        split_part(type, '.', 2) AS subject,
        coalesce(data.lead_id, data.deal_id, data.ticket_id) AS id,
        type LIKE '%.created' AS begins,
        epoch_ms(time) AS time_ms,
        [
            {'dimension': 'all', 'member': 'all'},
            {'dimension': 'channel', 'member': data.channel},
            {'dimension': 'segment', 'member': data.segment},
            {'dimension': 'region', 'member': data.region},
            {'dimension': 'team', 'member': data.team}
        ] AS slices
    FROM read_json($lines, format = 'newline_delimited', columns = {
        type: 'VARCHAR',
        time: 'TIMESTAMPTZ',
        data: 'STRUCT(lead_id VARCHAR, deal_id VARCHAR, ticket_id VARCHAR,
                      channel VARCHAR, segment VARCHAR, region VARCHAR, team VARCHAR)'
    })
),

pair AS (
    SELECT ended.subject, ended.time_ms, ended.time_ms - begun.time_ms AS took_ms, ended.slices
    FROM event AS begun
    JOIN event AS ended USING (subject, id)
    WHERE begun.begins AND NOT ended.begins AND ended.time_ms >= begun.time_ms
),

addition AS (
    SELECT kind AS number, time_ms, 1 AS amount, slices FROM event
    UNION ALL
    SELECT subject || '_pairs', time_ms, 1, slices FROM pair
    UNION ALL
    SELECT subject || '_ms', time_ms, took_ms, slices FROM pair
),

placed AS (
    SELECT number, time_ms - time_ms % 3600000 AS hour_ms, amount, unnest(slices) AS slice FROM addition
)

SELECT hour_ms, slice.dimension, slice.member, number, sum(amount)::BIGINT
FROM placed
GROUP BY ALL
