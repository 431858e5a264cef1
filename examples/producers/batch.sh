# Several events in an array. Those that cannot be counted are listed in the answer; the others are published.
curl --silent --show-error --fail-with-body "${INTAKE:-http://localhost:8700}/events" \
    --header "Authorization: Bearer $TOKEN" --header "Content-Type: application/cloudevents-batch+json" \
    --data @- <<EOF
[{"specversion": "1.0", "id": "evt-1", "source": "/my-crm", "type": "crm.lead.created", "time": "$(date -u +%FT%TZ)",
  "data": {"lead_id": "lead-7", "customer_id": "cust-7", "channel": "web"}},
 {"specversion": "1.0", "id": "evt-2", "source": "/my-crm", "type": "crm.lead.contacted", "time": "$(date -u +%FT%TZ)",
  "data": {"lead_id": "lead-7", "customer_id": "cust-7", "actor_kind": "human"}}]
EOF
