/* SPDX-License-Identifier: Apache-2.0 */
/* What a name says of its value. A name is its words: divided by what is no letter or digit, and
 * where a capital follows a small letter. */
#include <string.h>

#include "internal.h"

#define WORDS_MAX 16 /* of one name; the last ones of a longer name are looked at */

/* Lists of words, each with a space on both sides. */
static const char secret_words[] =
	" PASSWORD PASSWORDS PASSWD PASSWORT PASSWRD PASS PWD PW PASSPHRASE PASSCODE USERPASS "
	"DBPASS ROOTPW HTPASSWD SECRET SECRETS TOKEN APITOKEN AUTHTOKEN ACCESSTOKEN APIKEY AUTHKEY "
	"SECRETKEY ACCESSKEY PRIVATEKEY PRIVKEY CREDENTIAL CREDENTIALS CREDS PSK MNEMONIC SALT "
	"PEPPER PIN ERLANGCOOKIE AUTHTOKENS REQUIREPASS MASTERAUTH ";
/* KEY is a secret after one of these. */
static const char key_owners[] =
	" API SECRET PRIVATE PRIV ACCESS ENCRYPTION ENCRYPT SIGNING SIGN MASTER AUTH LICENSE "
	"LICENCE APP COOKIE SESSION SERVICE ACCOUNT STORAGE JWT HMAC AES DEPLOY SHARED PRESHARED "
	"NONCE IN CRYPTO CIPHER DB DATABASE ADMIN ROOT CLIENT SERVER WEBHOOK INTEGRATION "
	"SUBSCRIPTION SECURE TOTP SSH RSA TLS SSL VAULT UNSEAL FERNET KMS INGEST SECURITY "
	"RECOVERY BACKUP AUTHENTICATION RPC ";
/* Tail words that change nothing: "API_KEY_PROD". */
static const char neutral_words[] = " BASE VALUE STRING DEV PROD PRODUCTION STAGING TEST LOCAL "
				    "DEFAULT OLD NEW PREVIOUS CURRENT "
				    "PRIMARY SECONDARY PLAIN RAW B64 BASE64 HEX ENCODED ";
/* A name that ends so is about a secret, or about something else altogether. */
static const char harmless_tails[] =
	" FILE FILES PATH PATHS DIR DIRECTORY FOLDER NAME NAMES ID IDS KEYID LENGTH LEN SIZE BITS "
	"MIN MAX TTL EXPIRY EXPIRES EXPIRE EXPIRATION EXPIRED LIFETIME LIFESPAN TIMEOUT DURATION "
	"AGE POLICY ALGORITHM ALGO ALG TYPE ENABLED DISABLED ENABLE DISABLE REQUIRED OPTIONAL "
	"HEADER HEADERS FIELD FIELDS ISSUER AUDIENCE ENDPOINT HOST PORT PREFIX SUFFIX COUNT ROUNDS "
	"COST BACKEND PROVIDER ENGINE MANAGER VERSION FORMAT HINT RESET MODE METHOD STRENGTH "
	"STRATEGY STORE LIMIT RATE INTERVAL DAYS HOURS MINUTES SECONDS SECS LOCATION ENCODING "
	"CHARSET URL URLS URI SCOPE SCOPES LABEL REGEX PATTERN CLASS ROTATION USERNAME USER LOGIN "
	"EMAIL REF VERIFY VALIDATION CHECK CONFIRMATION PROMPT ENV VAR PLACEHOLDER SUPPORT COLUMN "
	"TABLE INDEX HASH HASHED DIGEST SHA SHA1 SHA256 SHA512 MD5 CHECKSUM COMMIT REVISION GIT "
	"INTEGRITY UUID GUID ETAG FINGERPRINT MESSAGE HELP TEXT DESCRIPTION TITLE REGION RETRIES "
	"ATTEMPTS HISTORY COMPLEXITY GRACE SUBJECT NAMESPACE KIND SOURCE DOMAIN REALM LEEWAY ARN "
	"CERT CERTIFICATE CRT LIMITS BUDGET WINDOW VERSIONS ORG ORGANIZATION TENANT PROJECT ";
static const char harmless_anywhere[] =
	" PUBLIC PUB PUBLISHABLE MAX MIN EXISTING SITEKEY AUTHORIZED SHA256SUM SHA512SUM ";
static const char harmless_key_owners[] =
	" GPG PGP SITE PRIMARY FOREIGN SORT CACHE PARTITION HOST INDEX ";
/* What a word of several ends in when they are written as one: "mysqlpassword"; and words that end
 * so by themselves. */
static const char *const glued[] = { "PASSWORD", "PASSWD", "PASSPHRASE", "APIKEY", "SECRETKEY",
	"TOKEN", "SECRET", "ENCRYPTIONKEY", "SECURITYKEY", "SIGNINGKEY", "PASS", "PWD", "SALT" };
static const char unglued[] =
	" BASALT BYPASS COMPASS ENCOMPASS SURPASS OVERPASS UNDERPASS TRESPASS ";

struct words {
	struct span word[WORDS_MAX];
	size_t count;
};

static bool in_list(const char *list, struct span word)
{
	char text[24];

	if (!word.length || word.length + 3 > sizeof text)
		return false;
	text[0] = ' ';
	for (size_t i = 0; i < word.length; i++)
		text[i + 1] = word.at[i] >= 'a' && word.at[i] <= 'z' ? (char)(word.at[i] - 32)
								     : word.at[i];
	memcpy(text + word.length + 1, " ", 2);
	return strstr(list, text) != NULL;
}

static void words_add(struct words *words, struct span word)
{
	if (!word.length)
		return;
	if (words->count == WORDS_MAX) {
		memmove(words->word, words->word + 1, sizeof words->word - sizeof *words->word);
		words->count--;
	}
	words->word[words->count++] = word;
}

static void words_of(struct span name, struct words *words)
{
	size_t from = 0;

	words->count = 0;
	for (size_t i = 0; i < name.length; i++) {
		bool divides = !byte_in_name(name.at[i]) || name.at[i] == '_';
		bool camel = i && name.at[i] >= 'A' && name.at[i] <= 'Z' && name.at[i - 1] >= 'a' &&
			     name.at[i - 1] <= 'z';

		if (divides || camel) {
			words_add(words, span_part(name, from, i));
			from = i + (divides ? 1 : 0);
		}
	}
	words_add(words, span_part(name, from, name.length));
}

static bool is_number(struct span word)
{
	for (size_t i = 0; i < word.length; i++)
		if (word.at[i] < '0' || word.at[i] > '9')
			return false;
	return true;
}

static bool word_is_secret(struct span word)
{
	while (word.length > 1 && is_number(span_part(word, word.length - 1, word.length)))
		word.length--;
	if (in_list(secret_words, word))
		return true;
	for (size_t i = 0; i < sizeof glued / sizeof *glued && !in_list(unglued, word); i++)
		if (span_ends(word, glued[i]))
			return true;
	return false;
}

static enum name_class key_class(const struct words *words)
{
	struct span last = words->word[words->count - 1], owner;

	if (!span_is(last, "KEY") && !span_is(last, "KEYS"))
		return NAME_PLAIN;
	if (words->count == 1)
		return NAME_KEY;
	owner = words->word[words->count - 2];
	if (in_list(harmless_key_owners, owner))
		return NAME_HARMLESS;
	return in_list(key_owners, owner) ? NAME_SECRET : NAME_KEY;
}

/* "COOKIE" is one of Erlang's distribution only with its word before it. */
static bool is_cookie(const struct words *words)
{
	return words->count >= 2 && span_is(words->word[words->count - 1], "COOKIE") &&
	       (span_is(words->word[words->count - 2], "ERLANG") ||
		       span_is(words->word[words->count - 2], "RELEASE"));
}

static bool is_working_directory(struct span name)
{
	return span_is(name, "PWD") || span_is(name, "OLDPWD");
}

enum name_class name_classify(struct span name)
{
	struct words words;
	enum name_class class;

	words_of(name, &words);
	if (!words.count || is_working_directory(name))
		return NAME_HARMLESS;
	for (size_t i = 0; i < words.count; i++)
		if (in_list(harmless_anywhere, words.word[i]))
			return NAME_HARMLESS;
	if (in_list(harmless_tails, words.word[words.count - 1]) || span_begins(name, "FILE__"))
		return NAME_HARMLESS;
	while (words.count > 1 && (in_list(neutral_words, words.word[words.count - 1]) ||
					  is_number(words.word[words.count - 1])))
		words.count--;
	class = key_class(&words);
	if (class != NAME_PLAIN)
		return class;
	for (size_t i = 0; i < words.count; i++)
		if (word_is_secret(words.word[i]))
			return NAME_SECRET;
	if (is_cookie(&words))
		return NAME_SECRET;
	return span_is(words.word[words.count - 1], "AUTH") ? NAME_LOGIN : NAME_PLAIN;
}

bool name_takes_digits(struct span name)
{
	return span_has(name, "PASS") || span_has(name, "PWD") || span_ends(name, "PIN") ||
	       span_ends(name, "PW");
}
