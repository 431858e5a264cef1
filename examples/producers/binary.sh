# The envelope in headers, the data in the body.
curl --silent --show-error --fail-with-body "${INTAKE:-http://localhost:8700}/events" \
    --header "Authorization: Bearer $TOKEN" --header "Content-Type: application/json" \
    --header "ce-specversion: 1.0" --header "ce-id: evt-1" --header "ce-source: /my-crm" \
    --header "ce-type: crm.lead.created" --header "ce-time: $(date -u +%FT%TZ)" \
    --data '{"lead_id": "lead-7", "customer_id": "cust-7", "channel": "web"}'
