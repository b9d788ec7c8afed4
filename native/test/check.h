/* SPDX-License-Identifier: Apache-2.0 */
/* Ends a test that finds something else than it wants, and says what and where. */
#ifndef BASALT_CHECK_H
#define BASALT_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "support.h"

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s; %s\n", __FILE__, __LINE__, #condition,         \
			        basalt_last_error());                                              \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#endif
