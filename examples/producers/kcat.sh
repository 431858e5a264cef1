# One event with kcat; the key is the customer, the event is one line.
kcat -P -b "${KAFKA:-localhost:9092}" -t "${TOPIC:-crm.events}" -k cust-7 \
    -X partitioner=murmur2_random -X enable.idempotence=true -H content-type=application/cloudevents+json <<EOF
{"specversion": "1.0", "id": "evt-1", "source": "/my-crm", "type": "crm.lead.created", "time": "$(date -u +%FT%TZ)", "data": {"lead_id": "lead-7", "customer_id": "cust-7", "channel": "web"}}
EOF
