/* SPDX-License-Identifier: Apache-2.0 */
/* Routes of key slots, the store, its backups: what each becomes in the frame, and what is refused;
 * and pieces of a backup, both ways, through the server. */
#include "api/request.h"
#include "tests/unit/api/rig.h"

static const struct route *begin(
	const char *method, const char *target, struct frame_request *request, struct err *err)
{
	char allow[ROUTE_ALLOW_MAX];

	return request_start(method, target, request, allow, err);
}

#define LABEL_MAX "123456789 123456789 123456789 123456789 123456789 123456789 123"
#define LABEL_URL "123456789%20123456789%20123456789%20123456789%20123456789%20123456789%20123"
#define PROGRAM_MAX "a23456789012345678901234567890123456789012345678901234567890123"

static void test_words_that_are_taken(void **state)
{
	static const struct {
		const char *method, *target;
		enum verb verb;
		uint32_t kind;
		const char *label, *program;
		uint32_t slot, accept;
		uint64_t offset;
		uint32_t flags;
	} cases[] = {
		{ "GET", "/v1/keys", VERB_KEY_LIST, 0, "", "", 0, 0, 0, 0 },
		{ "POST", "/v1/keys?kind=key_file", VERB_KEY_ADD, KEY_OF_FILE, "", "", 0, 0, 0, 0 },
		{ "POST", "/v1/keys?kind=passphrase&label=", VERB_KEY_ADD, KEY_OF_PASSPHRASE, "",
			"", 0, 0, 0, 0 },
		{ "POST", "/v1/keys?kind=credential&label=a%26b%3d%2F%25~", VERB_KEY_ADD,
			KEY_OF_CREDENTIAL, "a&b=/%~", "", 0, 0, 0, 0 },
		{ "POST", "/v1/keys?program=tpm2&label=" LABEL_URL "&kind=command", VERB_KEY_ADD,
			KEY_OF_COMMAND, LABEL_MAX, "tpm2", 0, 0, 0, 0 },
		{ "POST", "/v1/keys?kind=recovery", VERB_KEY_ADD, KEY_OF_RECOVERY, "", "", 0, 0, 0,
			0 },
		{ "DELETE", "/v1/keys?slot=16", VERB_KEY_REMOVE, 0, "", "", 16, 0, 0, 0 },
		{ "DELETE", "/v1/keys?slot=4294967295", VERB_KEY_REMOVE, 0, "", "", UINT32_MAX, 0,
			0, 0 },
		{ "POST", "/v1/keys/rotate", VERB_KEY_ROTATE, 0, "", "", 0, 0, 0, 0 },
		{ "POST", "/v1/unlock?kind=passphrase", VERB_UNLOCK, KEY_OF_PASSPHRASE, "", "", 0,
			0, 0, 0 },
		{ "POST", "/v1/unlock?kind=command", VERB_UNLOCK, KEY_OF_COMMAND, "", "", 0, 0, 0,
			0 },
		{ "POST", "/v1/store?kind=command&program=" PROGRAM_MAX, VERB_STORE_CREATE,
			KEY_OF_COMMAND, "", PROGRAM_MAX, 0, 0, 0, 0 },
		{ "POST", "/v1/store/verify", VERB_STORE_VERIFY, 0, "", "", 0, 0, 0, 0 },
		{ "POST", "/v1/store/accept?how=drop", VERB_STORE_ACCEPT, 0, "", "", 0, ACCEPT_DROP,
			0, 0 },
		{ "POST", "/v1/store/accept?how=adopt", VERB_STORE_ACCEPT, 0, "", "", 0,
			ACCEPT_ADOPT, 0, 0 },
		{ "POST", "/v1/store/accept?how=rollback", VERB_STORE_ACCEPT, 0, "", "", 0,
			ACCEPT_ROLLBACK, 0, 0 },
		{ "POST", "/v1/store/backup", VERB_STORE_BACKUP, 0, "", "", 0, 0, 0, 0 },
		{ "POST", "/v1/store/backup/step", VERB_STORE_BACKUP_STEP, 0, "", "", 0, 0, 0, 0 },
		{ "GET", "/v1/store/backup?offset=0", VERB_STORE_BACKUP_READ, 0, "", "", 0, 0, 0,
			0 },
		{ "GET", "/v1/store/backup?offset=9223372036854775807", VERB_STORE_BACKUP_READ, 0,
			"", "", 0, 0, INT64_MAX, 0 },
		{ "DELETE", "/v1/store/backup", VERB_STORE_BACKUP_END, 0, "", "", 0, 0, 0, 0 },
		{ "POST", "/v1/store/restore", VERB_STORE_RESTORE, 0, "", "", 0, 0, 0, 0 },
		{ "POST", "/v1/store/restore/write?offset=1048576", VERB_STORE_RESTORE_WRITE, 0, "",
			"", 0, 0, 1048576, 0 },
		{ "POST", "/v1/store/restore/end", VERB_STORE_RESTORE_END, 0, "", "", 0, 0, 0, 0 },
		{ "POST", "/v1/store/restore/end?force=1&kind=recovery", VERB_STORE_RESTORE_END,
			KEY_OF_RECOVERY, "", "", 0, 0, 0, REQUEST_FORCE },
		{ "DELETE", "/v1/store/restore", VERB_STORE_RESTORE_DROP, 0, "", "", 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		struct err err = { .text = "" };

		if (!begin(cases[i].method, cases[i].target, &request, &err))
			fail_msg("%s %s: %s", cases[i].method, cases[i].target, err.text);
		assert_int_equal(request.verb, cases[i].verb);
		assert_int_equal(request.key_kind, cases[i].kind);
		assert_string_equal(request.label, cases[i].label);
		assert_string_equal(request.program, cases[i].program);
		assert_int_equal(request.slot, cases[i].slot);
		assert_int_equal(request.accept, cases[i].accept);
		assert_true(request.offset == cases[i].offset);
		assert_int_equal(request.flags, cases[i].flags);
	}
}

static void test_words_that_are_refused(void **state)
{
	static const struct {
		const char *method, *target, *why;
	} cases[] = {
		{ "POST", "/v1/keys", "lacks kind" },
		{ "POST", "/v1/store?label=a", "lacks kind" },
		{ "POST", "/v1/keys?kind=", "kind is" },
		{ "POST", "/v1/keys?kind=Passphrase", "kind is" },
		{ "POST", "/v1/keys?kind=%70assphrase", "kind is" },
		{ "POST", "/v1/keys?kind=2", "kind is" },
		{ "POST", "/v1/keys?kind=passphrase&kind=passphrase", "twice" },
		{ "POST", "/v1/keys?kind=passphrase&label=" LABEL_URL "4", "63 characters" },
		{ "POST", "/v1/keys?kind=passphrase&label=%0a", "printable ASCII" },
		{ "POST", "/v1/keys?kind=passphrase&label=%C3%A9", "printable ASCII" },
		{ "POST", "/v1/keys?kind=passphrase&label=%zz", "printable ASCII" },
		{ "POST", "/v1/keys?kind=command", "program=NAME" },
		{ "POST", "/v1/store?kind=command", "program=NAME" },
		{ "POST", "/v1/keys?kind=passphrase&program=tpm2", "kind=command alone" },
		{ "POST", "/v1/keys?kind=command&program=", "" },
		{ "POST", "/v1/keys?kind=command&program=..", "" },
		{ "POST", "/v1/keys?kind=command&program=a%2Fb", "" },
		{ "POST", "/v1/keys?kind=command&program=" PROGRAM_MAX "4", "" },
		{ "POST", "/v1/keys?kind=recovery&slot=1", "does not know" },
		{ "GET", "/v1/keys?kind=recovery", "does not know" },
		{ "DELETE", "/v1/keys", "lacks slot" },
		{ "DELETE", "/v1/keys?slot=0", "number from 1" },
		{ "DELETE", "/v1/keys?slot=4294967296", "number from 1" },
		{ "DELETE", "/v1/keys?slot=-1", "number from 1" },
		{ "POST", "/v1/keys/rotate?slot=1", "does not know" },
		{ "POST", "/v1/unlock?label=a", "does not know" },
		{ "POST", "/v1/unlock?kind=command&program=a", "does not know" },
		{ "POST", "/v1/store/accept", "lacks how" },
		{ "POST", "/v1/store/accept?how=", "how is" },
		{ "POST", "/v1/store/accept?how=1", "how is" },
		{ "POST", "/v1/store/accept?how=drop&how=drop", "twice" },
		{ "GET", "/v1/store/backup", "lacks offset" },
		{ "GET", "/v1/store/backup?offset=", "number from 0" },
		{ "GET", "/v1/store/backup?offset=9223372036854775808", "number from 0" },
		{ "GET", "/v1/store/backup?offset=1e3", "number from 0" },
		{ "POST", "/v1/store/restore/write", "lacks offset" },
		{ "POST", "/v1/store/restore/end?force=0", "1 or" },
		{ "POST", "/v1/store/verify?force=1", "does not know" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		struct err err = { .text = "" };

		if (begin(cases[i].method, cases[i].target, &request, &err))
			fail_msg("%s %s was taken", cases[i].method, cases[i].target);
		assert_int_equal(err.code, TACIT_INVALID);
		if (!strstr(err.text, cases[i].why))
			fail_msg(
				"%s: no \"%s\" in \"%s\"", cases[i].target, cases[i].why, err.text);
	}
}

/* What may be asked a second time when core dies: it is about a copy that died with it, or changes
 * nothing. */
static void test_what_is_never_asked_twice(void **state)
{
	static const struct {
		const char *method, *target;
		bool changes;
	} cases[] = {
		{ "GET", "/v1/keys", false },
		{ "POST", "/v1/keys?kind=recovery", true },
		{ "DELETE", "/v1/keys?slot=1", true },
		{ "POST", "/v1/keys/rotate", true },
		{ "POST", "/v1/store?kind=recovery", true },
		{ "POST", "/v1/store/verify", false },
		{ "POST", "/v1/store/accept?how=drop", true },
		{ "POST", "/v1/store/backup", false },
		{ "POST", "/v1/store/backup/step", false },
		{ "POST", "/v1/store/restore", false },
		{ "POST", "/v1/store/restore/write?offset=0", false },
		{ "POST", "/v1/store/restore/end", true },
		{ "POST", "/v1/unlock", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		const struct route *route = begin(cases[i].method, cases[i].target, &request, NULL);

		assert_non_null(route);
		if (route->changes != cases[i].changes)
			fail_msg("%s %s", cases[i].method, cases[i].target);
	}
}

static void test_bodies(void **state)
{
	static const struct {
		const char *method, *target;
		size_t length;
		int status;
	} cases[] = {
		{ "POST", "/v1/keys?kind=credential", 0, 0 },
		{ "POST", "/v1/keys?kind=passphrase", 9, 0 },
		{ "POST", "/v1/store?kind=key_file", 9, 0 },
		{ "POST", "/v1/store/restore/end", 0, 0 },
		{ "POST", "/v1/store/restore/end?kind=recovery", 9, 0 },
		{ "POST", "/v1/store/restore/write?offset=0", 0, -TACIT_INVALID },
		{ "POST", "/v1/store/restore/write?offset=0", 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		const struct route *route = begin(cases[i].method, cases[i].target, &request, NULL);
		struct pack body = { 0 };

		assert_non_null(route);
		if (cases[i].length)
			pack_bytes(&body, "123456789", cases[i].length);
		assert_int_equal(request_body(route, &body, &request, NULL), cases[i].status);
		assert_int_equal(request.body_length, cases[i].status ? 0 : cases[i].length);
		pack_free(&body);
	}
}

static void test_a_piece_of_the_largest_size(void **state)
{
	struct rig *rig = *state;
	uint8_t *sent = malloc(TACIT_CHUNK_MAX + 1), *got = malloc(TACIT_CHUNK_MAX);
	struct frame_request request;
	int client;

	for (size_t i = 0; i <= TACIT_CHUNK_MAX; i++)
		sent[i] = (uint8_t)(i * 7 + i / 256);
	client = rig_send(rig, "POST /v1/store/restore/write?offset=3", sent, TACIT_CHUNK_MAX);
	request = rig_core_receive(rig, got);
	assert_int_equal(request.verb, VERB_STORE_RESTORE_WRITE);
	assert_int_equal(request.offset, 3);
	assert_int_equal(request.body_length, TACIT_CHUNK_MAX);
	assert_memory_equal(got, sent, TACIT_CHUNK_MAX);
	rig_core_reply_state(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "serving");
	client = rig_send(rig, "POST /v1/store/restore/write?offset=3", sent, TACIT_CHUNK_MAX + 1);
	rig_read(rig, client);
	rig_assert_answer(rig, 413, "\"too_large\"");
	rig_assert_alive(rig);
	free(sent);
	free(got);
}

static void test_pieces_come_back_as_octets(void **state)
{
	struct rig *rig = *state;
	int client = rig_send(rig, "GET /v1/store/backup?offset=5", NULL, 0);

	assert_int_equal(rig_core_receive(rig, NULL).offset, 5);
	rig_core_reply(rig, TACIT_OK, "", "a\0b", 3);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "Content-Type: application/octet-stream\r\n");
	assert_memory_equal(rig->answer + rig->answer_length - 7, "\r\n\r\na\0b", 7);
	/* The end: octets, of which there are none. */
	client = rig_send(rig, "GET /v1/store/backup?offset=8", NULL, 0);
	assert_int_equal(rig_core_receive(rig, NULL).offset, 8);
	rig_core_reply(rig, TACIT_OK, "", NULL, 0);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "Content-Length: 0\r\n");
	assert_memory_equal(rig->answer + rig->answer_length - 4, "\r\n\r\n", 4);
}

#define rig_test(test) cmocka_unit_test_setup_teardown(test, rig_start, rig_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_that_are_taken),
		cmocka_unit_test(test_words_that_are_refused),
		cmocka_unit_test(test_what_is_never_asked_twice),
		cmocka_unit_test(test_bodies),
		rig_test(test_a_piece_of_the_largest_size),
		rig_test(test_pieces_come_back_as_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
