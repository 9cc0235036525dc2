/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as core's document: read item by item, and turned into JSON. */
#include <stdlib.h>

#include "api/answer.h"
#include "wire/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct doc_reader reader;
	struct doc_item item;
	int more;
	char *json;

	doc_read(&reader, bytes, length);
	while ((more = doc_next(&reader, &item, NULL)) == 1)
		if (reader.depth > DOC_DEPTH_MAX)
			abort();
	if (more && more != -TACIT_INVALID)
		abort();
	/* What can be shown was well formed. */
	if (!answer_document(bytes, length, &json, NULL) && (more || !json))
		abort();
	free(json);
	return 0;
}
