// Publishes an event by HTTP, to `kpi intake`: node publish.mjs (18 or later, nothing to install)
const { INTAKE = "http://localhost:8700", TOKEN } = process.env;

/** Returns when Kafka has it. Whatever goes wrong, the same event can be sent again. */
async function publish(event) {
  for (;;) {
    const reply = await fetch(`${INTAKE}/events`, {
      method: "POST",
      headers: { "content-type": "application/cloudevents+json", authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify(event),
    });
    if (reply.ok) return;
    const seconds = reply.headers.get("retry-after");
    if (!seconds) throw new Error(`${reply.status}: ${await reply.text()}`);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

await publish({
  specversion: "1.0",
  id: "evt-1",
  source: "/my-crm",
  type: "crm.lead.created",
  time: new Date().toISOString(),
  data: { lead_id: "lead-7", customer_id: "cust-7", channel: "web" },
});
