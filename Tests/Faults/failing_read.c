// A library to preload: reading the file that FAILING_READ_FILE names fails with EIO beyond FAILING_READ_OFFSET bytes.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_failing(int descriptor, off_t position, size_t count) {
  const char *file = getenv("FAILING_READ_FILE"), *offset = getenv("FAILING_READ_OFFSET");
  if (!file || !offset) return 0;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strcmp(path, file) == 0 && position + (off_t)count > atoll(offset);
}

ssize_t read(int descriptor, void *buffer, size_t count) {
  static ssize_t (*real)(int, void *, size_t);
  if (!real) real = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
  if (is_failing(descriptor, lseek(descriptor, 0, SEEK_CUR), count)) {
    errno = EIO;
    return -1;
  }
  return real(descriptor, buffer, count);
}

ssize_t pread(int descriptor, void *buffer, size_t count, off_t offset) {
  static ssize_t (*real)(int, void *, size_t, off_t);
  if (!real) real = (ssize_t(*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, "pread");
  if (is_failing(descriptor, offset, count)) {
    errno = EIO;
    return -1;
  }
  return real(descriptor, buffer, count, offset);
}

ssize_t pread64(int descriptor, void *buffer, size_t count, off_t offset) {
  return pread(descriptor, buffer, count, offset);
}
