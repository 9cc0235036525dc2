/* SPDX-License-Identifier: Apache-2.0 */
/* tacit-exec, as it was built with this core. */
#include "core/fuse/internal.h"

__asm__(".pushsection .rodata, \"a\", %progbits\n"
	".balign 16\n"
	".global program_image\n"
	".hidden program_image\n"
	"program_image:\n"
	".incbin \"" EXEC_IMAGE "\"\n"
	".global program_image_end\n"
	".hidden program_image_end\n"
	"program_image_end:\n"
	".popsection\n");
