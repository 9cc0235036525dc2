/* SPDX-License-Identifier: Apache-2.0 */
/* What operators say and are told of templates. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#include "core/control/secrets/templates.h"

/* The secrets that the template names, each of which it can be made of. */
static int find_refs(const struct core *core, const struct template_names *names,
	struct template_record *record, struct err *err)
{
	for (unsigned int i = 0; i < names->count; i++) {
		const struct secret *secret = model_secret(core->model, names->names[i]);

		if (!secret)
			return err_set(err, TACIT_NOT_FOUND,
				"line %u of the template: there is no secret of this name",
				names->lines[i]);
		if (model_template(core->model, secret))
			return err_set(err, TACIT_INVALID,
				"line %u of the template: this one is a template itself, and none "
				"is made of another",
				names->lines[i]);
		memcpy(record->refs[i], secret->record.id, SEAL_ID_BYTES);
	}
	record->ref_count = names->count;
	return 0;
}

/* Each change of a secret makes a version of all templates that are made of it. */
static int check_crowd(const struct core *core, const struct template_record *record,
	const struct secret_template *before, struct err *err)
{
	for (uint32_t i = 0; i < record->ref_count; i++)
		if (!(before && template_needs(before, record->refs[i])) &&
			model_templates_of(core->model, record->refs[i]) >= TEMPLATES_OF_ONE_MAX)
			return err_set(err, TACIT_LIMIT,
				"at most %d templates are made of one secret",
				TEMPLATES_OF_ONE_MAX);
	return 0;
}

/* The text that comes with a request. */
static int take_text(
	struct call *call, const char *verb, struct template_record *record, struct err *err)
{
	struct template_names names;
	uint8_t *text;
	size_t length;
	int status = call_open_value(call, verb, &text, &length, err);

	if (status < 0)
		return status;
	status = template_read((const char *)text, length, &names, err);
	if (status == 0) {
		memcpy(record->text, text, length);
		record->text[length] = '\0';
		status = find_refs(call->core, &names, record, err);
	}
	seal_free(text);
	return status;
}

static int carry_out(
	struct call *call, enum change_kind kind, struct template_record *record, struct err *err)
{
	const struct frame_request *request = call->request;
	const struct change change = { .core = call->core,
		.made_by = request->operator_uid,
		.item = { { .kind = kind,
			.name = request->secret,
			.overlap_ns = request->lifetime_ns } },
		.count = 1,
		.template = record };
	int status = change_carry_out(&change, err);

	if (status == 0)
		doc_put_secret(
			&call->reply, call->core, model_secret(call->core->model, request->secret));
	return status;
}

int templates_create(struct call *call, struct err *err)
{
	struct template_record record = { .ref_count = 0 };
	int status;

	if (model_secret(call->core->model, call->request->secret))
		return err_set(err, TACIT_EXISTS, "there is a secret of this name");
	status = take_text(call, "create-template", &record, err);
	if (status == 0)
		status = check_crowd(call->core, &record, NULL, err);
	seal_random(record.id, sizeof record.id);
	if (status == 0)
		status = carry_out(call, CHANGE_CREATE, &record, err);
	seal_wipe(&record, sizeof record);
	return status;
}

int templates_rotate(struct call *call, struct err *err)
{
	const struct secret *secret = secret_find(call, err);
	const struct secret_template *before =
		secret ? model_template(call->core->model, secret) : NULL;
	struct template_record record = { .ref_count = 0 };
	int status;

	if (!secret)
		return -TACIT_NOT_FOUND;
	if (!before)
		return err_set(err, TACIT_INVALID,
			"it has a value of its own: a template is a new secret");
	status = take_text(call, "rotate-template", &record, err);
	if (status == 0 && !strcmp(record.text, before->record.text))
		status = err_set(err, TACIT_EXISTS, "it is made by this very template already");
	if (status == 0)
		status = check_crowd(call->core, &record, before, err);
	memcpy(record.id, before->record.id, sizeof record.id);
	if (status == 0)
		status = carry_out(call, CHANGE_ROTATE, &record, err);
	seal_wipe(&record, sizeof record);
	return status;
}

void doc_put_template(struct pack *doc, const struct core *core, const struct secret *secret)
{
	const struct secret_template *template = model_template(core->model, secret);

	if (!template) {
		doc_none(doc, "template");
		return;
	}
	doc_open(doc, "template", DOC_LIST);
	for (uint32_t i = 0; i < template->record.ref_count; i++) {
		const struct secret *one =
			model_secret_by_id(core->model, template->record.refs[i]);

		if (one)
			doc_text(doc, NULL, one->record.name);
	}
	doc_close(doc);
}

void doc_put_templates_of(struct pack *doc, const struct core *core, const struct secret *secret)
{
	struct secret_template *template, *next;

	doc_open(doc, "templates", DOC_LIST);
	HASH_ITER (hh, core->model->templates, template, next) {
		const struct secret *one =
			model_secret_by_id(core->model, template->record.secret_id);

		if (one && template_needs(template, secret->record.id))
			doc_text(doc, NULL, one->record.name);
	}
	doc_close(doc);
}

static int compare(const void *a, const void *b)
{
	const struct secret *const *left = a, *const *right = b;

	return strcmp((*left)->record.name, (*right)->record.name);
}

/* The store has no order, and a file that is kept has one. */
int doc_put_templates(struct pack *doc, const struct core *core, struct err *err)
{
	size_t count = 0, room = HASH_CNT(hh, core->model->templates) + 1;
	_free_ const struct secret **secrets = calloc(room, sizeof *secrets);
	struct secret_template *template, *next;

	if (!secrets)
		return err_set(err, TACIT_LIMIT, "out of memory");
	HASH_ITER (hh, core->model->templates, template, next)
		secrets[count++] = model_secret_by_id(core->model, template->record.secret_id);
	qsort(secrets, count, sizeof *secrets, compare);
	doc_open(doc, "templates", DOC_LIST);
	for (size_t i = 0; i < count; i++) {
		doc_open(doc, NULL, DOC_OBJECT);
		doc_text(doc, "secret", secrets[i]->record.name);
		doc_put_template(doc, core, secrets[i]);
		doc_close(doc);
	}
	doc_close(doc);
	return 0;
}
