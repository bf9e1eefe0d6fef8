package safeclock.bench;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * When a report was filed and when first acted on, in epoch milliseconds; {@link #NEVER} for what was not told.
 */
record Times(long filed, long acted) {
  // Later than everything, so that the earlier of two is a plain minimum.
  static final long NEVER = Long.MAX_VALUE;
  static final Times UNKNOWN = new Times(NEVER, NEVER);
  static final String OPEN = "open";

  Times after(Event event) {
    return event.isFiling()
        ? new Times(Math.min(filed, event.at()), acted)
        : new Times(filed, Math.min(acted, event.at()));
  }

  /**
   * The bucket of the time to the first action, or {@link #OPEN}; null if unfiled, which leaves the report uncounted.
   */
  String group(long[] buckets) {
    if (filed == NEVER) {
      return null;
    }
    if (acted == NEVER) {
      return OPEN;
    }
    int place = Arrays.binarySearch(buckets, acted - filed);
    return Integer.toString(place < 0 ? -place - 1 : place);
  }

  static Serde<Times> serde() {
    return Serdes.serdeFrom(
        (topic, times) -> times == null
            ? null
            : ByteBuffer.allocate(2 * Long.BYTES).putLong(times.filed).putLong(times.acted).array(),
        (topic, bytes) -> {
          if (bytes == null) {
            return null;
          }
          ByteBuffer read = ByteBuffer.wrap(bytes);
          return new Times(read.getLong(), read.getLong());
        });
  }
}
