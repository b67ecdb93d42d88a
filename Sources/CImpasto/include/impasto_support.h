// What the C interface needs besides Swift. Not part of the interface: only impasto.h is installed.
#ifndef IMPASTO_SUPPORT_H
#define IMPASTO_SUPPORT_H

#include "impasto.h"

/// Keeps `message`, cut off after 1023 bytes, as the calling thread's last error, and returns `status`.
impasto_status impasto_fail(impasto_status status, const char *message);

/// Returns the path of the library or the program that contains this function; null if it is unknown. The caller frees
/// it.
char *impasto_library_path(void);

#endif
