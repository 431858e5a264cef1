package peers;

import java.nio.ByteBuffer;

/** When a subject began and ended, in ms; stored as two longs. */
record Times(long begin, long end) {
  static final long UNKNOWN = Long.MIN_VALUE;

  static Times of(byte[] stored) {
    if (stored == null) {
      return new Times(UNKNOWN, UNKNOWN);
    }
    ByteBuffer buffer = ByteBuffer.wrap(stored);
    return new Times(buffer.getLong(), buffer.getLong());
  }

  /** The times with the event's added; these when that side is known already. */
  Times with(Event event) {
    if (event.kind().ends()) {
      return end == UNKNOWN ? new Times(begin, event.timeMs()) : this;
    }
    return begin == UNKNOWN ? new Times(event.timeMs(), end) : this;
  }

  boolean paired() {
    return begin != UNKNOWN && end != UNKNOWN && end >= begin;
  }

  byte[] stored() {
    return ByteBuffer.allocate(16).putLong(begin).putLong(end).array();
  }
}
