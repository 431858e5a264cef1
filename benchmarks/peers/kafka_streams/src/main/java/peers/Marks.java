package peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the events that are processed, and marks the first and the last by files; marks.py says how. */
final class Marks {
  private final Path directory;
  private final AtomicLong left;
  private final AtomicBoolean begun = new AtomicBoolean();
  private final CountDownLatch all = new CountDownLatch(1);

  Marks(Path directory, long total) {
    this.directory = directory;
    this.left = new AtomicLong(total);
  }

  void began() {
    if (!begun.get() && begun.compareAndSet(false, true)) {
      touch("first");
    }
  }

  void processed() {
    if (left.decrementAndGet() == 0) {
      touch("last");
      all.countDown();
    }
  }

  void awaitAll() throws InterruptedException {
    all.await();
  }

  /** Hands over the sums; they are there whole or not at all. */
  void write(byte[] sums) throws IOException {
    Path fresh = directory.resolve("sums.json.fresh");
    Files.write(fresh, sums);
    Files.move(fresh, directory.resolve("sums.json"));
  }

  private void touch(String name) {
    try {
      Files.createFile(directory.resolve(name));
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
