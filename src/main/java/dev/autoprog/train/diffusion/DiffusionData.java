package dev.autoprog.train.diffusion;

import dev.autoprog.InputException;
import dev.autoprog.backend.AheadBuffer;
import dev.autoprog.backend.Session;
import dev.autoprog.data.Batch;
import dev.autoprog.data.ChannelStatistics;
import dev.autoprog.data.DataSources;
import dev.autoprog.data.DataSplit;
import dev.autoprog.data.FolderOptions;
import dev.autoprog.data.LabelledData;
import dev.autoprog.data.Selection;
import dev.autoprog.data.latent.LatentSpace;
import dev.autoprog.data.latent.LatentSplit;
import dev.autoprog.tensor.DType;
import dev.autoprog.tensor.Shape;
import dev.autoprog.tensor.Tensor;
import dev.autoprog.train.ImageFeeder;
import java.util.Optional;

/**
 * What a diffusion model is trained and validated on: images, which are resized to the side that a
 * stage reads, or latents, which are stored for each.
 */
public sealed interface DiffusionData {
  /** Images of a split. */
  static DiffusionData of(DataSplit images) {
    return new Images(images);
  }

  /** Latents of a split. */
  static DiffusionData of(LatentSplit latents) {
    return new Latents(latents);
  }

  /**
   * What a configuration names.
   *
   * @throws InputException if there is no such source, or its files cannot be used
   */
  static DiffusionData open(DiffusionConfig.Data data) throws InputException {
    return DataSources.isLatents(data.source())
        ? of(LatentSplit.open(DataSources.pathOf(data.source())))
        : of(DataSources.open(data.source(), FolderOptions.ofSide(data.folderSide())));
  }

  /** Where it is from. */
  String name();

  /** The training data of the largest side. */
  LabelledData train();

  /**
   * What a stage of a side trains on; it is in the same order at every side.
   *
   * @param side R
   * @throws InputException if there is nothing of this side
   */
  LabelledData train(int side) throws InputException;

  /**
   * What is validated on.
   *
   * @param side R
   * @throws InputException if there is nothing of this side
   */
  LabelledData test(int side) throws InputException;

  /** How many there are to validate on. */
  int testSize();

  /**
   * The selected training data, and all test data of their classes; labels stay what they are.
   *
   * @throws InputException as {@link Selection#of}
   */
  DiffusionData select(Selection selection) throws InputException;

  /** What the latents are; nothing of images. */
  Optional<LatentSpace> latents();

  /**
   * Checks that what is stored can be mirrored with this probability.
   *
   * @throws InputException if not
   */
  void requireFlip(double flip) throws InputException;

  /** Brings batches to the device. */
  Feeder feeder(Session session);

  /** Makes a network's input of batches. */
  interface Feeder extends AutoCloseable {
    /**
     * What a network reads.
     *
     * @param side R
     * @return FLOAT32 (B, channels, R, R), in the step's arena
     */
    Tensor input(Batch batch, int side);

    /** Begins to bring a batch to the device while that is busy, for {@link #input} to find. */
    void ahead(Batch batch);

    @Override
    void close();
  }

  /** Images, from −1 to 1. */
  record Images(DataSplit split) implements DiffusionData {
    @Override
    public String name() {
      return split.name();
    }

    @Override
    public LabelledData train() {
      return split.train();
    }

    @Override
    public LabelledData train(int side) {
      return split.train();
    }

    @Override
    public LabelledData test(int side) {
      return split.test();
    }

    @Override
    public int testSize() {
      return split.test().size();
    }

    @Override
    public DiffusionData select(Selection selection) throws InputException {
      return new Images(split.select(selection));
    }

    @Override
    public Optional<LatentSpace> latents() {
      return Optional.empty();
    }

    @Override
    public void requireFlip(double flip) {}

    @Override
    public Feeder feeder(Session session) {
      ImageFeeder images =
          new ImageFeeder(
              session, split.train(), ChannelStatistics.centred(split.train().channels()));
      return new Feeder() {
        @Override
        public Tensor input(Batch batch, int side) {
          return images.images(batch, side);
        }

        @Override
        public void ahead(Batch batch) {
          images.ahead(batch);
        }

        @Override
        public void close() {
          images.close();
        }
      };
    }
  }

  /** Latents, scaled. */
  record Latents(LatentSplit split) implements DiffusionData {
    @Override
    public String name() {
      return split.name();
    }

    @Override
    public LabelledData train() {
      return split.largest();
    }

    @Override
    public LabelledData train(int side) throws InputException {
      return split.train(side);
    }

    @Override
    public LabelledData test(int side) throws InputException {
      return split.test(side);
    }

    @Override
    public int testSize() {
      return split.testSize();
    }

    @Override
    public DiffusionData select(Selection selection) throws InputException {
      return new Latents(split.select(selection));
    }

    @Override
    public Optional<LatentSpace> latents() {
      return Optional.of(split.space());
    }

    @Override
    public void requireFlip(double flip) throws InputException {
      if (flip > 0 && !split.hasMirrored()) {
        throw new InputException(
            "data.flip",
            flip + " with latents of images that were not mirrored",
            "0, or latents of the mirrored images, too",
            "Set data.flip=0, or encode with LatentWriter.mirrored(true)");
      }
    }

    /** What is read is input already. */
    @Override
    public Feeder feeder(Session session) {
      int channels = train().channels();
      AheadBuffer buffer = new AheadBuffer(session);
      return new Feeder() {
        private Batch ahead; // that is in the buffer; null for none

        @Override
        public Tensor input(Batch batch, int side) {
          Shape shape = Shape.of(batch.size(), channels, side, side);
          if (batch != ahead) {
            return session.arena().allocate(DType.FLOAT32, shape).set(batch.pixels());
          }
          ahead = null;
          return buffer.take(DType.FLOAT32, shape);
        }

        @Override
        public void ahead(Batch batch) {
          if (AheadBuffer.serves(session)) {
            buffer.bring(batch.pixels());
            ahead = batch;
          }
        }

        @Override
        public void close() {
          buffer.close();
        }
      };
    }
  }
}
