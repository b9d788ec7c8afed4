// SPDX-License-Identifier: Apache-2.0
/** JMH benchmarks of single operations; each names its command and machine. */
@NullMarked
package dev.basalt.bench.micro;

import org.jspecify.annotations.NullMarked;
