/* SPDX-License-Identifier: Apache-2.0 */
/* Options of a sanitized build. Leak checking attaches to the process, which a process that is not
 * dumpable forbids: the unit tests look for leaks, the agent's processes do not. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0:abort_on_error=1:disable_coredump=1";
}

const char *__tsan_default_options(void)
{
	return "halt_on_error=1:abort_on_error=1:report_signal_unsafe=0";
}
