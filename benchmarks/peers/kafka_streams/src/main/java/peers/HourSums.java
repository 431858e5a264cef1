package peers;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * The sums of an hour: `dimension|member` to events of each kind, then pairs and their ms.
 *
 * <p>Stored one slice after the other: the name's length (2 bytes) and bytes, then 12 longs.
 */
final class HourSums {
  static final int NUMBERS = 12;
  static final int PAIRS = 6;
  private static final int MAX_BYTES_PER_CHAR = 3; // of UTF-8

  private final Map<String, long[]> slices = new HashMap<>();

  /** The sums that were stored; none for null. */
  static HourSums of(byte[] stored) {
    HourSums sums = new HourSums();
    ByteBuffer buffer = ByteBuffer.wrap(stored == null ? new byte[0] : stored);
    while (buffer.hasRemaining()) {
      byte[] name = new byte[buffer.getShort()];
      buffer.get(name);
      long[] numbers = new long[NUMBERS];
      buffer.asLongBuffer().get(numbers);
      buffer.position(buffer.position() + NUMBERS * Long.BYTES);
      sums.slices.put(new String(name, StandardCharsets.UTF_8), numbers);
    }
    return sums;
  }

  void add(String slice, int index, long number) {
    slices.computeIfAbsent(slice, name -> new long[NUMBERS])[index] += number;
  }

  void forEach(BiConsumer<String, long[]> action) {
    slices.forEach(action);
  }

  byte[] stored() {
    int names = slices.keySet().stream().mapToInt(String::length).sum() * MAX_BYTES_PER_CHAR;
    ByteBuffer buffer = ByteBuffer.allocate(slices.size() * (2 + NUMBERS * Long.BYTES) + names);
    slices.forEach((slice, numbers) -> {
      byte[] name = slice.getBytes(StandardCharsets.UTF_8);
      buffer.putShort((short) name.length).put(name);
      buffer.asLongBuffer().put(numbers);
      buffer.position(buffer.position() + NUMBERS * Long.BYTES);
    });
    return Arrays.copyOf(buffer.array(), buffer.position());
  }
}
