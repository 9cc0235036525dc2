/* SPDX-License-Identifier: Apache-2.0 */
/* Everything there is to check in a store, by one who has its key: each row opens, is what the
 * generation says, and refers to rows that are there. Changes nothing. */
#ifndef TACIT_STORE_VERIFY_H
#define TACIT_STORE_VERIFY_H

#include "core/store/integrity.h"

struct verify_problem {
	uint8_t table; /* enum store_table; 0: a meta row */
	uint8_t id[SEAL_ID_BYTES];
	const char *text; /* "record 00a1...: ..."; no name and no value. Lives for the call */
};

/* Not 0 ends the walk, which returns it. */
typedef int verify_problem_fn(void *arg, const struct verify_problem *problem, struct err *err);

struct verify_result {
	uint64_t generation;
	uint64_t records, values; /* that were opened */
	uint64_t problems;
};

/* Walk the store on the owner's thread, outside a change (TACIT_BUSY); as long as it takes to read
 * and open everything. 0 also when there are problems: `result` counts them. TACIT_LOCKED,
 * TACIT_LIMIT, TACIT_IO, TACIT_NEWER. `on_problem` may be NULL. */
int vault_verify(struct vault *vault, verify_problem_fn *on_problem, void *arg,
	struct verify_result *result, struct err *err);

#endif
