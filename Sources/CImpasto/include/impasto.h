/*
 * libimpasto: paints pictures in the style of a painting.
 *
 *     impasto_style *style;
 *     if (impasto_open("starry", NULL, &style) != IMPASTO_OK) { fputs(impasto_last_error(), stderr); exit(1); }
 *     impasto_image image = {pixels, width, height, 3 * width, IMPASTO_RGB};
 *     impasto_paint(style, &image, &image);
 *     impasto_close(style);
 *
 * Errors are return values. No call ends the process, prints, changes the locale or installs a signal handler, whatever
 * its arguments are. The exceptions are pointers to memory that is not the caller's, which no library can check.
 *
 * Threads. Every function may be called from any thread. Calls with the same style are carried out one after another;
 * different styles paint at the same time, each with threads of its own. A style may be closed while another thread
 * paints with it: that picture is completed.
 *
 * Memory. The caller owns all pictures and texts that it passes, and the library keeps no pointer to them after a call.
 * Texts that the library returns belong to it.
 *
 * State. A style keeps its weights, and its working memory for pictures of the size that it painted last. Each picture
 * is painted by itself, the same on every call, unless the style denoises; see impasto_options.
 */
#ifndef IMPASTO_H
#define IMPASTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this header. impasto_version() is that of the library. */
#define IMPASTO_VERSION "0.1.0"

/** The outcome of a call. */
typedef enum impasto_status {
  /** The call has done what it should. */
  IMPASTO_OK = 0,
  /** A pointer is null, a size or an option is out of range, or rows or pictures overlap. */
  IMPASTO_INVALID_ARGUMENT = 1,
  /** The style has been closed, or is none that impasto_open() has returned. */
  IMPASTO_NOT_OPEN = 2,
  /** There is no style of this name, or no such file. */
  IMPASTO_NO_SUCH_STYLE = 3,
  /** The file cannot be read, or is not an intact model. */
  IMPASTO_UNREADABLE_MODEL = 4,
  /** There is not enough memory for pictures of this size. */
  IMPASTO_OUT_OF_MEMORY = 5,
  /** The processor lacks AVX2 or FMA, which this build of the library needs. */
  IMPASTO_UNSUPPORTED_PROCESSOR = 6,
  /** The style was opened before fork(), by the parent of this process, whose threads this process does not have. */
  IMPASTO_FORKED = 7,
  /** The buffer is too small for the answer. */
  IMPASTO_BUFFER_TOO_SMALL = 8,
} impasto_status;

/** How the 8-bit samples of a pixel lie in memory, in the order of their addresses. Colours are those of sRGB. */
typedef enum impasto_pixel_format {
  /** Three bytes: red, green, blue. FFmpeg's rgb24. Painted without a copy. */
  IMPASTO_RGB = 0,
  /** Three bytes: blue, green, red, as OpenCV has them. FFmpeg's bgr24. */
  IMPASTO_BGR = 1,
  /** Four bytes: red, green, blue, alpha. Colours are not multiplied with alpha. */
  IMPASTO_RGBA = 2,
  /** Four bytes: blue, green, red, alpha. Colours are not multiplied with alpha. */
  IMPASTO_BGRA = 3,
  /** One byte. A painted picture has colours, of which only the luma is kept. */
  IMPASTO_GRAY = 4,
} impasto_pixel_format;

/** A picture in the caller's memory. */
typedef struct impasto_image {
  /** The first byte of the upper left pixel. */
  void *pixels;
  /** The width in pixels, 1 to 65536. */
  int32_t width;
  /** The height in pixels, 1 to 65536. */
  int32_t height;
  /** The bytes from one row to the next, at least the bytes of `width` pixels. Bytes between rows are not changed. */
  ptrdiff_t stride;
  /** The order of the samples: an impasto_pixel_format. */
  int32_t format;
} impasto_image;

/** How to paint. Start from impasto_default_options(), and change what should be different. */
typedef struct impasto_options {
  /** sizeof(impasto_options), by which the library knows the fields that the caller knows. */
  size_t struct_size;
  /** The number of threads, 1 to 256, including the one that calls impasto_paint(). 0: one per processor. */
  int32_t threads;
  /** The share of the painted picture in the result, from 0 (only the source) to 1. */
  float strength;
  /** Whether to keep the source's colours and to paint only the brightness. */
  bool preserve_colors;
  /**
   * Whether pictures are consecutive frames of a noisy camera. Noise is then removed from still areas before they are
   * painted, which keeps them from flickering. The style remembers the frames before; another size begins again.
   */
  bool denoise;
  /**
   * The size of the strokes relative to the picture: "small", "medium", "large", or a number of lines of the canvas from
   * "64" to "1024", of which fewer mean larger strokes. Null: the size that the model has learned.
   */
  const char *stroke_size;
  /**
   * The folder with the models, in place of those that are searched otherwise: $IMPASTO_MODELS if it is set, or else
   * ./models, and then models beside the library, and share/impasto/models one and two folders above it. Null: these.
   */
  const char *models;
} impasto_options;

/** Returns the options that impasto_open() uses in place of a null pointer. */
static inline impasto_options impasto_default_options(void) {
  impasto_options options = {sizeof(impasto_options), 0, 1.0f, false, false, NULL, NULL};
  return options;
}

/** An open style. Not a pointer to memory: a closed one is recognised. */
typedef struct impasto_style impasto_style;

/**
 * Loads a style and starts its threads.
 *
 * @param style the name of an installed style, such as "starry", or the path of a model file: a text that contains a
 *   slash or ends in ".safetensors". UTF-8.
 * @param options how to paint; null for impasto_default_options().
 * @param result receives the style, or null if the call fails. The caller closes it with impasto_close().
 * @return IMPASTO_OK, IMPASTO_INVALID_ARGUMENT, IMPASTO_NO_SUCH_STYLE, IMPASTO_UNREADABLE_MODEL or
 *   IMPASTO_UNSUPPORTED_PROCESSOR.
 */
impasto_status impasto_open(const char *style, const impasto_options *options, impasto_style **result);

/**
 * Prepares a style for pictures of a size, which the first picture of a size otherwise waits for.
 *
 * @param width, height the size in pixels, 1 to 65536 each.
 * @return IMPASTO_OK, IMPASTO_INVALID_ARGUMENT, IMPASTO_NOT_OPEN, IMPASTO_OUT_OF_MEMORY or IMPASTO_FORKED.
 */
impasto_status impasto_prepare(impasto_style *style, int32_t width, int32_t height);

/**
 * Paints a picture. Waits while another thread paints with the same style.
 *
 * Both pictures have the same size. Their formats may differ: alpha is copied from the source, and is 255 without one.
 * The colours of transparent pixels are painted as they are stored.
 *
 * @param source the picture to paint.
 * @param target the picture to write. It may be the memory of the source, with pixels of the same number of bytes and
 *   the same stride, and must not overlap it otherwise. If the call fails, its content is undefined.
 * @return IMPASTO_OK, IMPASTO_INVALID_ARGUMENT, IMPASTO_NOT_OPEN, IMPASTO_OUT_OF_MEMORY or IMPASTO_FORKED.
 */
impasto_status impasto_paint(impasto_style *style, const impasto_image *source, const impasto_image *target);

/**
 * Sets the share of the painted picture, from 0 to 1, for the pictures that are begun afterwards. Does not wait.
 *
 * @return IMPASTO_OK, IMPASTO_INVALID_ARGUMENT or IMPASTO_NOT_OPEN.
 */
impasto_status impasto_set_strength(impasto_style *style, float strength);

/**
 * Sets whether the pictures that are begun afterwards keep the source's colours. Does not wait.
 *
 * @return IMPASTO_OK or IMPASTO_NOT_OPEN.
 */
impasto_status impasto_set_preserve_colors(impasto_style *style, bool preserve_colors);

/**
 * Sets the size of the strokes, as in impasto_options, for the pictures that are begun afterwards. Does not wait.
 *
 * @return IMPASTO_OK, IMPASTO_INVALID_ARGUMENT or IMPASTO_NOT_OPEN.
 */
impasto_status impasto_set_stroke_size(impasto_style *style, const char *stroke_size);

/**
 * Closes a style, ends its threads and frees its memory. Null is ignored.
 *
 * @return IMPASTO_OK, or IMPASTO_NOT_OPEN.
 */
impasto_status impasto_close(impasto_style *style);

/**
 * Lists the names of the installed styles, sorted, each followed by a line feed.
 *
 * @param models the folder with the models, as in impasto_options; null for those that are searched otherwise.
 * @param buffer receives the names and a final zero; null if `capacity` is 0.
 * @param capacity the bytes of the buffer.
 * @param length receives the bytes of the names without the zero, even if the buffer is too small. May be null.
 * @return IMPASTO_OK, IMPASTO_INVALID_ARGUMENT or IMPASTO_BUFFER_TOO_SMALL, which leaves the buffer as it is.
 */
impasto_status impasto_list_styles(const char *models, char *buffer, size_t capacity, size_t *length);

/**
 * Describes the last failed call of the calling thread: one sentence in English with what was found and what was
 * expected, in UTF-8. Empty if none has failed. Valid until the next failed call of the thread.
 */
const char *impasto_last_error(void);

/** Returns a sentence for a status, in English. Valid for ever. */
const char *impasto_error_message(impasto_status status);

/** Returns the version of the library, such as "0.1.0". Valid for ever. */
const char *impasto_version(void);

#ifdef __cplusplus
}
#endif

#endif
