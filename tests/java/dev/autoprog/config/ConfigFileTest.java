package dev.autoprog.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.autoprog.InputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link ConfigFile}: defaults, strictness, overrides, and files that explain themselves. */
class ConfigFileTest {
  enum Growth {
    RANDOM,
    MOMENTUM
  }

  record Optimizer(
      @Comment("Peak learning rate, reached after warm-up.") double learningRate,
      float weightDecay,
      boolean nesterov) {
    Optimizer {
      if (learningRate <= 0) {
        throw new IllegalArgumentException(
            "learning_rate is " + learningRate + ", expected a number above 0");
      }
    }
  }

  record Stage(int resolution, int depth) {}

  @Comment("A training run.")
  record Run(
      String name,
      Path data,
      @Comment("Epochs in all stages together.") int epochs,
      long seed,
      Growth growth,
      @Comment("How weights change.") Optimizer optimizer,
      List<Double> decays,
      List<Stage> stages,
      Optional<Path> resumeFrom) {}

  private static final Run DEFAULTS =
      new Run(
          "baseline",
          Path.of("data/cifar"),
          100,
          42,
          Growth.MOMENTUM,
          new Optimizer(1.0e-3, 0.05f, false),
          List.of(0.998, 0.9986),
          List.of(new Stage(112, 6), new Stage(224, 12)),
          Optional.empty());

  private static Run parse(String yaml) throws InputException {
    return ConfigFile.parse("run.yaml", yaml, DEFAULTS);
  }

  @Test
  void whatIsMissingKeepsItsDefault() throws InputException {
    assertThat(parse("")).isEqualTo(DEFAULTS);
    assertThat(parse("# a comment alone\n")).isEqualTo(DEFAULTS);
    Run run = parse("epochs: 3\noptimizer:\n  weight_decay: 0.1\n");
    assertThat(run.epochs()).isEqualTo(3);
    assertThat(run.optimizer()).isEqualTo(new Optimizer(1.0e-3, 0.1f, false));
    assertThat(run.stages()).isEqualTo(DEFAULTS.stages());
  }

  @Test
  void everyTypeIsRead() throws InputException {
    Run run =
        parse(
            """
            name: 2026-07
            data: /mnt/images
            epochs: 1_000
            seed: -9223372036854775808
            growth: random
            optimizer: {learning_rate: 1e-3, weight_decay: 0, nesterov: true}
            decays: [1, 5.0e-1, .5]
            stages:
              - resolution: 32
                depth: 2
            resume_from: runs/a
            """);
    assertThat(run)
        .isEqualTo(
            new Run(
                "2026-07",
                Path.of("/mnt/images"),
                1000,
                Long.MIN_VALUE,
                Growth.RANDOM,
                new Optimizer(1e-3, 0, true),
                List.of(1.0, 0.5, 0.5),
                List.of(new Stage(32, 2)),
                Optional.of(Path.of("runs/a"))));
    assertThat(parse("resume_from: null").resumeFrom()).isEmpty();
    assertThat(parse("resume_from: ~").resumeFrom()).isEmpty();
  }

  @Test
  void aWrongKeyIsNamedWithItsPlaceAndItsNeighbour() {
    assertThatThrownBy(() -> parse("epochs: 3\noptimizer:\n  learning_rat: 0.1\n"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "run.yaml, line 3, column 3: unknown key 'learning_rat' in 'optimizer'; expected one of"
                + " learning_rate, weight_decay, nesterov. Did you mean 'learning_rate'?");
    assertThatThrownBy(() -> parse("zzz: 1"))
        .hasMessageStartingWith("run.yaml, line 1, column 1: unknown key 'zzz'; expected one of")
        .hasMessageEndingWith("Remove the key");
    assertThatThrownBy(() -> parse("learningRate: 1")).hasMessageContaining("unknown key");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "epochs: many|line 1, column 9, 'epochs': the text 'many'; expected a whole number",
        "epochs: '3'|'epochs': the text '3'; expected a whole number",
        "epochs: 3.5|'epochs': 3.5; expected a whole number",
        "epochs: 1e3|'epochs'",
        "epochs: 99999999999|'epochs': 99999999999; expected a whole number of 32 bits",
        "epochs: true|'epochs': true; expected",
        "epochs:|'epochs': nothing; expected",
        "epochs: [3]|'epochs': a list of 1; expected",
        "epochs: {a: 3}|'epochs': a group of keys [a]; expected",
        "optimizer: 3|'optimizer': 3; expected a group with the keys learning_rate, weight_decay",
        "optimizer: {nesterov: 1}|'optimizer.nesterov': 1; expected true or false",
        "optimizer: {nesterov: 'true'}|'optimizer.nesterov': the text 'true'; expected true",
        "optimizer: {learning_rate: fast}|'optimizer.learning_rate': the text 'fast'; expected a num",
        "optimizer: {learning_rate: 1.0e999}|'optimizer.learning_rate'",
        "optimizer: {weight_decay: 1.0e99}|range of float32",
        "growth: MOMENTUM|'growth': the text 'MOMENTUM'; expected one of random, momentum",
        "decays: 0.9|'decays': 0.9; expected a list",
        "decays: [0.9, x]|'decays[1]': the text 'x'; expected a number",
        "stages: [{resolution: 3}]|no 'depth' in 'stages[0]'",
        "stages: [{resolution: 3, depth: 2, x: 1}]|unknown key 'x' in 'stages[0]'",
        "name:|'name': nothing; expected text",
        "[1, 2]|a list of 2; expected a group with the keys name",
        "epochs: *other|a reference to an anchor",
      })
  void aWrongValueIsNamedWithItsKey(String yaml, String message) {
    assertThatThrownBy(() -> parse(yaml))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("run.yaml, line 1, column ")
        .hasMessageContaining(message);
  }

  @Test
  void aKeyTwiceIsRefused() {
    assertThatThrownBy(() -> parse("epochs: 3\nepochs: 4\n"))
        .hasMessageContaining("line 2")
        .hasMessageContaining("'epochs' for the second time");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a: [1", "a: b: c", "\t- x", "--- 1\n--- 2", "\"", "a: \u0007", "{", "%", "&a"})
  void whatIsNoYamlIsRefused(String yaml) {
    assertThatThrownBy(() -> parse(yaml)).isInstanceOf(InputException.class);
  }

  @Test
  void deepNestingIsRefused() {
    assertThatThrownBy(() -> parse("[".repeat(100_000))).isInstanceOf(InputException.class);
  }

  @Property
  void anyTextGivesARecordOrAnInputException(@ForAll String text) {
    try {
      assertThat(parse(text)).isNotNull();
    } catch (InputException e) {
      assertThat(e).hasMessageContaining("run.yaml");
    }
  }

  @Test
  void aConstructorsRefusalIsReportedWithItsKey() {
    assertThatThrownBy(() -> parse("epochs: 3\noptimizer:\n  learning_rate: -1.5\n"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "run.yaml, line 3, column 3: 'optimizer' refused, learning_rate is -1.5; expected a"
                + " number above 0. Correct the value")
        .hasRootCauseInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void overridesGoThroughTheSameChecks() throws InputException {
    Run run =
        ConfigFile.override(
            DEFAULTS,
            List.of(
                "optimizer.learning_rate=0.5",
                "name=true",
                "data=C: [odd] #name",
                "decays=[0.5]",
                "epochs=4",
                "epochs=5",
                "stages=[{resolution: 8, depth: 1}]",
                "resume_from=runs/b",
                "optimizer.nesterov=true"));
    assertThat(run)
        .isEqualTo(
            new Run(
                "true",
                Path.of("C: [odd] #name"),
                5,
                42,
                Growth.MOMENTUM,
                new Optimizer(0.5, 0.05f, true),
                List.of(0.5),
                List.of(new Stage(8, 1)),
                Optional.of(Path.of("runs/b"))));
    assertThat(ConfigFile.override(run, List.of("resume_from=null")).resumeFrom()).isEmpty();
    assertThat(ConfigFile.override(run, List.of())).isEqualTo(run);
  }

  record Searching(Optional<Optimizer> search, String note) {}

  @Test
  void aGroupChangesTheKeysThatItNames() throws InputException {
    assertThat(override("optimizer={nesterov: true}"))
        .isEqualTo(new Optimizer(1.0e-3, 0.05f, true));
    assertThat(override("optimizer.learning_rate=0.5", "optimizer={nesterov: true}"))
        .isEqualTo(new Optimizer(0.5, 0.05f, true));
    assertThat(override("optimizer={nesterov: true}", "optimizer.learning_rate=0.5"))
        .isEqualTo(new Optimizer(0.5, 0.05f, true));
    assertThat(
            override(
                "optimizer={nesterov: true, weight_decay: 0.2, learning_rate: 0.5}",
                "optimizer.weight_decay=0.3",
                "optimizer={learning_rate: 0.25}"))
        .isEqualTo(new Optimizer(0.25, 0.3f, true));
  }

  private static Optimizer override(String... assignments) throws InputException {
    return ConfigFile.override(DEFAULTS, List.of(assignments)).optimizer();
  }

  @Test
  void keysOfAGroupAreCheckedTogetherAfterTheLast() throws InputException {
    assertThat(override("optimizer.learning_rate=-1", "optimizer={learning_rate: 1}"))
        .isEqualTo(new Optimizer(1, 0.05f, false));
    assertThatThrownBy(() -> override("optimizer={learning_rate: 1}", "optimizer.learning_rate=-1"))
        .hasMessageContaining("'optimizer.learning_rate=-1'")
        .hasMessageContaining("'optimizer' refused, learning_rate is -1.0");
  }

  @Test
  void whatIsNoGroupIsSetWhole() throws InputException {
    Run run =
        ConfigFile.override(
            DEFAULTS,
            List.of("stages=[{resolution: 8, depth: 1}]", "decays=[0.5]", "decays=[0.25]"));
    assertThat(run.stages()).containsExactly(new Stage(8, 1));
    assertThat(run.decays()).containsExactly(0.25);
    assertThat(ConfigFile.override(DEFAULTS, List.of("name={a: 1}", "name={b: 2}")).name())
        .isEqualTo("{b: 2}");
  }

  @Test
  void noGroupCannotBeAddedTo() {
    assertThatThrownBy(() -> override("optimizer=3", "optimizer.nesterov=true"))
        .hasMessageStartingWith("'optimizer=3'")
        .hasMessageContaining("'optimizer': 3; expected a group");
    assertThatThrownBy(() -> override("optimizer.nesterov=true", "optimizer=3"))
        .hasMessageStartingWith("'optimizer=3'");
    assertThatThrownBy(() -> override("epochs=3", "epochs.deep=1"))
        .hasMessageStartingWith("'epochs.deep=1', 'epochs': a group of keys [deep]");
    assertThatThrownBy(() -> override("stages=[]", "stages.depth=1"))
        .hasMessageContaining("'stages': a group of keys [depth]; expected a list");
  }

  @Test
  void aGroupThatNeedNotBeThereBeginsAnewAfterNull() throws InputException {
    Searching with = new Searching(Optional.of(new Optimizer(1, 0.5f, true)), "");
    String all = "search={learning_rate: 2, weight_decay: 0, nesterov: false}";
    assertThat(ConfigFile.override(with, List.of("search.learning_rate=2", "search=null")).search())
        .isEmpty();
    assertThat(ConfigFile.override(with, List.of("search=null", all, "search.nesterov=true")))
        .isEqualTo(new Searching(Optional.of(new Optimizer(2, 0, true)), ""));
    assertThatThrownBy(
            () -> ConfigFile.override(with, List.of("search=null", "search.learning_rate=2")))
        .hasMessageContaining("no 'weight_decay' in 'search'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "epochs|no key and value; expected path.to.key=value",
        "=3|no key and value",
        "epoch=3|unknown key 'epoch'; expected one of",
        "optimizer.learning_rat=3|unknown key 'learning_rat' in 'optimizer'",
        "optimizer=3|'optimizer': 3; expected a group",
        "optimizer.learning_rate=x|'optimizer.learning_rate': the text 'x'; expected a number",
        "optimizer.learning_rate.deep=1|'optimizer.learning_rate': a group of keys [deep]",
        "optimizer.learning_rate=-1|'optimizer' refused, learning_rate is -1.0",
        "epochs=|'epochs': nothing",
        "epochs=[|no valid YAML",
        "optimizer..x=1|unknown key ''",
      })
  void aWrongOverrideIsNamed(String assignment, String message) {
    assertThatThrownBy(() -> ConfigFile.override(DEFAULTS, List.of(assignment)))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("'" + assignment + "'")
        .hasMessageContaining(message);
  }

  @Test
  void aWrittenFileExplainsItself() {
    assertThat(ConfigFile.toYaml(DEFAULTS))
        .isEqualTo(
            """
            # A training run.

            name: baseline
            data: data/cifar
            # Epochs in all stages together.
            epochs: 100
            seed: 42
            growth: momentum

            # How weights change.
            optimizer:
              # Peak learning rate, reached after warm-up.
              learning_rate: 0.001
              weight_decay: 0.05
              nesterov: false
            decays: [0.998, 0.9986]
            stages:
              - {resolution: 112, depth: 6}
              - {resolution: 224, depth: 12}
            resume_from: null
            """);
  }

  record Verbose(
      @Comment(
              "One word and another, so often that no line has room for all. Once more:"
                  + " one word and another, so often that no line has room for all.")
          int value) {}

  @Test
  void longCommentsAreWrapped() {
    assertThat(ConfigFile.toYaml(new Verbose(3)).lines())
        .hasSize(3)
        .allMatch(line -> line.length() <= 100)
        .satisfies(lines -> assertThat(lines.get(1)).startsWith("# "));
  }

  record Numbers(double a, float b, Optional<Double> c, List<Float> d) {}

  @Property(tries = 3000)
  void numbersSurvive(@ForAll double a, @ForAll float b) throws InputException {
    Numbers numbers = new Numbers(a, b, Optional.of(a), List.of(b, -b));
    Numbers zero = new Numbers(0, 0, Optional.empty(), List.of());
    String yaml = ConfigFile.toYaml(numbers);
    assertThat(ConfigFile.parse("numbers", yaml, zero)).as(yaml).isEqualTo(numbers);
  }

  @ParameterizedTest
  @CsvSource({
    "1.0e-3, 0.001",
    "5e-4, 0.0005",
    "1, 1.0",
    "0, 0.0",
    "-0.0, -0.0",
    "1e-7, 0.0000001",
    "1e-12, 1.0e-12",
    "12345678, 12345678.0",
    "1e10, 1.0e+10",
    "-0.25, -0.25",
    "NaN, .nan",
    "Infinity, .inf",
    "-Infinity, -.inf",
    "0.1, 0.1"
  })
  void numbersAreReadable(double value, String text) throws InputException {
    Numbers numbers = new Numbers(value, (float) value, Optional.empty(), List.of());
    String yaml = ConfigFile.toYaml(numbers);
    assertThat(yaml).startsWith("a: " + text + "\nb: " + text + "\n");
    assertThat(ConfigFile.parse("numbers", yaml, new Numbers(7, 7, null, null))).isEqualTo(numbers);
  }

  record Texts(String a, List<String> b, Optional<String> c) {}

  @Property(tries = 3000)
  void textsSurvive(@ForAll String text) throws InputException {
    String valid = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    Texts texts = new Texts(valid, List.of(valid, "x"), Optional.of(valid));
    String yaml = ConfigFile.toYaml(texts);
    Texts empty = new Texts("", List.of(), Optional.empty());
    assertThat(ConfigFile.parse("texts", yaml, empty)).as(yaml).isEqualTo(texts);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"null", "~", "", "yes", "3", "1e3", " x ", "a: b", "- a", "#", "é", "😀", "\n"})
  void awkwardTextsSurvive(String text) throws InputException {
    textsSurvive(text);
  }

  @Test
  void filesAreWrittenAndRead(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("runs/a/config.yaml");
    Run changed = ConfigFile.override(DEFAULTS, List.of("name=déjà vu", "seed=7"));
    ConfigFile.write(file, DEFAULTS);
    ConfigFile.write(file, changed);
    assertThat(ConfigFile.read(file, DEFAULTS)).isEqualTo(changed);
    try (var files = Files.list(file.getParent())) {
      assertThat(files).containsExactly(file);
    }
    assertThatThrownBy(() -> ConfigFile.read(folder.resolve("none.yaml"), DEFAULTS))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("none.yaml")
        .hasMessageContaining("no such file");
    Files.write(file, new byte[] {'n', 'a', 'm', 'e', ':', ' ', (byte) 0xC3, '('});
    assertThatThrownBy(() -> ConfigFile.read(file, DEFAULTS)).hasMessageContaining("not UTF-8");
    assertThatThrownBy(() -> ConfigFile.write(file.resolve("below"), DEFAULTS))
        .isInstanceOf(InputException.class);
  }

  record Unsupported(Object anything) {}

  @Test
  void aTypeThatConfigurationsLackIsAProgrammersError() {
    assertThatThrownBy(() -> ConfigFile.parse("x", "anything: 1", new Unsupported(1)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
