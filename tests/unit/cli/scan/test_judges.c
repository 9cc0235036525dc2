/* SPDX-License-Identifier: Apache-2.0 */
/* What the judges of names and values say, by tables; and every format of a token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/scan/internal.h"
#include "cli/scan/token.h"

static void names(void **state)
{
	static const struct {
		const char *name;
		enum name_class class;
	} rows[] = {
		{ "DB_PASSWORD", NAME_SECRET },
		{ "db.password", NAME_SECRET },
		{ "dbPassword", NAME_SECRET },
		{ "MYSQLPASSWORD", NAME_SECRET },
		{ "SECRET_KEY_BASE", NAME_SECRET },
		{ "API_KEY_PROD", NAME_SECRET },
		{ "AWS_SECRET_ACCESS_KEY", NAME_SECRET },
		{ "TOKEN2", NAME_SECRET },
		{ "RABBITMQ_ERLANG_COOKIE", NAME_SECRET },
		{ "PGPASS", NAME_SECRET },
		{ "WORDPRESS_LOGGED_IN_KEY", NAME_SECRET },
		{ "SOME_KEY", NAME_KEY },
		{ "KEY", NAME_KEY },
		{ "NEO4J_AUTH", NAME_LOGIN },
		{ "DB_PASSWORD_FILE", NAME_HARMLESS },
		{ "DB_PASSWORD__FILE", NAME_HARMLESS },
		{ "FILE__DB_PASSWORD", NAME_HARMLESS },
		{ "AWS_ACCESS_KEY_ID", NAME_HARMLESS },
		{ "TOKEN_TTL", NAME_HARMLESS },
		{ "PASSWORD_MIN_LENGTH", NAME_HARMLESS },
		{ "MAX_TOKENS", NAME_HARMLESS },
		{ "JWT_PUBLIC_KEY", NAME_HARMLESS },
		{ "PRIMARY_KEY", NAME_HARMLESS },
		{ "GPG_KEY", NAME_HARMLESS },
		{ "PWD", NAME_HARMLESS },
		{ "", NAME_HARMLESS },
		{ "___", NAME_HARMLESS },
		{ "MONKEY", NAME_PLAIN },
		{ "COMPASS", NAME_PLAIN },
		{ "SECRETARY", NAME_PLAIN },
		{ "TOKENIZERS_PARALLELISM", NAME_PLAIN },
		{ "SESSION_COOKIE", NAME_PLAIN },
		{ "BYPASS", NAME_PLAIN },
		{ "HOME", NAME_PLAIN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (name_classify(span_of(rows[i].name)) != rows[i].class)
			fail_msg("%s is of class %d", rows[i].name,
				name_classify(span_of(rows[i].name)));
}

static void values(void **state)
{
	static const struct {
		const char *value;
		enum value_class class;
	} rows[] = {
		{ "hunter2", VALUE_OWN },
		{ "changeme", VALUE_OWN },
		{ "p@ss w0rd", VALUE_OWN },
		{ "/q8Xv2mZ7wR4tY9bN1kL5pC3dF6gH0jS8", VALUE_OWN },
		{ "$3cret!", VALUE_OWN },
		{ "", VALUE_NOTHING },
		{ "True", VALUE_NOTHING },
		{ "none", VALUE_NOTHING },
		{ "${X}", VALUE_REFERENCE },
		{ "$XY", VALUE_REFERENCE },
		{ "$$XY", VALUE_REFERENCE },
		{ "$(cat x)", VALUE_REFERENCE },
		{ "{{ .Values.x }}", VALUE_REFERENCE },
		{ "/run/secrets/x", VALUE_REFERENCE },
		{ "./x", VALUE_REFERENCE },
		{ "server.key", VALUE_REFERENCE },
		{ "https://acme.io/token", VALUE_REFERENCE },
		{ "MY_OTHER_VARIABLE", VALUE_REFERENCE },
		{ "op://a/b/c", VALUE_REFERENCE },
		{ "<your password>", VALUE_PLACEHOLDER },
		{ "your-api-key", VALUE_PLACEHOLDER },
		{ "xxxxxxxx", VALUE_PLACEHOLDER },
		{ "********", VALUE_PLACEHOLDER },
		{ "__token__", VALUE_PLACEHOLDER },
		{ "see the vault", VALUE_PLACEHOLDER },
		{ "$2y$10$abcdefghi", VALUE_SEALED },
		{ "ENC[AES256_GCM,data:x]", VALUE_SEALED },
		{ "ssh-ed25519 AAAA", VALUE_SEALED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (value_classify(span_of(rows[i].value)) != rows[i].class)
			fail_msg("%s is of class %d", rows[i].value,
				value_classify(span_of(rows[i].value)));
}

static void randomness(void **state)
{
	static const char *const drawn[] = { "q8Xv2mZ7wR4tY9bN1kL5pC3d", "kX8vP2mQ7zR4tY9bN1cD5fG3",
		"8f3b1c9d7e5a2f4068b1d3c5e7f9a1b3", "w8XqZ2mK7vR4tY9bN1kL5/C3dF6gH0jS+aE2uI4o",
		"a8f3kd92lmqx7zpr4vtn6bwc" };
	static const char *const written[] = { "TheLongestCompanyNameInTheWorld2",
		"3f0a6d1c-8a5c-4a3e-9a1f-0c2d4e6f8a1b", "newCheckout,betaSearch,darkMode",
		"com.acme.shop.CheckoutServiceFactoryBean", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"01234567890123456789012345678901", "eu-central-1.compute.internal", "short1A",
		"q8Xv2mZ7 wR4tY9bN1kL5pC3d" };

	(void)state;
	for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++)
		if (!value_is_random(span_of(drawn[i]), 16))
			fail_msg("%s is taken for written", drawn[i]);
	for (size_t i = 0; i < sizeof written / sizeof *written; i++)
		if (value_is_random(span_of(written[i]), 16))
			fail_msg("%s is taken for drawn by lot", written[i]);
}

static void assert_span(struct span span, const char *text)
{
	assert_int_equal(span.length, strlen(text));
	assert_memory_equal(span.at, text, span.length);
}

static void addresses(void **state)
{
	size_t end;

	(void)state;
	assert_span(url_password(span_of("x postgres://a:b@c/d"), 0, &end), "b");
	assert_span(url_password(span_of("redis://:b@c"), 0, &end), "b");
	assert_span(url_password(span_of("x://a:b@b@c"), 0, &end), "b@b");
	assert_span(url_password(span_of("x://a@b, y://c:d@e"), 0, &end), "d");
	assert_span(url_password(span_of("x://h:80/a@b"), 0, &end), "");
	assert_span(url_password(span_of("x://a:@h"), 0, &end), "");
	assert_span(pair_password(span_of("Server=a;Password=b1c2;X=y")), "b1c2");
	assert_span(pair_password(span_of("jdbc:x://h/d?user=a&password=b1c2")), "b1c2");
	assert_span(pair_password(span_of("a:b1c2@tcp(h:1)/d")), "b1c2");
	assert_span(pair_password(span_of("a=b;c=d")), "");
	assert_span(value_default(span_of("${A:-b}")), "b");
	assert_span(value_default(span_of("${A-b}")), "b");
	assert_span(value_default(span_of("${A:?b-c}")), "");
	assert_span(value_default(span_of("${A}")), "");
}

/* A body of `length` bytes that every kind of byte set has. */
static void fill(enum token_bytes bytes, char *body, size_t length)
{
	static const char hex[] = "8f3b1c9d7e5a2f40", upper[] = "QZ7XV3NMT2KR4YLPWH";
	const char *from = bytes == TOKEN_UPPER ? upper : hex;

	for (size_t i = 0; i < length; i++)
		body[i] = from[i % strlen(from)];
}

static void every_token_format_is_found(void **state)
{
	struct scanner *scanner = scanner_new((const uint8_t[32]){ 0 });

	(void)state;
	assert_non_null(scanner);
	for (size_t i = 0; i < token_format_count; i++) {
		const struct token_format *format = &token_formats[i];
		size_t prefix = strlen(format->prefix);
		char text[1024] = "x = \"";
		const char *kind = "";
		struct span token;

		if (i)
			assert_true((unsigned char)token_formats[i - 1].prefix[0] <=
				    (unsigned char)format->prefix[0]);
		assert_true(format->least <= format->most && prefix + format->least < 900);
		memcpy(text + 5, format->prefix, prefix);
		fill(format->bytes, text + 5 + prefix, format->least);
		strcpy(text + 5 + prefix + format->least, "\"\n");
		token = token_at(scanner, span_of(text), 5, &kind);
		if (token.length != prefix + format->least || strcmp(kind, format->kind))
			fail_msg("%s is not found", format->prefix);
		/* One byte less is none. */
		memmove(text + 5 + prefix, text + 6 + prefix, strlen(text + 6 + prefix) + 1);
		if (token_at(scanner, span_of(text), 5, &kind).length)
			fail_msg("%s is found when it is too short", format->prefix);
	}
	scanner_free(scanner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(values),
		cmocka_unit_test(randomness),
		cmocka_unit_test(addresses),
		cmocka_unit_test(every_token_format_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
