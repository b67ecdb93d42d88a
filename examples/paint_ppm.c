/*
 * Paints a PPM picture (P6, 8 bits) with libimpasto.
 *
 *     cc -o paint_ppm paint_ppm.c $(pkg-config --cflags --libs impasto)
 *     ./paint_ppm starry in.ppm out.ppm
 */
#include <impasto.h>
#include <stdio.h>
#include <stdlib.h>

/* Reads a whole number after blanks and comments. Returns 0 if there is none. */
static int read_number(FILE *file) {
  int c;
  while ((c = getc(file)) == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '#') {
    if (c == '#') {
      while ((c = getc(file)) != '\n' && c != EOF) continue;
    }
  }
  int number = 0;
  for (; c >= '0' && c <= '9' && number < 100000; c = getc(file)) number = 10 * number + c - '0';
  return number;
}

/* Reads a picture into memory that the caller frees. Returns 0 if that fails. */
static int read_picture(const char *path, impasto_image *image) {
  FILE *file = fopen(path, "rb");
  if (!file) return 0;
  int is_read = 0;
  if (getc(file) == 'P' && getc(file) == '6') {
    image->width = read_number(file);
    image->height = read_number(file);
    int maximum = read_number(file);
    image->stride = 3 * (ptrdiff_t)image->width;
    image->format = IMPASTO_RGB;
    size_t size = (size_t)image->stride * (size_t)image->height;
    if (size > 0 && maximum == 255) image->pixels = malloc(size);
    is_read = image->pixels && fread(image->pixels, 1, size, file) == size;
  }
  fclose(file);
  return is_read;
}

static int write_picture(const char *path, const impasto_image *image) {
  FILE *file = fopen(path, "wb");
  if (!file) return 0;
  size_t size = (size_t)image->stride * (size_t)image->height;
  int is_written = fprintf(file, "P6\n%d %d\n255\n", image->width, image->height) > 0 &&
                   fwrite(image->pixels, 1, size, file) == size;
  return fclose(file) == 0 && is_written;
}

int main(int count, char **arguments) {
  if (count != 4) {
    fprintf(stderr, "usage: paint_ppm STYLE IN.ppm OUT.ppm\n");
    return 2;
  }
  impasto_image image = {0};
  if (!read_picture(arguments[2], &image)) {
    fprintf(stderr, "paint_ppm: %s: cannot be read, or is no PPM picture of 8 bits\n", arguments[2]);
    free(image.pixels);
    return 1;
  }
  impasto_style *style;
  impasto_options options = impasto_default_options();
  /* The picture is painted in its place. */
  if (impasto_open(arguments[1], &options, &style) != IMPASTO_OK ||
      impasto_paint(style, &image, &image) != IMPASTO_OK) {
    fprintf(stderr, "paint_ppm: %s\n", impasto_last_error());
    impasto_close(style);
    free(image.pixels);
    return 1;
  }
  impasto_close(style);
  int is_written = write_picture(arguments[3], &image);
  free(image.pixels);
  if (is_written) return 0;
  fprintf(stderr, "paint_ppm: %s: cannot be written\n", arguments[3]);
  return 1;
}
