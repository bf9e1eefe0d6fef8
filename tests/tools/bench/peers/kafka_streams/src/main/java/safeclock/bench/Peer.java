package safeclock.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;

/**
 * The join in Kafka Streams as its documentation advises: the DSL, stores in RocksDB with changelogs, exactly once.
 *
 * <p>Arguments: bootstrap, application, state folder, session timeout in milliseconds, upper bounds of the buckets in
 * milliseconds with commas between, the place of the last bucket that is in time, topics with commas between. Tells
 * what it has seen and counted as lines of JSON.
 */
public final class Peer {
  private static final String COUNTS = "counts";
  private static final long PAUSE_MILLISECONDS = 50;

  private Peer() {}

  public static void main(String[] args) throws InterruptedException {
    long[] buckets = Arrays.stream(args[4].split(",")).mapToLong(Long::parseLong).toArray();
    int inTime = Integer.parseInt(args[5]);
    AtomicLong seen = new AtomicLong();
    Topology topology = topology(List.of(args[6].split(",")), buckets, seen);
    KafkaStreams streams = new KafkaStreams(topology, settings(args[0], args[1], args[2], args[3]));
    streams.start();
    String said = "";
    while (true) {
      // What was seen is read first: the totals that are told with it may be newer, never older.
      long now = seen.get();
      String word = "{\"seen\":" + now + ",\"totals\":" + totals(counts(streams), inTime) + "}";
      if (!word.equals(said)) {
        System.out.println(word);
        said = word;
      }
      Thread.sleep(PAUSE_MILLISECONDS);
    }
  }

  private static Topology topology(List<String> topics, long[] buckets, AtomicLong seen) {
    StreamsBuilder builder = new StreamsBuilder();
    KTable<String, Times> reports = builder
        .stream(topics, Consumed.with(Serdes.String(), Event.serde()))
        .peek((key, event) -> seen.incrementAndGet())
        .filter((key, event) -> event.isAboutReport())
        .groupByKey(Grouped.with(Serdes.String(), Event.serde()))
        .aggregate(
            () -> Times.UNKNOWN,
            (key, event, times) -> times.after(event),
            Materialized.with(Serdes.String(), Times.serde()));
    // A report that moves to another group is taken out of its old one: a table's count has an adder and a subtractor.
    reports
        .groupBy(
            (key, times) -> KeyValue.pair(times.group(buckets), ""),
            Grouped.with(Serdes.String(), Serdes.String()))
        .count(Materialized.as(COUNTS));
    return builder.build();
  }

  private static Properties settings(String bootstrap, String application, String folder, String session) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, folder);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1); // the race has one broker
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), session);
    return settings;
  }

  private static Map<String, Long> counts(KafkaStreams streams) {
    Map<String, Long> counts = new TreeMap<>();
    var wanted = StoreQueryParameters.fromNameAndType(COUNTS, QueryableStoreTypes.<String, Long>keyValueStore());
    try (KeyValueIterator<String, Long> all = streams.store(wanted).all()) {
      all.forEachRemaining(entry -> counts.put(entry.key, entry.value));
    } catch (InvalidStateStoreException notYet) {
      return Map.of(); // the store is not there before its partitions are, and while they are restored
    }
    return counts;
  }

  private static String totals(Map<String, Long> counts, int inTime) {
    TreeMap<Integer, Long> histogram = new TreeMap<>();
    counts.forEach((group, count) -> {
      if (!group.equals(Times.OPEN) && count > 0) {
        histogram.put(Integer.valueOf(group), count);
      }
    });
    long acted = sum(histogram);
    String pairs = histogram.entrySet().stream()
        .map(entry -> "[" + entry.getKey() + "," + entry.getValue() + "]")
        .collect(Collectors.joining(","));
    return "{\"filed\":" + (acted + counts.getOrDefault(Times.OPEN, 0L))
        + ",\"acted\":" + acted
        + ",\"histogram\":[" + pairs + "]"
        + ",\"overdue\":" + sum(histogram.tailMap(inTime, false)) + "}";
  }

  private static long sum(Map<Integer, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }
}
