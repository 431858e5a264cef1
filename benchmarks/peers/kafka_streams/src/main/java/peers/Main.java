package peers;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The job in Kafka Streams, with the Processor API.
 *
 * <p>Started by benchmarks/peers/run.py: BOOTSTRAP TOPIC EVENTS DIRECTORY GUARANTEE STORE, where STORE is
 * rocksdb or memory.
 */
public final class Main {
  private static final long CACHE_BYTES = 256L << 20;
  private static final int COMMIT_MS = 1_000;
  private static final int THREADS = 2;

  private Main() {}

  public static void main(String[] args) throws Exception {
    Marks marks = new Marks(Path.of(args[3]), Long.parseLong(args[2]));
    Topology topology = topology(args[1], marks, args[5].equals("memory"));
    try (KafkaStreams streams = new KafkaStreams(topology, settings(args[0], args[3], args[4]))) {
      streams.start();
      marks.awaitAll();
      marks.write(JsonMapper.builder().build().writeValueAsBytes(sums(streams)));
    }
  }

  private static Topology topology(String topic, Marks marks, boolean inMemory) {
    return new Topology()
        .addSource("events", Serdes.ByteArray().deserializer(), Serdes.ByteArray().deserializer(), topic)
        .addProcessor("job", () -> new Job(marks), "events")
        .addStateStore(store(Job.SUBJECTS, Serdes.String(), inMemory), "job")
        .addStateStore(store(Job.HOURS, Serdes.Long(), inMemory), "job");
  }

  private static <K> StoreBuilder<KeyValueStore<K, byte[]>> store(
      String name, Serde<K> keys, boolean inMemory) {
    KeyValueBytesStoreSupplier supplier =
        inMemory ? Stores.inMemoryKeyValueStore(name) : Stores.persistentKeyValueStore(name);
    return Stores.keyValueStoreBuilder(supplier, keys, Serdes.ByteArray())
        .withCachingEnabled()
        .withLoggingEnabled(Map.of());
  }

  private static Properties settings(String bootstrap, String directory, String guarantee) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "peer-" + Path.of(directory).getFileName());
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, directory);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, guarantee);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, THREADS);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT_MS);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, CACHE_BYTES);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
    return settings;
  }

  /** The sums over all partitions: the same key is in the store of each. */
  private static Map<String, long[]> sums(KafkaStreams streams) {
    Map<String, long[]> result = new TreeMap<>();
    var store = streams.store(StoreQueryParameters.fromNameAndType(
        Job.HOURS, QueryableStoreTypes.<Long, byte[]>keyValueStore()));
    try (var hours = store.all()) {
      hours.forEachRemaining(hour -> HourSums.of(hour.value).forEach((slice, numbers) -> {
        long[] sums = result.computeIfAbsent(hour.key + "|" + slice, cell -> new long[HourSums.NUMBERS]);
        Arrays.setAll(sums, index -> sums[index] + numbers[index]);
      }));
    }
    return result;
  }
}
