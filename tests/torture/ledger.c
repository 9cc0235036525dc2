/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <stdio.h>
#include <string.h>

#define LANES 3u /* that are put into, in turn: groups are merged from several */

static const uint8_t log_id[SEAL_ID_BYTES] = "the log's own id";

void ledger_new_ring(struct ledger *ledger)
{
	struct audit_ring *ring = ledger->ring;

	ring->magic = AUDIT_RING_MAGIC;
	ring->layout = AUDIT_RING_LAYOUT;
	seal_random(ring->id, sizeof ring->id);
	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++)
		ring->lanes[lane].put = ring->lanes[lane].taken = ring->lanes[lane].lost = 0;
}

void ledger_start(struct ledger *ledger, const struct scene *scene, uint64_t keep)
{
	scene_must(seal_start(&err));
	memset(ledger, 0, sizeof *ledger);
	seal_random(ledger->key, sizeof ledger->key);
	ledger->options = (struct audit_options){ .dir = scene->audit,
		.key = ledger->key,
		.file_bytes = LEDGER_FILE_BYTES,
		.keep = keep };
	memcpy(ledger->options.id, log_id, sizeof log_id);
	ledger->ring = scene_share(sizeof *ledger->ring);
	ledger_new_ring(ledger);
}

void ledger_close(struct ledger *ledger)
{
	if (ledger->pump)
		audit_pump_use(ledger->pump, NULL);
	audit_log_close(ledger->log);
	ledger->log = NULL;
}

int ledger_open(struct ledger *ledger, bool locked, struct err *err)
{
	struct audit_options options = ledger->options;
	int result;

	if (locked)
		options.key = NULL;
	ledger_close(ledger);
	result = audit_log_open(&options, &ledger->log, &ledger->found, err);
	if (result < 0)
		return result;
	if (ledger->pump)
		audit_pump_use(ledger->pump, ledger->log);
	else
		ledger->pump = audit_pump_new(ledger->ring, ledger->log);
	if (!ledger->pump)
		scene_fail("out of memory");
	audit_pump_on_durable(ledger->pump, ledger->on_durable, ledger->with);
	return 0;
}

void ledger_record(uint64_t number, struct audit_record *record)
{
	memset(record, 0, sizeof *record);
	record->unique = number;
	record->time_ns = 1790000000000000000u + number;
	record->version = number % 7;
	record->kind = (uint32_t)(1 + number % (AUDIT_KINDS - 1));
	record->pid = (uint32_t)number;
	record->uid = 1000;
	record->operator_uid = AUDIT_NOBODY;
	memset(record->secret_id, (int)number, sizeof record->secret_id);
	memset(record->container, 'a', CONTAINER_ID_LENGTH);
	snprintf(record->comm, sizeof record->comm, "nginx");
	snprintf(record->act, sizeof record->act, "open");
	snprintf(record->rule, sizeof record->rule, "consumer");
	snprintf(record->outcome, sizeof record->outcome, "ok");
	snprintf(record->consumer, sizeof record->consumer, "compose/shop/web");
	/* Of several lengths: a record is padded to the next 128 bytes. */
	snprintf(record->secret, sizeof record->secret, "%0*llu", (int)(number * 31 % 200) + 1,
		(unsigned long long)number);
}

void ledger_put(struct ledger *ledger, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		struct audit_record record;

		ledger_record(++ledger->put, &record);
		if (!audit_ring_put(ledger->ring, (unsigned int)(ledger->put % LANES), &record))
			scene_fail("the ring is full");
	}
}

int ledger_pump(struct ledger *ledger, struct err *err)
{
	int result;

	do
		result = audit_pump_run(ledger->pump, err);
	while (result == 1);
	return result;
}

static int read_one(struct audit_reader *reader, uint64_t *last, struct err *err)
{
	struct audit_record record, expected;
	uint64_t number;
	int result = audit_reader_next(reader, &record, &number, err);

	if (result != 1)
		return result;
	ledger_record(number, &expected);
	if (memcmp(&record, &expected, sizeof record))
		return err_set(err, TACIT_CORRUPT, "WRONG RECORD %llu (%llu)",
			(unsigned long long)number, (unsigned long long)record.unique);
	if (*last && number != *last + 1)
		return err_set(err, TACIT_CORRUPT, "record %llu follows record %llu",
			(unsigned long long)number, (unsigned long long)*last);
	*last = number;
	return 1;
}

int ledger_read(const struct ledger *ledger, uint64_t *last, struct err *err)
{
	struct audit_reader *reader = NULL;
	int result = audit_reader_open(&ledger->options, 0, &reader, err);

	*last = 0;
	if (result == -TACIT_NOT_FOUND)
		return 0;
	while (!result && (result = read_one(reader, last, err)) == 1)
		result = 0;
	audit_reader_close(reader);
	return result < 0 ? result : 0;
}

int ledger_verify(const struct ledger *ledger, const struct audit_position *since, struct err *err)
{
	struct audit_verdict verdict;

	return audit_verify(&ledger->options, since, &verdict, err);
}
