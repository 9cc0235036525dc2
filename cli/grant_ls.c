/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read what, and who did. */
#include <string.h>
#include <time.h>

#include "base/names.h"
#include "cli/bundle.h"
#include "cli/duration.h"
#include "cli/limits.h"
#include "cli/moment.h"
#include "cli/run.h"
#include "cli/table.h"

/* "2m ago, v3, shop_web_1", "now, v3". A reader is "container/shop_web_1 4f5e0c1d2a3b": its name
 * is enough here, and nothing where the consumer has said it already. */
static void read_cell(struct table *table, const json_t *grant, time_t now)
{
	static const char container[] = "container/";
	const char *reader = member_text(grant, "last_reader");
	const char *consumer = member_text(grant, "consumer");
	size_t length = strcspn(reader, " ");
	time_t then = moment_parse(member_text(grant, "last_read_at"));
	char span[DURATION_TEXT_MAX];

	if (then == (time_t)-1) {
		table_cell(table, "never");
		return;
	}
	duration_format(then < now ? (uint64_t)(now - then) : 0, 1, span);
	if (strlen(consumer) == length && !strncmp(consumer, reader, length))
		length = 0;
	if (length && !strncmp(reader, container, sizeof container - 1)) {
		reader += sizeof container - 1;
		length -= sizeof container - 1;
	}
	table_cell(table, "%s%s, v%llu%s%.*s", then < now ? span : "now", then < now ? " ago" : "",
		member_number(grant, "last_version"), length ? ", " : "", (int)length, reader);
}

static void print_grants(const json_t *list)
{
	struct table table;
	time_t now = time(NULL);
	const json_t *grant;
	size_t i;

	table_start(&table, "SECRET", "CONSUMER", "FILE", "LIMITS", "LAST READ", NULL);
	json_array_foreach (list, i, grant) {
		char limits[LIMITS_TEXT_MAX];

		limits_text(grant, now, limits);
		table_cell(&table, "%s", member_text(grant, "secret"));
		table_cell(&table, "%s", member_text(grant, "consumer"));
		table_cell(&table, "%s", member_text(grant, "file"));
		table_cell(&table, "%s", *limits ? limits : "-");
		read_cell(&table, grant, now);
	}
	table_print(&table, stdout);
	table_free(&table);
}

static int filter(const struct session *session, char path[CLIENT_PATH_MAX], struct err *err)
{
	const char *secret = session->invocation->values[OPTION_SECRET];
	const char *consumer = session->invocation->values[OPTION_CONSUMER];
	int status = secret ? bundle_check_secrets(secret, err) : 0;

	if (!status && consumer)
		status = name_check_consumer(consumer, err);
	if (!status && secret)
		status = client_query(path, "secret", secret, err);
	if (!status && consumer)
		status = client_query(path, "consumer", consumer, err);
	return status;
}

int grant_ls(struct session *session, struct err *err)
{
	_json_ json_t *list = NULL;
	char path[CLIENT_PATH_MAX] = TACIT_API_PREFIX "/grants";
	int status = filter(session, path, err);

	if (!status)
		status = session_get(session, path, &list, err);
	if (status < 0)
		return status;
	session_show_list(session, list, "path", print_grants);
	return 0;
}
