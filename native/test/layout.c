/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what the compiler makes of the interface: one line for each structure and each field. */
#include <stddef.h>
#include <stdio.h>

#include "basalt_driver.h"

#define STRUCTURE(type) printf("%s %zu\n", #type, sizeof(struct type))
#define FIELD(type, field)                                                                         \
	printf("%s.%s %zu %zu\n", #type, #field, offsetof(struct type, field),                     \
	       sizeof(((struct type *)0)->field))

int main(void)
{
	STRUCTURE(basalt_piece);
	FIELD(basalt_piece, address);
	FIELD(basalt_piece, length_bytes);
	FIELD(basalt_piece, reserved);

	STRUCTURE(basalt_command);
	FIELD(basalt_command, tag);
	FIELD(basalt_command, lba);
	FIELD(basalt_command, block_count);
	FIELD(basalt_command, address);
	FIELD(basalt_command, piece_count);
	FIELD(basalt_command, opcode);
	FIELD(basalt_command, flags);
	FIELD(basalt_command, reserved0);
	FIELD(basalt_command, reserved);

	STRUCTURE(basalt_completion);
	FIELD(basalt_completion, tag);
	FIELD(basalt_completion, status);
	FIELD(basalt_completion, reserved);

	STRUCTURE(basalt_info);
	FIELD(basalt_info, block_count);
	FIELD(basalt_info, block_bytes);
	FIELD(basalt_info, transfer_bytes_max);
	FIELD(basalt_info, atomic_write_bytes);
	FIELD(basalt_info, memory_alignment_bytes);
	FIELD(basalt_info, queue_depth_max);
	FIELD(basalt_info, piece_count_max);
	FIELD(basalt_info, flags);
	FIELD(basalt_info, reserved);
	FIELD(basalt_info, description);

	STRUCTURE(basalt_driver);
	FIELD(basalt_driver, abi_version);
	FIELD(basalt_driver, driver_bytes);
	FIELD(basalt_driver, command_bytes);
	FIELD(basalt_driver, completion_bytes);
	FIELD(basalt_driver, piece_bytes);
	FIELD(basalt_driver, info_bytes);
	FIELD(basalt_driver, name);
	FIELD(basalt_driver, library);
	FIELD(basalt_driver, open);
	FIELD(basalt_driver, close);
	FIELD(basalt_driver, info);
	FIELD(basalt_driver, dma_alloc);
	FIELD(basalt_driver, dma_free);
	FIELD(basalt_driver, queue_open);
	FIELD(basalt_driver, queue_close);
	FIELD(basalt_driver, queue_submit);
	FIELD(basalt_driver, queue_poll);
	FIELD(basalt_driver, last_error);
	return 0;
}
