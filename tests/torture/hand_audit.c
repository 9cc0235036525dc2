/* SPDX-License-Identifier: Apache-2.0 */
/* A changed audit log: verifying it says so, and no reader is given a record that was not written.
 * Then whoever writes it goes on with it, and the same is true of what he leaves. */
#include <string.h>
#include <unistd.h>

#include "hand.h"

#define FAULTS_MAX 500 /* a reader gets past each of them: there are not more items */

/* Whoever verifies waits for a state that is being written to become whole. Here it never does. */
int usleep(useconds_t us)
{
	(void)us;
	return 0;
}

/* Read on past every fault. *read: how many records; whether all of them were right. */
static bool read_on(const struct ledger *ledger, uint64_t *read)
{
	struct audit_reader *reader;
	struct audit_record record, expected;
	uint64_t number, last = 0;
	int result = audit_reader_open(&ledger->options, 0, &reader, NULL), faults = 0;
	bool right = true;

	*read = 0;
	if (result < 0)
		return true;
	while (right && (result = audit_reader_next(reader, &record, &number, NULL))) {
		if (result < 0) {
			right = (result == -TACIT_CORRUPT || result == -TACIT_NEWER) &&
				++faults < FAULTS_MAX;
			if (result == -TACIT_NEWER)
				break;
			continue;
		}
		ledger_record(number, &expected);
		right = number > last && !memcmp(&record, &expected, sizeof record);
		last = number;
		++*read;
	}
	audit_reader_close(reader);
	return right;
}

/* The agent is started on it, and writes. */
static enum hand_verdict go_on(struct hand *hand, bool found, uint64_t before)
{
	struct ledger *ledger = &hand->audit.ledger;
	struct err err = { 0 };
	uint64_t read;

	ledger_new_ring(ledger);
	if (ledger_open(ledger, false, &err) < 0) {
		ledger_close(ledger);
		return err.text[0] && err.code != TACIT_INTERNAL ? HAND_REFUSED
								 : hand_wrong(hand, "not told");
	}
	ledger_close(ledger);
	if (!read_on(ledger, &read))
		return hand_wrong(hand, "a wrong record, after it was opened for writing");
	if (read < before)
		return hand_wrong(
			hand, "opening it for writing lost %d records", (int)(before - read));
	/* Whatever happens to the state: every record is in the files. */
	if (strstr(hand->path, "audit.state") && read != hand->audit.since.number)
		return hand_wrong(hand, "without its state the log has %d records", (int)read);
	return found ? HAND_NAMED : HAND_UNSEEN;
}

enum hand_verdict hand_look_at_audit(struct hand *hand)
{
	struct ledger *ledger = &hand->audit.ledger;
	struct err err = { 0 };
	uint64_t read;
	bool found = ledger_verify(ledger, &hand->audit.since, &err) < 0;

	if (found && !err.text[0])
		return hand_wrong(hand, "an error without a text");
	if (!found && err.code)
		return hand_wrong(hand, "an error that is none");
	if (!read_on(ledger, &read))
		return hand_wrong(hand, "a wrong record was read");
	return go_on(hand, found, read);
}
