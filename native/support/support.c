/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char error_text[512] = "";

int basalt_fail(int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error_text, sizeof(error_text), format, arguments);
	va_end(arguments);
	return -error;
}

const char *basalt_last_error(void)
{
	return error_text;
}

/* Returns the end of the option that begins at "text". */
static const char *option_end(const char *text)
{
	return text + strcspn(text, "&");
}

int basalt_check_options(const char *options, const char *const *names)
{
	const char *option = options;

	while (*option != '\0') {
		const char *end = option_end(option);
		const size_t name_bytes = strcspn(option, "=&");
		bool is_known = false;

		for (size_t i = 0; names[i] != NULL; i++) {
			is_known |= strlen(names[i]) == name_bytes &&
			            strncmp(names[i], option, name_bytes) == 0;
		}
		if (!is_known) {
			return basalt_fail(EINVAL, "option '%.*s' is unknown", (int)name_bytes, option);
		}
		option = *end == '&' ? end + 1 : end;
	}
	return 0;
}

int basalt_option(const char *options, const char *name, char *value, size_t value_bytes)
{
	const size_t name_bytes = strlen(name);
	const char *option = options;

	while (*option != '\0') {
		const char *end = option_end(option);

		if (strncmp(option, name, name_bytes) == 0 && option[name_bytes] == '=') {
			const char *text = option + name_bytes + 1;
			const size_t length = (size_t)(end - text);

			if (length >= value_bytes) {
				return basalt_fail(EINVAL, "option '%s' is too long", name);
			}
			memcpy(value, text, length);
			value[length] = '\0';
			return 1;
		}
		option = *end == '&' ? end + 1 : end;
	}
	return 0;
}

int basalt_number_option(const char *options, const char *name, uint64_t absent, uint64_t *number)
{
	char value[32];
	char *end = value;
	const int found = basalt_option(options, name, value, sizeof(value));

	*number = absent;
	if (found <= 0) {
		return found;
	}
	errno = 0;
	*number = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0) {
		return basalt_fail(EINVAL, "option '%s' is '%s', needed: a number", name, value);
	}
	return 0;
}

int basalt_flag_option(const char *options, const char *name, bool absent, bool *flag)
{
	char value[32];
	const int found = basalt_option(options, name, value, sizeof(value));

	*flag = absent;
	if (found <= 0) {
		return found;
	}
	*flag = strcmp(value, "true") == 0;
	if (!*flag && strcmp(value, "false") != 0) {
		return basalt_fail(EINVAL, "option '%s' is '%s', needed: true or false", name, value);
	}
	return 0;
}

int basalt_parse_size(const char *text, uint64_t *bytes)
{
	static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
	char *end = NULL;

	errno = 0;
	*bytes = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && errno == 0 && *bytes > 0) {
		for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
			if (strcmp(end, units[i]) == 0 && *bytes <= UINT64_MAX >> 10 * i) {
				*bytes <<= 10 * i;
				return 0;
			}
		}
	}
	return basalt_fail(EINVAL, "size is '%s', needed: such as 64MiB", text);
}

bool basalt_is_in_range(const struct basalt_info *info, const struct basalt_command *command)
{
	return command->block_count > 0 && command->lba < info->block_count &&
	       command->block_count <= info->block_count - command->lba;
}
