package peers;

import java.nio.ByteBuffer;

/** The sums of a slice in an hour: events of each kind, then pairs and their ms; stored as 12 longs. */
final class Sums {
  static final int NUMBERS = 12;
  static final int PAIRS = 6;

  private final ByteBuffer numbers;

  Sums(byte[] stored) {
    numbers = ByteBuffer.wrap(stored == null ? new byte[NUMBERS * Long.BYTES] : stored.clone());
  }

  Sums add(int index, long number) {
    numbers.putLong(index * Long.BYTES, get(index) + number);
    return this;
  }

  long get(int index) {
    return numbers.getLong(index * Long.BYTES);
  }

  byte[] stored() {
    return numbers.array();
  }
}
