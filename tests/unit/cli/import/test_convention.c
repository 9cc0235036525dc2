/* SPDX-License-Identifier: Apache-2.0 */
/* Images and the names by which they are told of a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/import/convention.h"

static void test_every_row_says_where_it_is_from(void **state)
{
	(void)state;
	assert_true(convention_count > 10);
	for (size_t i = 0; i < convention_count; i++) {
		const struct convention_row *row = &convention_table[i];

		/* "owner/repository: path" */
		assert_non_null(strstr(row->source, ": "));
		assert_true(strchr(row->source, '/') < strstr(row->source, ": "));
		assert_true(strlen(row->images) > 1 && strlen(row->variables) > 0);
		assert_true(row->form < CONVENTION_FORMS);
		/* No blank too many: an empty pattern would match nothing, silently. */
		assert_null(strstr(row->images, "  "));
		assert_null(strstr(row->variables, "  "));
	}
}

/* What is not said of one image alone must not be said of a whole registry. */
static void test_only_one_row_speaks_of_every_variable(void **state)
{
	size_t every = 0;

	(void)state;
	for (size_t i = 0; i < convention_count; i++)
		if (!strcmp(convention_table[i].variables, "*")) {
			assert_int_equal(convention_table[i].form, CONVENTION_PREFIX);
			every++;
		}
	assert_int_equal(every, 1);
}

static void test_images_have_their_convention(void **state)
{
	static const struct {
		const char *image, *variable, *becomes;
		enum convention_form form;
	} rows[] = {
		{ "postgres", "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", CONVENTION_SUFFIX },
		{ "postgres:16-alpine", "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE",
			CONVENTION_SUFFIX },
		{ "docker.io/library/postgres@sha256:00", "POSTGRES_PASSWORD",
			"POSTGRES_PASSWORD_FILE", CONVENTION_SUFFIX },
		{ "postgres", "PGPASSWORD", "PGPASSWORD_FILE", CONVENTION_NONE },
		{ "mypostgres", "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", CONVENTION_NONE },
		{ "me/postgres", "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", CONVENTION_NONE },
		{ "registry:5000/postgres", "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE",
			CONVENTION_NONE },
		{ "mariadb:11", "MARIADB_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD_FILE",
			CONVENTION_SUFFIX },
		{ "mariadb:11", "MYSQL_PASSWORD", "MYSQL_PASSWORD_FILE", CONVENTION_SUFFIX },
		{ "mysql", "MYSQL_PASSWORD", "MYSQL_PASSWORD_FILE", CONVENTION_SUFFIX },
		{ "mysql", "MARIADB_PASSWORD", "MARIADB_PASSWORD_FILE", CONVENTION_NONE },
		{ "wordpress:6-apache", "WORDPRESS_AUTH_KEY", "WORDPRESS_AUTH_KEY_FILE",
			CONVENTION_SUFFIX },
		{ "wordpress", "WORDPRESS_SMTP_PASSWORD", "WORDPRESS_SMTP_PASSWORD_FILE",
			CONVENTION_NONE },
		{ "mariadb", "MARIADB_RANDOM_ROOT_PASSWORD", "MARIADB_RANDOM_ROOT_PASSWORD_FILE",
			CONVENTION_NONE },
		{ "ghost:5", "database__connection__password",
			"database__connection__password_FILE", CONVENTION_NONE },
		{ "neo4j", "NEO4J_AUTH", "NEO4J_AUTH_FILE", CONVENTION_NONE },
		{ "n8nio/n8n", "DB_POSTGRESDB_PASSWORD", "DB_POSTGRESDB_PASSWORD_FILE",
			CONVENTION_SUFFIX },
		{ "n8nio/n8n", "N8N_ENCRYPTION_KEY", "N8N_ENCRYPTION_KEY_FILE", CONVENTION_NONE },
		{ "vaultwarden/server", "ADMIN_TOKEN", "ADMIN_TOKEN_FILE", CONVENTION_SUFFIX },
		{ "vaultwarden/server", "ROCKET_SECRET_KEY", "ROCKET_SECRET_KEY_FILE",
			CONVENTION_NONE },
		{ "bitnami/postgresql:17", "POSTGRESQL_PASSWORD", "POSTGRESQL_PASSWORD_FILE",
			CONVENTION_SUFFIX },
		{ "bitnamilegacy/redis", "REDIS_PASSWORD", "REDIS_PASSWORD_FILE",
			CONVENTION_SUFFIX },
		{ "bitnami/other", "OTHER_PASSWORD", "OTHER_PASSWORD_FILE", CONVENTION_NONE },
		{ "authelia/authelia", "AUTHELIA_SESSION_SECRET", "AUTHELIA_SESSION_SECRET_FILE",
			CONVENTION_SUFFIX },
		{ "authelia/authelia", "AUTHELIA_SERVER_TLS_KEY", "AUTHELIA_SERVER_TLS_KEY_FILE",
			CONVENTION_NONE },
		{ "grafana/grafana:11", "GF_SMTP_PASSWORD", "GF_SMTP_PASSWORD__FILE",
			CONVENTION_DOUBLE },
		{ "grafana/grafana:11", "GF_AWS_default_SECRET_ACCESS_KEY",
			"GF_AWS_default_SECRET_ACCESS_KEY_FILE", CONVENTION_NONE },
		{ "lscr.io/linuxserver/mariadb", "MYSQL_PASSWORD", "FILE__MYSQL_PASSWORD",
			CONVENTION_PREFIX },
		{ "docker.io/linuxserver/x", "ANY", "FILE__ANY", CONVENTION_PREFIX },
		{ "gitea/gitea:1", "GITEA__database__PASSWD", "GITEA__database__PASSWD__FILE",
			CONVENTION_DOUBLE },
		{ "redis:7", "REDIS_PASSWORD", "REDIS_PASSWORD_FILE", CONVENTION_NONE },
		{ "rabbitmq", "RABBITMQ_DEFAULT_PASS", "RABBITMQ_DEFAULT_PASS_FILE",
			CONVENTION_NONE },
	};
	char name[CONVENTION_NAME_MAX + 1];
	const char *source;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(
			convention_of(rows[i].image, rows[i].variable, &source), rows[i].form);
		assert_int_equal(source != NULL, rows[i].form != CONVENTION_NONE);
		assert_true(convention_variable(rows[i].form, rows[i].variable, name));
		assert_string_equal(name, rows[i].becomes);
	}
	assert_int_equal(convention_of(NULL, "X", &source), CONVENTION_NONE);
}

static void test_a_repository_is_an_image_without_tag_and_library(void **state)
{
	static const char *const rows[][2] = { { "redis", "redis" }, { "redis:7", "redis" },
		{ "docker.io/redis:7@sha256:00", "redis" }, { "library/redis", "redis" },
		{ "public.ecr.aws/docker/library/redis:7", "redis" }, { "a/b:c", "a/b" },
		{ "host:5000/a/b", "host:5000/a/b" }, { "host:5000/a/b:1", "host:5000/a/b" },
		{ "ghcr.io/x/y:latest", "ghcr.io/x/y" } };
	char repository[64], small[4];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_true(convention_repository(rows[i][0], repository, sizeof repository));
		assert_string_equal(repository, rows[i][1]);
	}
	assert_false(convention_repository("", repository, sizeof repository));
	assert_false(convention_repository(":1", repository, sizeof repository));
	assert_false(convention_repository("redis", small, sizeof small));
}

static void test_what_an_image_runs(void **state)
{
	const struct convention_start *start = convention_start_of("redis:7-alpine");

	(void)state;
	assert_non_null(start);
	assert_string_equal(start->entrypoint[0], "docker-entrypoint.sh");
	assert_null(start->entrypoint[1]);
	assert_string_equal(start->command[0], "redis-server");
	assert_null(convention_start_of("me/redis"));
	assert_null(convention_start_of(NULL));
}

static void test_a_name_has_an_end(void **state)
{
	char name[CONVENTION_NAME_MAX + 1], long_name[CONVENTION_NAME_MAX + 2];

	(void)state;
	memset(long_name, 'A', sizeof long_name);
	long_name[CONVENTION_NAME_MAX - 5] = '\0';
	assert_true(convention_variable(CONVENTION_SUFFIX, long_name, name));
	assert_int_equal(strlen(name), CONVENTION_NAME_MAX);
	long_name[CONVENTION_NAME_MAX - 5] = 'A';
	long_name[CONVENTION_NAME_MAX - 4] = '\0';
	assert_false(convention_variable(CONVENTION_SUFFIX, long_name, name));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_says_where_it_is_from),
		cmocka_unit_test(test_only_one_row_speaks_of_every_variable),
		cmocka_unit_test(test_images_have_their_convention),
		cmocka_unit_test(test_a_repository_is_an_image_without_tag_and_library),
		cmocka_unit_test(test_what_an_image_runs),
		cmocka_unit_test(test_a_name_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
