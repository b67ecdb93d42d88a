#include "CFFmpeg.h"

struct SwrContext *cffmpeg_new_resampler(const AVFrame *frame, AVChannelLayout *layout, enum AVSampleFormat format,
                                         int rate) {
  AVChannelLayout source = {0};
  // Raw audio has a channel count but no channel layout.
  if (frame->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
    av_channel_layout_default(&source, frame->ch_layout.nb_channels);
  } else if (av_channel_layout_copy(&source, &frame->ch_layout) < 0) {
    return NULL;
  }
  struct SwrContext *context = NULL;
  int status = swr_alloc_set_opts2(&context, layout, format, rate, &source, frame->format, frame->sample_rate, 0, NULL);
  av_channel_layout_uninit(&source);
  if (status < 0 || swr_init(context) < 0) swr_free(&context);
  return context;
}

int cffmpeg_resample(struct SwrContext *context, const AVFrame *frame, uint8_t **target, int capacity) {
  const uint8_t **from = frame ? (const uint8_t **)frame->extended_data : NULL;
  return swr_convert(context, target, capacity, from, frame ? frame->nb_samples : 0);
}

void cffmpeg_set_audio(AVCodecContext *context, AVChannelLayout layout, enum AVSampleFormat format, int rate) {
  context->ch_layout = layout;
  context->sample_fmt = format;
  context->sample_rate = rate;
}

void cffmpeg_set_audio_frame(AVFrame *frame, AVChannelLayout layout, enum AVSampleFormat format, int rate, int samples) {
  frame->ch_layout = layout;
  frame->format = format;
  frame->sample_rate = rate;
  frame->nb_samples = samples;
}

int cffmpeg_fifo_write(AVAudioFifo *fifo, AVFrame *frame) {
  return av_audio_fifo_write(fifo, (void **)frame->extended_data, frame->nb_samples);
}

int cffmpeg_fifo_read(AVAudioFifo *fifo, AVFrame *frame) {
  return av_audio_fifo_read(fifo, (void **)frame->extended_data, frame->nb_samples);
}

int cffmpeg_silence(AVFrame *frame) {
  return av_samples_set_silence(frame->extended_data, 0, frame->nb_samples, frame->ch_layout.nb_channels, frame->format);
}

int cffmpeg_share_ancillary_data(AVFrame *target, const AVFrame *source) {
  static const enum AVFrameSideDataType types[] = {AV_FRAME_DATA_A53_CC, AV_FRAME_DATA_AFD, AV_FRAME_DATA_PANSCAN,
                                                   AV_FRAME_DATA_S12M_TIMECODE};
  for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
    av_frame_remove_side_data(target, types[i]);
    const AVFrameSideData *data = av_frame_get_side_data(source, types[i]);
    if (!data) continue;
    AVBufferRef *shared = av_buffer_ref(data->buf);
    if (!shared || !av_frame_new_side_data_from_buf(target, types[i], shared)) {
      av_buffer_unref(&shared);
      return AVERROR(ENOMEM);
    }
  }
  return 0;
}
