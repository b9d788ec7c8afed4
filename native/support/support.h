/* SPDX-License-Identifier: Apache-2.0 */
/* What all drivers have in common: errors in words, options, sizes. */
#ifndef BASALT_SUPPORT_H
#define BASALT_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basalt_driver.h"

/* A symbol that the library exports: nothing else is (-fvisibility=hidden). */
#define BASALT_EXPORT __attribute__((visibility("default")))

/* Statuses of completions. */
#define BASALT_STATUS(sct, sc) ((uint32_t)((sct) << 8 | (sc)))
#define BASALT_RETRYABLE (1u << 15)
#define BASALT_WITH_ERRNO(status, number) ((uint32_t)(status) | (uint32_t)(number) << 16)

#define BASALT_SUCCESS 0u
#define BASALT_INVALID_FIELD BASALT_STATUS(0, 0x02)
#define BASALT_INVALID_OPCODE BASALT_STATUS(0, 0x01)
#define BASALT_INTERNAL_ERROR BASALT_STATUS(0, 0x06)
#define BASALT_ABORTED_BY_RESET (BASALT_STATUS(0, 0x08) | BASALT_RETRYABLE)
#define BASALT_LBA_OUT_OF_RANGE BASALT_STATUS(0, 0x80)
#define BASALT_CAPACITY_EXCEEDED BASALT_STATUS(0, 0x81)
#define BASALT_WRITE_FAULT BASALT_STATUS(2, 0x80)
#define BASALT_UNRECOVERED_READ BASALT_STATUS(2, 0x81)
#define BASALT_COMPARE_FAILURE BASALT_STATUS(2, 0x85)
#define BASALT_DEVICE_GONE BASALT_STATUS(3, 0x70)

/* The first of the fields that every driver's table begins with. */
#define BASALT_DRIVER_SIZES                                                                        \
	.abi_version = BASALT_DRIVER_ABI, .driver_bytes = sizeof(struct basalt_driver),            \
	.command_bytes = sizeof(struct basalt_command),                                            \
	.completion_bytes = sizeof(struct basalt_completion),                                      \
	.piece_bytes = sizeof(struct basalt_piece), .info_bytes = sizeof(struct basalt_info)

/* Notes what has failed, for last_error() of this thread; returns the negated error number. */
int basalt_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns what was noted last by this thread. */
const char *basalt_last_error(void);

/* Checks that "options" has known names only; "names" ends with a null. */
int basalt_check_options(const char *options, const char *const *names);

/*
 * Finds an option's value, and copies it.
 *
 * Returns 1 when it is there, 0 when it is not, or -EINVAL when it is longer than "value".
 */
int basalt_option(const char *options, const char *name, char *value, size_t value_bytes);

/* Reads a number, or keeps "absent". Sets *number; returns 0 or -EINVAL. */
int basalt_number_option(const char *options, const char *name, uint64_t absent, uint64_t *number);

/* Reads "true" or "false", or keeps "absent". Sets *flag; returns 0 or -EINVAL. */
int basalt_flag_option(const char *options, const char *name, bool absent, bool *flag);

/* Reads a size such as 64MiB or 4096. Sets *bytes; returns 0 or -EINVAL. */
int basalt_parse_size(const char *text, uint64_t *bytes);

/* Tells whether a command names blocks of the device, as many as it may. */
bool basalt_is_in_range(const struct basalt_info *info, const struct basalt_command *command);

#endif
