// For dladdr.
#define _GNU_SOURCE
#include "impasto.h"
#include "impasto_support.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

// CProcessor looks for this: a library must not end the process that loads it.
const char impasto_reports_unsupported_processors = 1;

static _Thread_local char last_error[1024];

impasto_status impasto_fail(impasto_status status, const char *message) {
  size_t length = strlen(message);
  if (length >= sizeof last_error) {
    length = sizeof last_error - 1;
    // Not within a character: its later bytes are 10xxxxxx.
    while (length > 0 && ((unsigned char)message[length] & 0xC0) == 0x80) length--;
  }
  memcpy(last_error, message, length);
  last_error[length] = 0;
  return status;
}

const char *impasto_last_error(void) { return last_error; }

const char *impasto_version(void) { return IMPASTO_VERSION; }

const char *impasto_error_message(impasto_status status) {
  switch (status) {
    case IMPASTO_OK:
      return "the call has done what it should";
    case IMPASTO_INVALID_ARGUMENT:
      return "an argument is null, out of range, or contradicts another";
    case IMPASTO_NOT_OPEN:
      return "the style is not open";
    case IMPASTO_NO_SUCH_STYLE:
      return "there is no such style";
    case IMPASTO_UNREADABLE_MODEL:
      return "the file cannot be read or is not an intact model";
    case IMPASTO_OUT_OF_MEMORY:
      return "there is not enough memory for pictures of this size";
    case IMPASTO_UNSUPPORTED_PROCESSOR:
      return "the processor lacks AVX2 or FMA, which this build of the library needs";
    case IMPASTO_FORKED:
      return "the style was opened by the parent of this process; open it again in this one";
    case IMPASTO_BUFFER_TOO_SMALL:
      return "the buffer is too small for the answer";
  }
  return "there is no such status";
}

char *impasto_library_path(void) {
  Dl_info information;
  if (!dladdr((void *)impasto_version, &information) || !information.dli_fname) return NULL;
  return realpath(information.dli_fname, NULL);
}
