// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.index.BTree;

/**
 * A table and its tree.
 *
 * @param id names the table in commits; 0 for the catalog
 * @param name its name
 * @param tree its entries
 */
public record TableTree(long id, String name, BTree tree) {}
