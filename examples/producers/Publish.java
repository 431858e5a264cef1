// Publishes an event with Kafka's own client: java -cp 'JARS/*' Publish.java
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

class Publish {
    public static void main(String[] arguments) throws Exception {
        var settings = System.getenv();
        var topic = settings.getOrDefault("TOPIC", "crm.events");
        Map<String, Object> client =
            Map.of("bootstrap.servers", settings.getOrDefault("KAFKA", "localhost:9092"));
        var event = """
            {"specversion": "1.0", "id": "evt-1", "source": "/my-crm", "type": "crm.lead.created", "time": "%s",
             "data": {"lead_id": "lead-7", "customer_id": "cust-7", "channel": "web"}}""".formatted(Instant.now());

        var record = new ProducerRecord<>(topic, "cust-7", event);
        record.headers().add("content-type", "application/cloudevents+json".getBytes());
        try (var producer = new KafkaProducer<>(client, new StringSerializer(), new StringSerializer())) {
            producer.send(record).get(); // returns when Kafka has it, throws when it does not take it
        }
    }
}
