/* SPDX-License-Identifier: Apache-2.0 */
/* See nvme.h. */
#include "nvme.h"
