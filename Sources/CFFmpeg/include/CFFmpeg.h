// The libav headers, and functions for the macros, versions and arrays that Swift cannot import.
#ifndef CFFMPEG_H
#define CFFMPEG_H

#include <errno.h>
#include <stdint.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/opt.h>
#include <libavutil/parseutils.h>
#include <libavutil/pixdesc.h>
#include <libavutil/sha.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

#include "Filters.h"
#include "CFFmpegTracks.h"

// Macros of error codes and timestamps.
static inline int cffmpeg_error_eof(void) { return AVERROR_EOF; }
static inline int cffmpeg_error_again(void) { return AVERROR(EAGAIN); }
static inline int cffmpeg_error_exit(void) { return AVERROR_EXIT; }
static inline int cffmpeg_error_no_protocol(void) { return AVERROR_PROTOCOL_NOT_FOUND; }
static inline int cffmpeg_error_invalid_data(void) { return AVERROR_INVALIDDATA; }
static inline int cffmpeg_error_from_errno(int code) { return AVERROR(code); }
static inline int64_t cffmpeg_nopts_value(void) { return AV_NOPTS_VALUE; }

// Planes of a frame. Swift imports the arrays as tuples.
static inline uint8_t *cffmpeg_frame_plane(const AVFrame *frame, int plane) {
  return plane >= 0 && plane < AV_NUM_DATA_POINTERS ? frame->data[plane] : NULL;
}
static inline int cffmpeg_frame_stride(const AVFrame *frame, int plane) {
  return plane >= 0 && plane < AV_NUM_DATA_POINTERS ? frame->linesize[plane] : 0;
}

/// Read and write `count` samples of a component of a row, whatever the layout of the format. The format must have
/// integer samples of at most 16 bits. A frame must be cleared before its samples are written.
void cffmpeg_read_samples(const AVFrame *frame, int component, int row, int count, uint16_t *samples);
void cffmpeg_write_samples(AVFrame *frame, int component, int row, int count, const uint16_t *samples);
/// Sets all samples to zero, unless each component is written to bytes of its own.
void cffmpeg_clear_samples(AVFrame *frame);

static inline int cffmpeg_scale(struct SwsContext *context, const AVFrame *source, AVFrame *target) {
  return sws_scale(context, (const uint8_t *const *)source->data, source->linesize, 0, source->height, target->data,
                   target->linesize);
}

/// Closes the connection or device of `context`, but keeps its streams, tags and chapters. Returns the context that has
/// them from now on, to be freed with `avformat_close_input`; NULL if memory is short, and then nothing has changed.
AVFormatContext *cffmpeg_close_connection(AVFormatContext *context);

/// The duration of a frame in its time base; 0 if unknown. The field was renamed in libavutil 57.30.
static inline int64_t cffmpeg_frame_duration(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
  return frame->duration;
#else
  return frame->pkt_duration;
#endif
}
static inline void cffmpeg_frame_set_duration(AVFrame *frame, int64_t duration) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
  frame->duration = duration;
#else
  frame->pkt_duration = duration;
#endif
}

/// The display matrix of a stream (nine integers), or NULL. It moved to the codec parameters in libavcodec 60.31.
static inline const int32_t *cffmpeg_stream_display_matrix(const AVStream *stream) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 100)
  const AVPacketSideData *data = av_packet_side_data_get(
      stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  return data && data->size >= 36 ? (const int32_t *)data->data : NULL;
#else
  size_t size = 0;
  uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  return data && size >= 36 ? (const int32_t *)data : NULL;
#endif
}

/// Selects the side data to copy with a stream: all of it; what describes the picture rather than its encoding (display
/// matrix, stereo and spherical arrangement, mastering display, light level); or the latter without the display matrix.
typedef enum { CFFMPEG_ALL_SIDE_DATA, CFFMPEG_DISPLAY_SIDE_DATA, CFFMPEG_UPRIGHT_SIDE_DATA } cffmpeg_side_data;

/// Sets side data of a stream to a copy of `size` bytes. Returns a negative error code on failure.
int cffmpeg_stream_set_side_data(AVStream *stream, enum AVPacketSideDataType type, const void *bytes, size_t size);
/// Removes the mastering display and the light level of a stream.
void cffmpeg_stream_remove_hdr(AVStream *stream);

/// Copies side data of `source` to `target`. Returns a negative error code on failure.
int cffmpeg_stream_copy_side_data(AVStream *target, const AVStream *source, cffmpeg_side_data selection);

/// Copies the chapters of `source` to `target`. Returns a negative error code on failure.
int cffmpeg_copy_chapters(AVFormatContext *target, const AVFormatContext *source);

/// Loads libavdevice and registers its devices as formats. Returns a negative value if the library is not installed. It
/// is not linked, because it has many dependencies and is seldom needed.
int cffmpeg_register_devices(void);
static inline int cffmpeg_is_input_device(const AVInputFormat *format) {
  return format->priv_class && AV_IS_INPUT_DEVICE(format->priv_class->category);
}
static inline int cffmpeg_is_output_device(const AVOutputFormat *format) {
  return format->priv_class && AV_IS_OUTPUT_DEVICE(format->priv_class->category);
}

/// The last error that libav logged on this thread, without its line ending; empty if there was none since the last
/// call of `cffmpeg_clear_last_log_line`.
const char *cffmpeg_last_log_line(void);
void cffmpeg_clear_last_log_line(void);

#endif
