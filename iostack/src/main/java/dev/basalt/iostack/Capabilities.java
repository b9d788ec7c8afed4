// SPDX-License-Identifier: Apache-2.0
package dev.basalt.iostack;

/**
 * What a block device is and can do.
 *
 * @param description one line for people: back end, path or model
 * @param blockBytes logical block size in bytes, a power of two from 512
 * @param transferBytesMax the most bytes of one command, a multiple of the block size
 * @param atomicWriteBytes the aligned unit that a power failure never tears, also within a longer
 *     write, a power of two from 512; less than a block where a file's blocks span several sectors
 *     of its disk
 * @param memoryAlignmentBytes alignment of memory addresses, a power of two
 * @param queueDepthMax the largest depth of a queue pair
 * @param volatileWriteCache whether a completed write needs a flush to be durable
 * @param pinsMemory whether transfers go through memory pinned when it was mapped, so that the page
 *     region cannot be a target and is staged (facts, trap 1)
 * @param growable whether {@link BlockDevice#grow} can work
 */
public record Capabilities(
    String description,
    int blockBytes,
    int transferBytesMax,
    int atomicWriteBytes,
    int memoryAlignmentBytes,
    int queueDepthMax,
    boolean volatileWriteCache,
    boolean pinsMemory,
    boolean growable) {}
