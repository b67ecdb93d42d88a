#include "CFFmpeg.h"

#include <dlfcn.h>
#include <libavdevice/version_major.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// libav logs on the calling thread, so each thread keeps its own last line.
static _Thread_local char last_line[512];
static _Thread_local int line_is_complete = 1;

static void keep_errors(void *context, int level, const char *format, va_list arguments) {
  (void)context;
  if (level > AV_LOG_ERROR) return;
  // libav may deliver one line in several calls.
  size_t used = line_is_complete ? 0 : strlen(last_line);
  vsnprintf(last_line + used, sizeof(last_line) - used, format, arguments);
  size_t length = strlen(last_line);
  line_is_complete = length > 0 && last_line[length - 1] == '\n';
  while (length > 0 && (last_line[length - 1] == '\n' || last_line[length - 1] == ' ')) last_line[--length] = 0;
}

// Runs before main, so that no libav call precedes it: standard error belongs to the program.
__attribute__((constructor)) static void install_log_callback(void) { av_log_set_callback(keep_errors); }

const char *cffmpeg_last_log_line(void) { return last_line; }

void cffmpeg_clear_last_log_line(void) {
  last_line[0] = 0;
  line_is_complete = 1;
}

static int is_copied(enum AVPacketSideDataType type, cffmpeg_side_data selection) {
  if (selection == CFFMPEG_ALL_SIDE_DATA) return 1;
  switch (type) {
    case AV_PKT_DATA_DISPLAYMATRIX:
      return selection == CFFMPEG_DISPLAY_SIDE_DATA;
    case AV_PKT_DATA_STEREO3D:
    case AV_PKT_DATA_SPHERICAL:
    case AV_PKT_DATA_MASTERING_DISPLAY_METADATA:
    case AV_PKT_DATA_CONTENT_LIGHT_LEVEL:
      return 1;
    default:
      return 0;
  }
}

int cffmpeg_stream_copy_side_data(AVStream *target, const AVStream *source, cffmpeg_side_data selection) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 100)
  for (int i = 0; i < source->codecpar->nb_coded_side_data; i++) {
    const AVPacketSideData *data = &source->codecpar->coded_side_data[i];
    if (!is_copied(data->type, selection)) continue;
    AVPacketSideData *copy = av_packet_side_data_new(
        &target->codecpar->coded_side_data, &target->codecpar->nb_coded_side_data, data->type, data->size, 0);
    if (!copy) return AVERROR(ENOMEM);
    memcpy(copy->data, data->data, data->size);
  }
#else
  for (int i = 0; i < source->nb_side_data; i++) {
    const AVPacketSideData *data = &source->side_data[i];
    if (!is_copied(data->type, selection)) continue;
    uint8_t *copy = av_stream_new_side_data(target, data->type, data->size);
    if (!copy) return AVERROR(ENOMEM);
    memcpy(copy, data->data, data->size);
  }
#endif
  return 0;
}

int cffmpeg_stream_set_side_data(AVStream *stream, enum AVPacketSideDataType type, const void *bytes, size_t size) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 100)
  AVPacketSideData *copy = av_packet_side_data_new(
      &stream->codecpar->coded_side_data, &stream->codecpar->nb_coded_side_data, type, size, 0);
  uint8_t *data = copy ? copy->data : NULL;
#else
  uint8_t *data = av_stream_new_side_data(stream, type, size);
#endif
  if (!data) return AVERROR(ENOMEM);
  memcpy(data, bytes, size);
  return 0;
}

static int is_hdr(enum AVPacketSideDataType type) {
  return type == AV_PKT_DATA_MASTERING_DISPLAY_METADATA || type == AV_PKT_DATA_CONTENT_LIGHT_LEVEL;
}

void cffmpeg_stream_remove_hdr(AVStream *stream) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 100)
  AVPacketSideData **data = &stream->codecpar->coded_side_data;
  int *count = &stream->codecpar->nb_coded_side_data;
#else
  AVPacketSideData **data = &stream->side_data;
  int *count = &stream->nb_side_data;
#endif
  int kept = 0;
  for (int i = 0; i < *count; i++) {
    if (is_hdr((*data)[i].type)) {
      av_free((*data)[i].data);
    } else {
      (*data)[kept++] = (*data)[i];
    }
  }
  *count = kept;
}

int cffmpeg_copy_chapters(AVFormatContext *target, const AVFormatContext *source) {
  if (source->nb_chapters == 0) return 0;
  AVChapter **chapters = av_realloc_array(target->chapters, target->nb_chapters + source->nb_chapters, sizeof(*chapters));
  if (!chapters) return AVERROR(ENOMEM);
  target->chapters = chapters;
  for (unsigned i = 0; i < source->nb_chapters; i++) {
    const AVChapter *chapter = source->chapters[i];
    AVChapter *copy = av_mallocz(sizeof(*copy));
    if (!copy) return AVERROR(ENOMEM);
    copy->id = chapter->id;
    copy->time_base = chapter->time_base;
    copy->start = chapter->start;
    copy->end = chapter->end;
    av_dict_copy(&copy->metadata, chapter->metadata, 0);
    target->chapters[target->nb_chapters++] = copy;
  }
  return 0;
}

#define STRING_OF(value) #value
#define NAME_OF_LIBRARY(version) "libavdevice.so." STRING_OF(version)

int cffmpeg_register_devices(void) {
  void *library = dlopen(NAME_OF_LIBRARY(LIBAVDEVICE_VERSION_MAJOR), RTLD_NOW | RTLD_LOCAL);
  if (!library) return -1;
  void (*register_all)(void) = (void (*)(void))dlsym(library, "avdevice_register_all");
  if (!register_all) return -1;
  register_all();
  return 0;
}

/// Whether the samples of a component are neighbouring integers of the machine.
static int is_plain(const AVPixFmtDescriptor *format, int component) {
  const AVComponentDescriptor *c = &format->comp[component];
  if (format->flags & (AV_PIX_FMT_FLAG_BE | AV_PIX_FMT_FLAG_BITSTREAM) || c->shift || c->offset) return 0;
  return c->depth == 8 ? c->step == 1 : c->depth > 8 && c->depth <= 16 && c->step == 2;
}

void cffmpeg_read_samples(const AVFrame *frame, int component, int row, int count, uint16_t *samples) {
  const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
  if (is_plain(format, component)) {
    int plane = format->comp[component].plane;
    const uint8_t *line = frame->data[plane] + (ptrdiff_t)row * frame->linesize[plane];
    if (format->comp[component].depth > 8) {
      memcpy(samples, line, 2 * (size_t)count);
    } else {
      for (int i = 0; i < count; i++) samples[i] = line[i];
    }
    return;
  }
  const uint8_t *data[4] = {frame->data[0], frame->data[1], frame->data[2], frame->data[3]};
  av_read_image_line2(samples, data, frame->linesize, format, 0, row, component, count, 0, 2);
}

void cffmpeg_write_samples(AVFrame *frame, int component, int row, int count, const uint16_t *samples) {
  const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
  if (is_plain(format, component)) {
    int plane = format->comp[component].plane;
    uint8_t *line = frame->data[plane] + (ptrdiff_t)row * frame->linesize[plane];
    if (format->comp[component].depth > 8) {
      memcpy(line, samples, 2 * (size_t)count);
    } else {
      for (int i = 0; i < count; i++) line[i] = (uint8_t)samples[i];
    }
    return;
  }
  uint8_t *data[4] = {frame->data[0], frame->data[1], frame->data[2], frame->data[3]};
  av_write_image_line2(samples, data, frame->linesize, format, 0, row, component, count, 2);
}

void cffmpeg_clear_samples(AVFrame *frame) {
  const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
  int plain = 0;
  while (plain < format->nb_components && is_plain(format, plain)) plain++;
  if (plain == format->nb_components) return;
  for (int plane = 0; plane < 4 && frame->data[plane]; plane++) {
    int shift = plane == 1 || plane == 2 ? format->log2_chroma_h : 0;
    int bytes = av_image_get_linesize(frame->format, frame->width, plane);
    for (int row = 0; row < AV_CEIL_RSHIFT(frame->height, shift); row++) {
      memset(frame->data[plane] + (ptrdiff_t)row * frame->linesize[plane], 0, bytes);
    }
  }
}

AVFormatContext *cffmpeg_close_connection(AVFormatContext *context) {
  if (!context->iformat || !(context->iformat->flags & AVFMT_NOFILE)) {
    if (!(context->flags & AVFMT_FLAG_CUSTOM_IO)) avio_closep(&context->pb);
    return context;
  }
  // Devices and RTSP hold the connection in their private data, which only avformat_close_input ends. It would free the
  // streams as well, so another context takes them.
  AVFormatContext *rest = avformat_alloc_context();
  if (!rest) return NULL;
  rest->start_time = context->start_time;
  rest->duration = context->duration;
  rest->streams = context->streams;
  rest->nb_streams = context->nb_streams;
  rest->chapters = context->chapters;
  rest->nb_chapters = context->nb_chapters;
  rest->metadata = context->metadata;
  context->streams = NULL;
  context->nb_streams = 0;
  context->chapters = NULL;
  context->nb_chapters = 0;
  context->metadata = NULL;
  avformat_close_input(&context);
  return rest;
}
