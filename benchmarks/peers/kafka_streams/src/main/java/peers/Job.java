package peers;

import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** The job: one processor with two stores, both of the partition that it reads. */
final class Job implements Processor<byte[], byte[], Void, Void> {
  static final String SUBJECTS = "subjects";
  static final String HOURS = "hours";
  private static final long HOUR_MS = 3_600_000;

  private final Marks marks;
  private KeyValueStore<String, byte[]> subjects;
  private KeyValueStore<Long, byte[]> hours;

  Job(Marks marks) {
    this.marks = marks;
  }

  @Override
  public void init(ProcessorContext<Void, Void> context) {
    subjects = context.getStateStore(SUBJECTS);
    hours = context.getStateStore(HOURS);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    marks.began();
    Event event = Event.decode(record.value());
    Times before = Times.of(subjects.get(event.subject()));
    Times after = before.with(event);
    subjects.put(event.subject(), after.stored());
    Times pair = after.paired() && !before.paired() ? after : null;
    long hour = hour(event.timeMs());
    if (pair == null || hour(pair.end()) == hour) {
      add(hour, event, true, pair);
    } else {
      add(hour, event, true, null);
      add(hour(pair.end()), event, false, pair);
    }
    marks.processed();
  }

  /** Adds the event (when it counts), and the pair that it completes (or null), to the hour's slices. */
  private void add(long hour, Event event, boolean counts, Times pair) {
    HourSums sums = HourSums.of(hours.get(hour));
    int kind = event.kind().ordinal();
    int index = HourSums.PAIRS + kind - kind % 2;
    for (String slice : event.slices()) {
      if (counts) {
        sums.add(slice, kind, 1);
      }
      if (pair != null) {
        sums.add(slice, index, 1);
        sums.add(slice, index + 1, pair.end() - pair.begin());
      }
    }
    hours.put(hour, sums.stored());
  }

  private static long hour(long timeMs) {
    return timeMs - Math.floorMod(timeMs, HOUR_MS);
  }
}
