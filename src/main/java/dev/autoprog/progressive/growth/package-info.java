/**
 * Growing: when a network gets deeper and reads larger images ({@link
 * dev.autoprog.progressive.growth.GrowthSchedule}), and where the new blocks come from ({@link
 * dev.autoprog.progressive.growth.GrowthOperator}).
 *
 * <p>Pure: it decides and describes, and touches no tensor. Whatever implements {@link
 * dev.autoprog.progressive.growth.Growable} can be driven by it, another library's model included.
 */
package dev.autoprog.progressive.growth;
