// A library to preload: a file, such as a named pipe, whose name is in CAMERA_FILE, takes the place of a virtual camera
// of v4l2loopback. Its format is written to the file CAMERA_FORMAT, in words.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_camera(int descriptor) {
  const char *file = getenv("CAMERA_FILE");
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (!file || length < 0) return 0;
  path[length] = 0;
  return strcmp(path, file) == 0;
}

int ioctl(int descriptor, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  if (is_camera(descriptor) && request == VIDIOC_G_FMT) return 0;
  if (is_camera(descriptor) && request == VIDIOC_S_FMT) {
    const struct v4l2_format *format = argument;
    FILE *file = fopen(getenv("CAMERA_FORMAT"), "w");
    if (!file) return -1;
    fprintf(file, "%ux%u %.4s %u", format->fmt.pix.width, format->fmt.pix.height,
            (const char *)&format->fmt.pix.pixelformat, format->fmt.pix.sizeimage);
    return fclose(file);
  }
  int (*real)(int, unsigned long, void *) = (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl");
  return real(descriptor, request, argument);
}
