package safeclock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.OffsetDateTime;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * What the join needs of an event.
 */
record Event(String type, long at) {
  private static final String FILED = "safeclock.report-filed.v1";
  private static final String ACTED = "safeclock.action-taken.v1";
  private static final ObjectMapper JSON = new ObjectMapper();

  boolean isFiling() {
    return type.equals(FILED);
  }

  boolean isAboutReport() {
    return isFiling() || type.equals(ACTED);
  }

  static Serde<Event> serde() {
    return Serdes.serdeFrom(
        (topic, event) -> {
          throw new UnsupportedOperationException("events are read only");
        },
        (topic, bytes) -> {
          try {
            JsonNode tree = JSON.readTree(bytes);
            long at = OffsetDateTime.parse(tree.get("time").asText()).toInstant().toEpochMilli();
            return new Event(tree.get("type").asText(), at);
          } catch (IOException error) {
            throw new UncheckedIOException(error);
          }
        });
  }
}
