package dev.autoprog.data.latent;

import dev.autoprog.InputException;
import dev.autoprog.data.Selection;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** A dataset of latents that is divided into training and test latents, each of several sides. */
public final class LatentSplit {
  private final String name;
  private final NavigableMap<Integer, LatentDataset> train;
  private final NavigableMap<Integer, LatentDataset> test;

  private LatentSplit(
      String name,
      NavigableMap<Integer, LatentDataset> train,
      NavigableMap<Integer, LatentDataset> test) {
    this.name = name;
    this.train = train;
    this.test = test;
  }

  /**
   * Opens a folder, reading the headers and the labels of all files.
   *
   * @throws InputException if a file is missing, damaged or does not fit the others
   */
  public static LatentSplit open(Path directory) throws InputException {
    LatentSplit split =
        new LatentSplit(
            "latents:" + directory,
            part(directory, LatentFiles.TRAIN),
            part(directory, LatentFiles.TEST));
    requireAlike(split.train.lastEntry().getValue(), split.test.lastEntry().getValue());
    return split;
  }

  private static NavigableMap<Integer, LatentDataset> part(Path directory, String part)
      throws InputException {
    NavigableMap<Integer, LatentDataset> sides = new TreeMap<>();
    for (int side : LatentFiles.sides(directory, part)) {
      LatentDataset latents = side(LatentFiles.folder(directory, part, side), side);
      if (!sides.isEmpty()) {
        LatentDataset other = sides.lastEntry().getValue();
        requireAlike(other, latents);
        if (!latents.hasLabelsOf(other)) {
          throw new InputException(
              latents.place(),
              latents.size() + " latents with labels of their own",
              "those of the same images in the same order as in " + other.place(),
              "Encode the same images for every side");
        }
      }
      sides.put(side, latents);
    }
    return sides;
  }

  private static LatentDataset side(Path folder, int side) throws InputException {
    List<LatentShard> shards = new ArrayList<>();
    for (Path file : LatentFiles.all(folder)) {
      LatentShard shard = LatentShard.open(file);
      if (shard.side() != side) {
        throw new InputException(
            file.toString(),
            "latents of side " + shard.side(),
            "side " + side + ", as its folder says",
            "Move the file to the folder of its side");
      }
      if (!shards.isEmpty()) {
        requireAlike(shards.get(0), shard);
      }
      shards.add(shard);
    }
    return new LatentDataset(shards);
  }

  private static void requireAlike(LatentDataset expected, LatentDataset found)
      throws InputException {
    requireAlike(expected.shards().get(0), found.shards().get(0));
  }

  private static void requireAlike(LatentShard expected, LatentShard found) throws InputException {
    if (!found.space().equals(expected.space()) || found.channels() != expected.channels()) {
      throw new InputException(
          found.file().toString(),
          "%d channels, %s".formatted(found.channels(), found.space()),
          "%d channels, %s, as in %s"
              .formatted(expected.channels(), expected.space(), expected.file()),
          "Encode all images with one encoder");
    }
  }

  /** Where it is from. */
  public String name() {
    return name;
  }

  /** What the latents are. */
  public LatentSpace space() {
    return largest().space();
  }

  /** The sides of the training latents, in order. */
  public List<Integer> sides() {
    return List.copyOf(train.keySet());
  }

  /** Whether the training latents' mirrored images are there at every side. */
  public boolean hasMirrored() {
    return train.values().stream().allMatch(LatentDataset::hasMirrored);
  }

  /** The training latents of the largest side. */
  public LatentDataset largest() {
    return train.lastEntry().getValue();
  }

  /** How many test latents there are. */
  public int testSize() {
    return test.lastEntry().getValue().size();
  }

  /**
   * The training latents of a side.
   *
   * @throws InputException if there are none
   */
  public LatentDataset train(int side) throws InputException {
    return of(train, LatentFiles.TRAIN, side);
  }

  /**
   * The test latents of a side.
   *
   * @throws InputException if there are none
   */
  public LatentDataset test(int side) throws InputException {
    return of(test, LatentFiles.TEST, side);
  }

  private LatentDataset of(NavigableMap<Integer, LatentDataset> part, String partName, int side)
      throws InputException {
    LatentDataset latents = part.get(side);
    if (latents == null) {
      throw new InputException(
          name + ", " + partName,
          "latents of side " + part.keySet(),
          "of side " + side + ", which a stage reads",
          "Encode the images for this side, too, or choose stages of those sides"
              + " (progressive.resolution_scale, progressive.stages, model.resolution)");
    }
    return latents;
  }

  /**
   * The selected training latents, and all test latents of their classes; labels stay what they
   * are.
   *
   * @param selection if of all classes, each has a training latent
   * @throws InputException as {@link Selection#of}
   */
  public LatentSplit select(Selection selection) throws InputException {
    NavigableMap<Integer, LatentDataset> someTrain = new TreeMap<>();
    NavigableMap<Integer, LatentDataset> someTest = new TreeMap<>();
    for (var side : train.entrySet()) {
      someTrain.put(side.getKey(), side.getValue().select(selection));
    }
    boolean all = selection.classes().isEmpty();
    for (var side : test.entrySet()) {
      someTest.put(
          side.getKey(), all ? side.getValue() : side.getValue().select(selection.unlimited()));
    }
    return new LatentSplit(name, someTrain, someTest);
  }

  /**
   * Reads everything, which takes as long as the disk does: that each file's content is what its
   * checksum says, and every number finite.
   *
   * @throws InputException if that is not so
   */
  public void verify() throws InputException {
    for (NavigableMap<Integer, LatentDataset> part : List.of(train, test)) {
      for (LatentDataset side : part.values()) {
        for (LatentShard shard : side.shards()) {
          shard.verify();
        }
      }
    }
  }
}
