package peers;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A CloudEvent, decoded and validated. */
record Event(Kind kind, String subject, long timeMs, List<String> slices) {

  /** The event types; the even ones begin something, the odd ones end it. */
  enum Kind {
    LEAD_CREATED, LEAD_CONTACTED, DEAL_CREATED, DEAL_WON, TICKET_CREATED, TICKET_RESOLVED;

    boolean ends() {
      return ordinal() % 2 == 1;
    }
  }

  private static final Map<String, Kind> KINDS = Map.of(
      "crm.lead.created", Kind.LEAD_CREATED,
      "crm.lead.contacted", Kind.LEAD_CONTACTED,
      "crm.deal.created", Kind.DEAL_CREATED,
      "crm.deal.won", Kind.DEAL_WON,
      "crm.ticket.created", Kind.TICKET_CREATED,
      "crm.ticket.resolved", Kind.TICKET_RESOLVED);
  private static final Set<String> ACTORS = Set.of("human", "bot", "sequence");
  private static final long MAX_AMOUNT = 1_000_000_000_000_000L;

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Envelope(String specversion, String id, String source, String type, String time, Data data) {}

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Data(
      String lead_id, String deal_id, String ticket_id, String customer_id,
      String channel, String segment, String region, String team,
      String actor_kind, Long amount_minor, String currency) {}

  private static final ObjectReader READER = JsonMapper.builder()
      .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .build()
      .readerFor(Envelope.class);

  /** Decodes a record's value; IllegalArgumentException for one that is no event. */
  static Event decode(byte[] value) {
    Envelope envelope;
    try {
      envelope = READER.readValue(value);
    } catch (IOException error) {
      throw new IllegalArgumentException("not an event", error);
    }
    check("1.0".equals(envelope.specversion), "specversion");
    id(envelope.id, "id");
    id(envelope.source, "source");
    Kind kind = envelope.type == null ? null : KINDS.get(envelope.type);
    check(kind != null, "type");
    check(envelope.data != null, "data");
    check(envelope.time != null, "time");
    // An offset is required: a time without zone does not parse.
    long timeMs = OffsetDateTime.parse(envelope.time).toInstant().toEpochMilli();
    return new Event(kind, subject(kind, envelope.data), timeMs, slices(envelope.data));
  }

  private static String subject(Kind kind, Data data) {
    id(data.customer_id, "customer_id");
    return switch (kind) {
      case LEAD_CREATED -> "lead:" + id(data.lead_id, "lead_id");
      case LEAD_CONTACTED -> {
        check(data.actor_kind != null && ACTORS.contains(data.actor_kind), "actor_kind");
        yield "lead:" + id(data.lead_id, "lead_id");
      }
      case DEAL_CREATED -> "deal:" + id(data.deal_id, "deal_id");
      case DEAL_WON -> {
        Long amount = data.amount_minor;
        check(amount != null && amount >= 0 && amount <= MAX_AMOUNT, "amount_minor");
        check(data.currency != null && data.currency.length() == 3, "currency");
        yield "deal:" + id(data.deal_id, "deal_id");
      }
      case TICKET_CREATED, TICKET_RESOLVED -> "ticket:" + id(data.ticket_id, "ticket_id");
    };
  }

  private static List<String> slices(Data data) {
    return List.of(
        "all|all",
        "channel|" + member(data.channel, "channel"),
        "segment|" + member(data.segment, "segment"),
        "region|" + member(data.region, "region"),
        "team|" + member(data.team, "team"));
  }

  private static String member(String value, String field) {
    check(value == null || value.length() <= 200, field);
    return value == null || value.isEmpty() ? "unknown" : value;
  }

  private static String id(String value, String field) {
    check(value != null && !value.isEmpty() && value.length() <= 200, field);
    return value;
  }

  private static void check(boolean holds, String field) {
    if (!holds) {
      throw new IllegalArgumentException("missing or wrong: " + field);
    }
  }
}
