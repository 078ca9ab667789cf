package dev.autoprog.model;

import dev.autoprog.autograd.Tape;
import dev.autoprog.autograd.Variable;
import dev.autoprog.nn.Parameter;
import dev.autoprog.nn.ParameterSet;
import dev.autoprog.nn.Precision;
import dev.autoprog.tensor.Tensor;
import java.util.List;

/**
 * A diffusion model's network: from noisy images and what is known of them to a prediction. Its
 * blocks can be frozen one by one; what lies outside them (embeddings, conditioning, output) always
 * trains. It reads images of every side that its patches or its down-sampling divide.
 */
public interface DenoisingNetwork extends AutoCloseable {
  /**
   * The prediction.
   *
   * @param noisy FLOAT32 (B, channels, R, R)
   * @return FLOAT32 (B, {@link #outChannels()}, R, R): noise or velocity, behind it the variance if
   *     the model learns it
   * @throws IllegalArgumentException if images or conditions do not fit the network
   */
  Variable forward(Tape tape, Tensor noisy, Conditions conditions);

  /** Channels of the images. */
  int channels();

  /** Channels of the prediction: as many as the images have, or twice. */
  int outChannels();

  /** How many classes it can be asked for; 0 for none. */
  int classes();

  /** Of how many training stages it has identifiers; 0 for none. */
  int stages();

  /** The step of the image side: a resolution must be a multiple. */
  int resolutionStep();

  /** Its parameters. */
  ParameterSet parameters();

  /** With what it computes. */
  Precision precision();

  /** How many blocks there are to freeze, first to last. */
  int depth();

  /** The parameters of one block. */
  List<Parameter> parametersOfBlock(int block);

  /**
   * What stands below the first block: with the first blocks frozen, freezing this too lets the
   * backward pass end above them.
   */
  List<Parameter> parametersBelowBlocks();

  /**
   * Whether a weight belongs to the stages' identifiers, which a pre-trained network may not have.
   */
  boolean isOfStages(String name);

  /** Whether a weight is the classes' table, which has a row for each and one for none. */
  boolean isOfClasses(String name);

  /** Whether a parameter follows from the network's sizes alone, so that no file need tell it. */
  boolean isFixed(String name);

  /** Floating point operations of one image's forward pass in products of matrices. */
  double flops(int resolution);

  @Override
  void close();
}
