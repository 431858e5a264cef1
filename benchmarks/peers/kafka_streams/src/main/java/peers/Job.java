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
  private KeyValueStore<String, byte[]> hours;

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
    boolean completes = after.paired() && !before.paired();
    long hour = hour(event.timeMs());
    boolean together = completes && hour(after.end()) == hour;
    subjects.put(event.subject(), after.stored());
    for (String slice : event.slices()) {
      add(hour, slice, event, true, together ? after : null);
      if (completes && !together) {
        add(hour(after.end()), slice, event, false, after);
      }
    }
    marks.processed();
  }

  /** Adds the event, or the pair that it completes (in the hour of its end), or both. */
  private void add(long hour, String slice, Event event, boolean counts, Times pair) {
    String key = hour + "|" + slice;
    Sums sums = new Sums(hours.get(key));
    int kind = event.kind().ordinal();
    if (counts) {
      sums.add(kind, 1);
    }
    if (pair != null) {
      int index = Sums.PAIRS + kind - kind % 2;
      sums.add(index, 1).add(index + 1, pair.end() - pair.begin());
    }
    hours.put(key, sums.stored());
  }

  private static long hour(long timeMs) {
    return timeMs - Math.floorMod(timeMs, HOUR_MS);
  }
}
