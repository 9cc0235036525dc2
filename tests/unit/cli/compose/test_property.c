/* SPDX-License-Identifier: Apache-2.0 */
/* Files and changes by lot. Files are written here, in all the ways that YAML has, by a writer that
 * knows what it means; what a changed file has to mean follows from that and from the changes. */
#include "compose_text.h"

#define ROUNDS 3000
#define SERVICES_MAX 4
#define VARIABLES_MAX 5

struct lot {
	uint64_t state;
};

static unsigned int draw(struct lot *lot, unsigned int below)
{
	lot->state ^= lot->state << 13;
	lot->state ^= lot->state >> 7;
	lot->state ^= lot->state << 17;
	return (unsigned int)((lot->state >> 20) % below);
}

struct variable {
	char name[32];
	const char *value;
	bool gone;
};

struct model {
	struct service_model {
		struct variable variables[2 * VARIABLES_MAX];
		size_t count;
		bool list;
		char secrets[VARIABLES_MAX][32];
		size_t secret_count;
	} services[SERVICES_MAX];
	size_t count;
	const char *eol;
	int step;
	unsigned int comments;
};

static const char *const values[] = { "hunter2", "it's", "say \"hi\"", "a: b", "a #b", "", " x ",
	"0123", "yes", "null", "two\nlines", "tail\n", "\xe2\x82\xac and \xf0\x9f\x94\x91", "-",
	"{x}", "[", "&a", "*a", "!t", "%p", "@x", "`", "back\\slash", "tab\there", "$${X}", "|",
	">", "=", "a,b", "#" };

#define VALUES (sizeof values / sizeof values[0])

static void comment(struct model *model, struct lot *lot, FILE *out)
{
	if (!draw(lot, 3))
		fprintf(out, " # c%u.", model->comments++);
	fputs(model->eol, out);
}

static void write_double(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++)
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\t')
			fputs("\\t", out);
		else
			fprintf(out, "%s%c", strchr("\"\\", *text) ? "\\" : "", *text);
	fputc('"', out);
}

static void write_single(const char *text, FILE *out)
{
	fputc('\'', out);
	for (; *text; text++)
		fprintf(out, "%s%c", *text == '\'' ? "'" : "", *text);
	fputc('\'', out);
}

/* As a block at `indent`, and its comment: true when the line has ended with it. */
static bool write_block(
	struct model *model, struct lot *lot, const char *text, int indent, FILE *out)
{
	size_t length = strlen(text);
	bool tail = length && text[length - 1] == '\n';

	if (!length || text[0] == ' ' || text[0] == '\n')
		return false;
	fprintf(out, "|%s", tail ? "" : "-");
	comment(model, lot, out);
	while (*text) {
		int line = (int)strcspn(text, "\n");

		fprintf(out, "%*s%.*s%s", indent, "", line, text, model->eol);
		text += line + (text[line] == '\n');
	}
	return true;
}

static bool is_plain(const char *text)
{
	return !strcmp(text, "hunter2") || !strcmp(text, "0123") || !strcmp(text, "yes");
}

static void write_value(
	struct model *model, struct lot *lot, const char *text, int indent, FILE *out)
{
	unsigned int style = draw(lot, 4);

	if (!draw(lot, 8))
		fprintf(out, "&v%u ", draw(lot, 1000000));
	if (style == 0 && write_block(model, lot, text, indent, out))
		return;
	if (style == 1 && is_plain(text))
		fputs(text, out);
	else if (style == 2 && !strchr(text, '\n'))
		write_single(text, out);
	else
		write_double(text, out);
	comment(model, lot, out);
}

static void write_environment(
	struct model *model, struct lot *lot, const struct service_model *service, FILE *out)
{
	int indent = 3 * model->step;

	if (!service->count)
		return;
	fprintf(out, "%*senvironment:", 2 * model->step, "");
	comment(model, lot, out);
	for (size_t i = 0; i < service->count; i++) {
		const struct variable *variable = &service->variables[i];
		char whole[64];

		if (!draw(lot, 6))
			fprintf(out, "%s", model->eol);
		if (service->list) {
			snprintf(whole, sizeof whole, "%s=%s", variable->name, variable->value);
			fprintf(out, "%*s- ", indent, "");
			write_value(model, lot, whole, indent + 2, out);
		} else {
			fprintf(out, draw(lot, 4) ? "%*s%s: " : "%*s\"%s\" :  ", indent, "",
				variable->name);
			write_value(model, lot, variable->value, indent + 1, out);
		}
	}
}

static void write_flow(const struct service_model *service, FILE *out)
{
	fputs(service->list ? "environment: [" : "environment: {", out);
	for (size_t i = 0; i < service->count; i++) {
		char whole[64];

		snprintf(whole, sizeof whole, "%s=%s", service->variables[i].name,
			service->variables[i].value);
		fputs(i ? ", " : "", out);
		if (!service->list)
			fprintf(out, "%s: ", service->variables[i].name);
		write_double(service->list ? whole : service->variables[i].value, out);
	}
	fputs(service->list ? "]" : "}", out);
}

static void write_service(
	struct model *model, struct lot *lot, const struct service_model *service, FILE *out)
{
	int indent = 2 * model->step;

	fprintf(out, "%*ss%td:", model->step, "", service - model->services);
	if (!draw(lot, 5)) {
		fputs(" { image: i, ", out);
		write_flow(service, out);
		fputs(" }", out);
		comment(model, lot, out);
		return;
	}
	comment(model, lot, out);
	fprintf(out, "%*simage: i", indent, "");
	comment(model, lot, out);
	if (draw(lot, 4)) {
		write_environment(model, lot, service, out);
	} else {
		fprintf(out, "%*s", indent, "");
		write_flow(service, out);
		comment(model, lot, out);
	}
	if (draw(lot, 2)) {
		fprintf(out, "%*slabels: [a, 'b']", indent, "");
		comment(model, lot, out);
	}
}

static void write_file(struct model *model, struct lot *lot, char **text, size_t *length)
{
	FILE *out = open_memstream(text, length);

	assert_non_null(out);
	fputs("services:", out);
	comment(model, lot, out);
	for (size_t i = 0; i < model->count; i++)
		write_service(model, lot, &model->services[i], out);
	if (draw(lot, 2))
		fprintf(out, "volumes:%s%*sv:%s", model->eol, model->step, "", model->eol);
	comment(model, lot, out);
	fclose(out);
	if (draw(lot, 4) == 0)
		(*text)[*length - strlen(model->eol)] = '\0';
}

static void make_model(struct model *model, struct lot *lot)
{
	*model = (struct model){ .count = 1 + draw(lot, SERVICES_MAX),
		.eol = draw(lot, 4) ? "\n" : "\r\n",
		.step = 1 + (int)draw(lot, 4) };
	for (size_t i = 0; i < model->count; i++) {
		struct service_model *service = &model->services[i];

		service->list = draw(lot, 2);
		service->count = draw(lot, VARIABLES_MAX + 1);
		for (size_t j = 0; j < service->count; j++) {
			snprintf(service->variables[j].name, sizeof service->variables[j].name,
				"V%zu", j);
			service->variables[j].value = values[draw(lot, VALUES)];
		}
	}
}

/* One service's changes: asked of `edit`, and made in the model. */
static void change(
	struct compose_edit *edit, struct service_model *service, const char *name, struct lot *lot)
{
	size_t count = service->count;

	for (size_t i = 0; i < count; i++) {
		struct variable *variable = &service->variables[i];
		char old[32];

		snprintf(old, sizeof old, "%s", variable->name);
		switch (draw(lot, 4)) {
		case 0:
			assert_int_equal(compose_edit_remove_variable(edit, name, old, NULL), 0);
			variable->gone = true;
			break;
		case 1:
			snprintf(variable->name, sizeof variable->name, "%.20s_FILE", old);
			variable->value = values[draw(lot, VALUES)];
			assert_int_equal(compose_edit_variable(edit, name, old, variable->name,
						 variable->value, NULL),
				0);
			snprintf(service->secrets[service->secret_count++],
				sizeof service->secrets[0], "k%zu", i);
			assert_int_equal(compose_edit_service_secret(edit, name,
						 service->secrets[service->secret_count - 1],
						 draw(lot, 2) ? old : NULL, NULL),
				0);
			assert_int_equal(
				compose_edit_secret_file(edit,
					service->secrets[service->secret_count - 1], "/f", NULL),
				0);
			break;
		default:
			break;
		}
	}
	while (!draw(lot, 3) && service->count < 2 * VARIABLES_MAX) {
		struct variable *variable = &service->variables[service->count];

		snprintf(variable->name, sizeof variable->name, "NEW%zu", service->count++);
		variable->value = values[draw(lot, VALUES)];
		assert_int_equal(compose_edit_add_variable(
					 edit, name, variable->name, variable->value, NULL),
			0);
	}
}

static void check_service(
	const struct compose_service *service, const struct service_model *model, const char *text)
{
	size_t left = 0;

	for (size_t i = 0; i < model->count; i++) {
		const struct variable *variable = &model->variables[i];
		const struct compose_variable *found = NULL;

		for (size_t j = 0; j < service->variable_count; j++)
			if (!strcmp(service->variables[j].name.text, variable->name))
				found = &service->variables[j];
		if (variable->gone != !found ||
			(found &&
				(!found->value.text || strcmp(found->value.text, variable->value))))
			fail_msg("%s: \"%s\" in\n%s", variable->name, variable->value, text);
		left += !variable->gone;
	}
	assert_int_equal(service->variable_count, left);
	assert_int_equal(service->secret_count, model->secret_count);
	for (size_t i = 0; i < model->secret_count; i++)
		assert_string_equal(service->secrets[i].source.text, model->secrets[i]);
	assert_string_equal(service->image.text, "i");
}

static void check_file(const char *text, const struct model *model)
{
	struct compose_file *file = read_file(text);

	assert_int_equal(compose_service_count(file), model->count);
	for (size_t i = 0; i < model->count; i++)
		check_service(compose_service(file, i), &model->services[i], text);
	compose_free(file);
}

/* Only the comments of lines that are gone may be. */
static void check_comments(const char *before, const char *after, const struct model *model)
{
	for (unsigned int i = 0; i < model->comments; i++) {
		char mark[32];
		const char *line, *at;

		snprintf(mark, sizeof mark, "# c%u.", i);
		at = strstr(before, mark);
		assert_non_null(at);
		for (line = at; line > before && line[-1] != '\n'; line--)
			;
		if (!memmem(line, (size_t)(at - line), "V", 1) &&
			!memmem(line, (size_t)(at - line), "|", 1) &&
			!memmem(line, (size_t)(at - line), "environment", 11) &&
			!strstr(after, mark))
			fail_msg("%s of\n%s\nis not in\n%s", mark, before, after);
	}
}

static void one_round(struct lot *lot)
{
	struct model model;
	struct compose_file *file;
	struct compose_edit *edit;
	struct err err = { 0 };
	char *before = NULL, *after = NULL;
	size_t length;

	make_model(&model, lot);
	write_file(&model, lot, &before, &length);
	check_file(before, &model);
	file = read_file(before);
	edit = compose_edit_begin(file);
	for (size_t i = 0; i < model.count; i++)
		if (draw(lot, 3))
			change(edit, &model.services[i], compose_service(file, i)->name.text, lot);
	if (compose_edit_apply(edit, &after, &length, &err))
		fail_msg("%s:\n%s", err.text, before);
	check_file(after, &model);
	check_comments(before, after, &model);
	if (!strcmp(model.eol, "\r\n"))
		for (const char *at = after; (at = strchr(at, '\n')); at++)
			assert_int_equal(at[-1], '\r');
	free(after);
	free(before);
	compose_edit_free(edit);
	compose_free(file);
}

static void test_any_change_of_any_file_says_what_was_asked(void **state)
{
	struct lot lot = { 0x2545f4914f6cdd1d };

	(void)state;
	for (size_t i = 0; i < ROUNDS; i++)
		one_round(&lot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_change_of_any_file_says_what_was_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
