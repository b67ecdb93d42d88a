// A chain of one filter of libavfilter, which is loaded when the first one is made.
#ifndef CFFMPEG_FILTERS_H
#define CFFMPEG_FILTERS_H

#include <libavfilter/avfilter.h>
#include <libavutil/frame.h>

/// Frames enter at `source` and leave at `sink`.
typedef struct {
  AVFilterGraph *graph;
  AVFilterContext *source;
  AVFilterContext *sink;
} cffmpeg_filter_chain;

/// Whether libavfilter can be loaded. It is not linked, because it has many dependencies and few films need it.
int cffmpeg_has_filters(void);

/// Makes a chain for frames like `frame`, whose times count in any unit, with the filter `name` and its `options`, on
/// `threads` threads. Returns a negative error code on failure. Release the chain with `cffmpeg_close_filter`, even
/// then.
int cffmpeg_open_filter(cffmpeg_filter_chain *chain, const AVFrame *frame, const char *name, const char *options, int threads);
void cffmpeg_close_filter(cffmpeg_filter_chain *chain);

/// Passes a frame in, which is empty afterwards, or NULL after the last one. Returns a negative error code on failure.
int cffmpeg_filter_send(const cffmpeg_filter_chain *chain, AVFrame *frame);
/// Takes a frame out. Returns a negative error code if there is none yet, after the last one, and on failure.
int cffmpeg_filter_receive(const cffmpeg_filter_chain *chain, AVFrame *frame);

/// The flags of an interlaced frame. They moved into `flags` in libavutil 58.7.
static inline int cffmpeg_frame_is_interlaced(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return (frame->flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
  return frame->interlaced_frame;
#endif
}
static inline int cffmpeg_frame_is_top_field_first(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return (frame->flags & AV_FRAME_FLAG_TOP_FIELD_FIRST) != 0;
#else
  return frame->top_field_first;
#endif
}
static inline void cffmpeg_frame_set_interlaced(AVFrame *frame, int is_interlaced, int is_top_field_first) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  frame->flags &= ~(AV_FRAME_FLAG_INTERLACED | AV_FRAME_FLAG_TOP_FIELD_FIRST);
  if (is_interlaced) frame->flags |= AV_FRAME_FLAG_INTERLACED;
  if (is_interlaced && is_top_field_first) frame->flags |= AV_FRAME_FLAG_TOP_FIELD_FIRST;
#else
  frame->interlaced_frame = is_interlaced;
  frame->top_field_first = is_interlaced && is_top_field_first;
#endif
}

#endif
